"""What a .gitignore leaves out, roughly: its patterns, `!`, `/` and `**`, without the finer points of gitignore(5).

However a pattern is written, it is compared in one pass: each stretch between two stars is taken where it comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scratchlab.notebook import walk

LARGEST = 1 << 20  # bytes that are read of a .gitignore
_Part = re.Pattern[str] | None  # of a path: a name, or None for `**`


@dataclass(frozen=True)
class Rule:
    """A line of a .gitignore.

    parts: what a path below the file's folder must be, name by name.
    folders: whether it speaks of folders alone.
    again: whether it takes back what an earlier line left out.
    """

    parts: tuple[_Part, ...]
    folders: bool
    again: bool


class Ignored:
    """The .gitignore of each folder on a walk."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[str, list[Rule]], ...]] = {}  # by folder: those of it and above, each with its folder

    def enter(self, folder: walk.Folder) -> None:
        """To be told of each folder, those above first."""
        known = self._known.get(str(Path(folder.path).parent), ())
        try:
            lines = walk.content(Path(folder.path, ".gitignore"), LARGEST).decode(errors="replace").splitlines()
        except OSError:  # there is none, or none that can be read
            lines = []
        self._known[folder.path] = (*known, (folder.path, rules(lines))) if lines else known

    def out(self, path: str, folder: bool = False) -> bool:
        """Whether what lies in a folder that was entered is left out; the last line that speaks of it counts."""
        said = False
        for base, some in self._known[path.rpartition("/")[0]]:
            said = ignored(some, path[len(base) + 1 :], folder, said)
        return said


def rules(lines: Iterable[str]) -> list[Rule]:
    """The rules of a .gitignore, in its order."""
    return [_rule(line) for raw in lines if (line := raw.rstrip()) and not line.startswith("#")]


def ignored(some: Iterable[Rule], path: str, folder: bool, before: bool = False) -> bool:
    """Whether the last rule that speaks of this path leaves it out; `before` if none does.

    >>> some = rules(["*.pt", "!best.pt", "/runs/"])
    >>> ignored(some, "a/x.pt", False), ignored(some, "a/best.pt", False), ignored(some, "runs", True), ignored(some, "a/runs", True)
    (True, False, True, False)
    """
    names = PurePosixPath(path).parts
    for rule in some:
        if (folder or not rule.folders) and _fits(rule.parts, names):
            before = not rule.again
    return before


def _rule(line: str) -> Rule:
    again, line = line.startswith("!"), line.removeprefix("!")
    folders, line = line.endswith("/"), line.rstrip("/")
    parts = [None if part == "**" else _name(part) for part in line.removeprefix("/").split("/")]
    if parts[-1] is None:  # `a/**` is what is in a, not a itself
        parts.append(re.compile(".+", re.DOTALL))
    return Rule(tuple(parts if "/" in line else [None, *parts]), folders, again)


def _fits(parts: Sequence[_Part], names: Sequence[str]) -> bool:
    """Whether the parts are these names; where not, the last `**` takes one name more."""
    part = name = 0
    again: tuple[int, int] | None = None
    while name < len(names):
        wanted = parts[part] if part < len(parts) else None
        if part < len(parts) and wanted is None:
            part, again = part + 1, (part + 1, name)
        elif wanted and wanted.fullmatch(names[name]):
            part, name = part + 1, name + 1
        elif again:
            part, name = again[0], again[1] + 1
            again = part, name
        else:
            return False
    return part == len(parts)


def _name(part: str) -> re.Pattern[str]:
    """A pattern of one name. Between stars stand signs of one letter each, so the first place of each stretch is as good as any."""
    stretches = [""]
    for sign in re.findall(r"\*+|\[[^\]]+\]|\\.|.", part, re.DOTALL):
        if sign[0] == "*":
            stretches.append("")
        else:
            stretches[-1] += _sign(sign)
    first, *others = stretches
    try:
        middle, last = others[:-1], others[-1:]
        return re.compile(first + "".join(f"(?>.*?{one})" for one in middle) + "".join(f".*{one}" for one in last), re.DOTALL)
    except re.error:  # a set of characters that is none; git takes it as it stands
        return re.compile(re.escape(part))


def _sign(sign: str) -> str:
    if sign == "?":
        return "."
    if sign.startswith("[") and len(sign) > 1:
        return f"[^{sign[2:]}" if sign[1] == "!" else sign
    return re.escape(sign[-1])
