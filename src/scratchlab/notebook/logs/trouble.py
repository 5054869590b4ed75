"""Detects tracebacks, fatal messages, and messages that training is over."""

from __future__ import annotations

import re

_PREFIX = r"^(?:\[?(?:rank|default)?\d+\]?: |\[[^\]]*\] ?)*"
_TRACEBACK = re.compile(_PREFIX + r"(?P<indent>\s*)(?:\S* )?Traceback \(most recent call last\)")
_RANKED = re.compile(_PREFIX)
_ERROR = re.compile(
    r"[\w.]*(?:Error|Exception|Interrupt|Exit|Warning|Failure|Timeout|OutOfMemory|Fault)\b|[A-Za-z_]\w*(?:\.\w+)+(?::|$)|[A-Za-z_]\w*:|[A-Z]\w+$"
)
_FATAL = re.compile(
    r"""CUDA\ out\ of\ memory | CUDA\ error: | Segmentation\ fault | core\ dumped | ^Killed$ | ^Terminated$ | oom-kill | Out\ Of\ Memory
    | slurmstepd:\ error:.*(?:CANCELLED|TIME\ LIMIT|oom) | DUE\ TO\ TIME\ LIMIT | ^srun:\ error | Bus\ error | NCCL\ error""",
    re.VERBOSE,
)
_HINTS = ("CUDA", "fault", "dumped", "Killed", "Terminated", "emory", "rror", "oom")
_OVER = re.compile(
    r"(?i)(?:training|fit(?:ting)?|run|optimization)\W+(?:is\W+|has\W+)?(?:complete[d]?|finished|done|ended)\b"
    r"|done training|finished training|optimization done|`?Trainer\.fit`? stopped"
)


class Watch:
    """Watches a log line by line.

    trouble: (line, text) of every traceback's last line, and of other fatal messages.
    finished: (line, text) of the last message that training is over.
    """

    def __init__(self) -> None:
        self.trouble: list[tuple[int, str]] = []
        self.finished: tuple[int, str] | None = None
        self._inside = False

    @property
    def busy(self) -> bool:
        """Whether a traceback is being read."""
        return self._inside

    def line(self, number: int, raw: str) -> bool:
        """Checks a line; returns whether it belongs to a traceback or fatal message."""
        if self._inside:
            return self._within(number, raw)
        if "Traceback" in raw and _TRACEBACK.search(raw):
            self._inside = True
            return True
        if any(hint in raw for hint in _HINTS) and _FATAL.search(raw):
            self.trouble.append((number, raw.strip()))
            return True
        if ("raining" in raw or "ptimization" in raw or "fit" in raw) and _OVER.search(raw):
            self.finished = (number, raw.strip())
        return False

    def _within(self, number: int, raw: str) -> bool:
        """Handles a line of a traceback: frames are indented, the first line that is not is the error."""
        message = raw[_RANKED.match(raw).end() :] if _RANKED.match(raw) else raw  # type: ignore[union-attr]
        if not message.strip() or message[0] in " \t|" or message.lstrip().startswith(("File ", "+-", "During ", "The above")):
            return True
        self._inside = False
        if _ERROR.match(message):
            self.trouble.append((number, message.strip()))
            return True
        return False
