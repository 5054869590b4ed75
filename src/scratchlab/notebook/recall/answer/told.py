"""What was sent to other machines, and who may be sent more, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from scratchlab.checks import counted
from scratchlab.notebook.recall.answer.consent import consents, sent
from scratchlab.notebook.recall.answer.prompt import QUESTION

MOST = 20  # requests that are shown, the last ones


def told(kept: Path) -> RenderableType:
    """Each request: when, to whom, how much, and the question; then where all of it stands, word for word.

    kept: the folder of what was sent and of the consents. Raises Problem where these cannot be read.
    """
    found, damaged = sent(kept)
    parts: list[RenderableType] = []
    if len(found) > MOST:
        parts.append(Text(f"The last {MOST} of {counted(len(found), 'request')}:", style="dim"))
    for one in found[-MOST:]:
        size, last = _read(one["body"])
        parts.append(Text.assemble((f"{one['when'][:16].replace('T', ' ')}  ", "green"), one["to"], (f"  {size}", "dim")))
        parts.append(Text(f"  {last}", no_wrap=True, overflow="ellipsis"))
    if damaged:
        parts.append(Text(f"{counted(damaged, 'request')} more cannot be read.", style="yellow"))
    parts.append(Text(f"Every word of it: {kept / 'sent.jsonl'}" if found or damaged else "Nothing was ever sent to another machine."))
    for name, since in consents(kept).items():
        endpoint, _, purpose = name.partition(" ")
        parts.append(Text(f"{endpoint} may be sent {'drafts' if purpose else 'questions with their lines'} since {since[:10]}."))
    if given := consents(kept):
        parts.append(
            Text(f"To take {'that' if len(given) == 1 else 'one'} back, delete its line in {kept / 'consents.json'}.", style="dim")
        )
    return Group(*parts)


def _read(body: Mapping[str, Any]) -> tuple[str, str]:
    """How much a request held and for whom, and what was asked."""
    texts = [str(message.get("content", "")) for message in body.get("messages", [])]
    asked = texts[-1].rpartition(f"\n{QUESTION}")[2] if len(texts) > 1 else "(a draft)"
    return f"{body.get('model', 'no model named')}, {sum(map(len, texts)):,} characters", " ".join(asked.split())
