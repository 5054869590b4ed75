"""What a log says of its own end: tracebacks, kills, and that training is over."""

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
    """Follows a log line by line and keeps what went wrong, and where it says that it is over.

    trouble: (line, text) of every traceback's last line, and of other deaths.
    finished: (line, text) of the last line that says so.
    """

    def __init__(self) -> None:
        self.trouble: list[tuple[int, str]] = []
        self.finished: tuple[int, str] | None = None
        self._inside = False

    @property
    def busy(self) -> bool:
        """Whether a traceback is being read: then every line matters."""
        return self._inside

    def line(self, number: int, raw: str) -> bool:
        """Looks at a line; whether it belongs to a traceback."""
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
        """Frames are indented; the first line that is not, is the error."""
        said = raw[_RANKED.match(raw).end() :] if _RANKED.match(raw) else raw  # type: ignore[union-attr]
        if not said.strip() or said[0] in " \t|" or said.lstrip().startswith(("File ", "+-", "During ", "The above")):
            return True
        self._inside = False
        if _ERROR.match(said):
            self.trouble.append((number, said.strip()))
            return True
        return False
