"""What is shown of an event on one line, and by which it is known again."""

from __future__ import annotations

import hashlib
import re

from scratchlab.notebook.events import Event

SHOWN = 120  # characters at most

_MARKS = re.compile(r"^[\s>]*(?:(?:[-*+•·]|\d{1,9}[.)、])\s+)?(?:\[.\]\s+)?|\s*\^[\w-]+\s*$")
_LINK = re.compile(r"!?\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]|\[([^\[\]]*)\]\([^()\s]*\)")
_BOLD = re.compile(r"\*\*|__|==")


def plain(text: str) -> str:
    """A text without marks, on one line, in full.

    >>> plain("- [ ] **try** [[kws|the margin]] again ^a1")
    'try the margin again'
    """
    bare = _LINK.sub(lambda link: link[1] or link[2] or "", _MARKS.sub("", text))
    return " ".join(_BOLD.sub("", bare).split())


def line(event: Event) -> str:
    """An event on a line; of a run or a job its name and what came of it."""
    text = plain(event.text)
    if event.kind in ("run", "job", "log"):
        head, _, rest = event.text.partition("\n")
        said = rest.partition("\n")[0]
        text = plain(f"{name(event)}: {said}" if event.kind == "run" and event.state != "hole" else head)
    return text if len(text) <= SHOWN else text[: SHOWN - 1].rstrip() + "…"


def name(event: Event) -> str:
    """Of a run: that of its folder; of anything else its line."""
    return event.text.split("\n", 1)[0].split(": ", 1)[0] if event.kind == "run" else line(event)


def key(event: Event) -> str:
    """The same as long as the words of its line are: neither its number nor whether it is ticked."""
    told = name(event) if event.kind == "run" and event.state != "hole" else plain(event.text)
    return hashlib.blake2b(f"{event.place.path}\n{told}".encode(), digest_size=8).hexdigest()
