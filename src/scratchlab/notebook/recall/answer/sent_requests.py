"""The requests sent to other machines, and the consents given, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from scratchlab.checks import counted
from scratchlab.notebook.recall.answer.consent import consents, sent
from scratchlab.notebook.recall.answer.prompt import QUESTION

MOST = 20  # the last requests, which are shown


def sent_requests(folder: Path) -> RenderableType:
    """Each request with time, endpoint, size and question; then the file with the full texts, and the consents.

    folder: folder of the log of requests and of the consents. Raises Problem if they cannot be read.
    """
    found, damaged = sent(folder)
    parts: list[RenderableType] = []
    if len(found) > MOST:
        parts.append(Text(f"Last {MOST} of {counted(len(found), 'request')}:", style="dim"))
    for request in found[-MOST:]:
        size, last = _read(request["body"])
        parts.append(Text.assemble((f"{request['when'][:16].replace('T', ' ')}  ", "green"), request["to"], (f"  {size}", "dim")))
        parts.append(Text(f"  {last}", no_wrap=True, overflow="ellipsis"))
    if damaged:
        parts.append(Text(f"{counted(damaged, 'more request')} cannot be read.", style="yellow"))
    parts.append(Text(f"Full texts: {folder / 'sent.jsonl'}" if found or damaged else "Nothing was ever sent to another machine."))
    for name, since in consents(folder).items():
        endpoint, _, purpose = name.partition(" ")
        parts.append(Text(f"{'Drafts' if purpose else 'Questions with their lines'} may be sent to {endpoint} since {since[:10]}."))
    if given := consents(folder):
        parts.append(Text(f"To withdraw {'it' if len(given) == 1 else 'one'}, delete its line in {folder / 'consents.json'}.", style="dim"))
    return Group(*parts)


def _read(body: Mapping[str, Any]) -> tuple[str, str]:
    """Model and size of a request, and its question."""
    texts = [str(message.get("content", "")) for message in body.get("messages", [])]
    question = texts[-1].rpartition(f"\n{QUESTION}")[2] if len(texts) > 1 else "(a draft)"
    return f"{body.get('model', 'no model named')}, {sum(map(len, texts)):,} characters", " ".join(question.split())
