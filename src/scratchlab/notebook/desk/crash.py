"""The last words of what crashed, and the line of code that they came from."""

from __future__ import annotations

import re
from pathlib import Path

from scratchlab.notebook.events import Event, Place

_FRAME = re.compile(r'^\s*File "([^"\n]+)", line (\d+)', re.MULTILINE)
_RAISED = re.compile(
    r"^(?:\[[^\]\n]*\]:?\s*)?([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Problem|Diverged|Warning)\b.*)$", re.MULTILINE
)
LIBRARIES = ("site-packages", "dist-packages", "/lib/python", "<frozen")


def last_words(event: Event) -> tuple[str, Place]:
    r"""Of the last traceback in the event's text, what was raised, and the innermost line that is no library's; without a traceback, the
    last line that names an error, or what is said of its end, at the event's own place.

    >>> text = 'Traceback (most recent call last):\n  File "train.py", line 7, in <module>\nValueError: no clips\n'
    >>> said, place = last_words(Event("log", text, Place(Path("run.log"), 1)))
    >>> said, str(place)
    ('ValueError: no clips', 'train.py:7')
    """
    text = event.text
    frames = list(_FRAME.finditer(text))
    raised = list(_RAISED.finditer(text, frames[-1].end() if frames else 0))
    said = raised[0 if frames else -1][1].strip() if raised else ""
    if not said:
        lines = [one.strip() for one in text.splitlines() if one.strip()]
        said = lines[1] if event.kind == "run" and len(lines) > 1 else lines[-1] if lines else ""
    return said, _own(frames) or event.place


def _own(frames: list[re.Match[str]]) -> Place | None:
    """The innermost frame in code that is no library's; the innermost of all, if there is no other."""
    if not frames:
        return None
    frame = next((one for one in reversed(frames) if not any(sign in one[1] for sign in LIBRARIES)), frames[-1])
    return Place(Path(frame[1]), int(frame[2]), int(frame[2]))
