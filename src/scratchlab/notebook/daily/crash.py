"""The error message of a crash, and the line of code that raised it."""

from __future__ import annotations

import re
from pathlib import Path

from scratchlab.notebook.events import Event, Place

_FRAME = re.compile(r'^\s*File "([^"\n]+)", line (\d+)', re.MULTILINE)
_RAISED = re.compile(
    r"^(?:\[[^\]\n]*\]:?\s*)?([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Problem|Diverged|Warning)\b.*)$", re.MULTILINE
)
LIBRARIES = ("site-packages", "dist-packages", "/lib/python", "<frozen")


def error_of(event: Event) -> tuple[str, Place]:
    r"""Returns the exception of the last traceback in the event's text and the innermost frame outside of libraries.

    Without a traceback: the last line that names an error, else the event's description, at the event's own place.

    >>> text = 'Traceback (most recent call last):\n  File "train.py", line 7, in <module>\nValueError: no clips\n'
    >>> message, place = error_of(Event("log", text, Place(Path("run.log"), 1)))
    >>> message, str(place)
    ('ValueError: no clips', 'train.py:7')
    """
    text = event.text
    frames = list(_FRAME.finditer(text))
    raised = list(_RAISED.finditer(text, frames[-1].end() if frames else 0))
    message = raised[0 if frames else -1][1].strip() if raised else ""
    if not message:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        message = lines[1] if event.kind == "run" and len(lines) > 1 else lines[-1] if lines else ""
    return message, _innermost(frames) or event.place


def _innermost(frames: list[re.Match[str]]) -> Place | None:
    """The innermost frame outside of libraries, else the innermost frame; None without frames."""
    if not frames:
        return None
    frame = next((match for match in reversed(frames) if not any(path in match[1] for path in LIBRARIES)), frames[-1])
    return Place(Path(frame[1]), int(frame[2]), int(frame[2]))
