"""One-line titles and stable keys of events."""

from __future__ import annotations

import hashlib
import re

from scratchlab.notebook.events import Event

SHOWN = 120  # characters at most

_MARKS = re.compile(r"^[\s>]*(?:(?:[-*+•·]|\d{1,9}[.)、])\s+)?(?:\[.\]\s+)?|\s*\^[\w-]+\s*$")
_LINK = re.compile(r"!?\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]|\[([^\[\]]*)\]\([^()\s]*\)")
_BOLD = re.compile(r"\*\*|__|==")


def plain(text: str) -> str:
    """The text on one line, without Markdown markup.

    >>> plain("- [ ] **try** [[kws|the margin]] again ^a1")
    'try the margin again'
    """
    bare = _LINK.sub(lambda link: link[1] or link[2] or "", _MARKS.sub("", text))
    return " ".join(_BOLD.sub("", bare).split())


def line(event: Event) -> str:
    """The event on one line, at most 120 characters; for a run, its name and outcome."""
    text = plain(event.text)
    if event.kind in ("run", "job", "log"):
        head, _, rest = event.text.partition("\n")
        outcome = rest.partition("\n")[0]
        text = plain(f"{name(event)}: {outcome}" if event.kind == "run" and event.state != "hole" else head)
    return text if len(text) <= SHOWN else text[: SHOWN - 1].rstrip() + "…"


def name(event: Event) -> str:
    """The name of a run's folder; for other events, their line."""
    return event.text.split("\n", 1)[0].split(": ", 1)[0] if event.kind == "run" else line(event)


def key(event: Event) -> str:
    """A hash of the event's path and text, which does not change with its line number or when a task is ticked."""
    text = name(event) if event.kind == "run" and event.state != "hole" else plain(event.text)
    return hashlib.blake2b(f"{event.place.path}\n{text}".encode(), digest_size=8).hexdigest()
