"""A simple reader of .gitignore: patterns, `!`, `/` and `**`, without the finer points of gitignore(5).

Matching takes one pass whatever the pattern: each literal between two stars is matched at its first occurrence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scratchlab.notebook import walk

LARGEST = 1 << 20  # bytes read of a .gitignore
_Part = re.Pattern[str] | None  # pattern of one path component, or None for `**`


@dataclass(frozen=True)
class Rule:
    """A line of a .gitignore.

    parts: patterns of the path's components below the file's folder.
    folders: whether it applies to folders only.
    negated: whether it begins with `!`, so that it includes again what an earlier line ignored.
    """

    parts: tuple[_Part, ...]
    folders: bool
    negated: bool


class Ignored:
    """The .gitignore files of the folders on a walk."""

    def __init__(self) -> None:
        self._known: dict[
            str, tuple[tuple[str, list[Rule]], ...]
        ] = {}  # by folder: the rules of it and of the folders above, each with their folder

    def enter(self, folder: walk.Folder) -> None:
        """Reads the folder's .gitignore; to be called for each folder, parents first."""
        known = self._known.get(str(Path(folder.path).parent), ())
        try:
            lines = walk.content(Path(folder.path, ".gitignore"), LARGEST).decode(errors="replace").splitlines()
        except OSError:  # missing or unreadable
            lines = []
        self._known[folder.path] = (*known, (folder.path, rules(lines))) if lines else known

    def out(self, path: str, folder: bool = False) -> bool:
        """Whether a path in an entered folder is ignored; the last matching line decides."""
        is_ignored = False
        for folder_path, folder_rules in self._known[path.rpartition("/")[0]]:
            is_ignored = ignored(folder_rules, path[len(folder_path) + 1 :], folder, is_ignored)
        return is_ignored


def rules(lines: Iterable[str]) -> list[Rule]:
    """The rules of a .gitignore, in order."""
    return [_rule(line) for raw in lines if (line := raw.rstrip()) and not line.startswith("#")]


def ignored(rules_: Iterable[Rule], path: str, folder: bool, before: bool = False) -> bool:
    """Whether the last rule that matches this path ignores it; `before` if none matches.

    >>> some = rules(["*.pt", "!best.pt", "/runs/"])
    >>> ignored(some, "a/x.pt", False), ignored(some, "a/best.pt", False), ignored(some, "runs", True), ignored(some, "a/runs", True)
    (True, False, True, False)
    """
    names = PurePosixPath(path).parts
    for rule in rules_:
        if (folder or not rule.folders) and _fits(rule.parts, names):
            before = not rule.negated
    return before


def _rule(line: str) -> Rule:
    negated, line = line.startswith("!"), line.removeprefix("!")
    folders, line = line.endswith("/"), line.rstrip("/")
    parts = [None if part == "**" else _name(part) for part in line.removeprefix("/").split("/")]
    if parts[-1] is None:  # `a/**` matches what is in a, not a itself
        parts.append(re.compile(".+", re.DOTALL))
    return Rule(tuple(parts if "/" in line else [None, *parts]), folders, negated)


def _fits(parts: Sequence[_Part], names: Sequence[str]) -> bool:
    """Whether the patterns match the names; on a mismatch, the last `**` takes one more name."""
    part = name = 0
    backtrack: tuple[int, int] | None = None
    while name < len(names):
        wanted = parts[part] if part < len(parts) else None
        if part < len(parts) and wanted is None:
            part, backtrack = part + 1, (part + 1, name)
        elif wanted and wanted.fullmatch(names[name]):
            part, name = part + 1, name + 1
        elif backtrack:
            part, name = backtrack[0], backtrack[1] + 1
            backtrack = part, name
        else:
            return False
    return part == len(parts)


def _name(part: str) -> re.Pattern[str]:
    """The pattern of one component. Between stars every sign matches one character, so the first match of each literal suffices."""
    literals = [""]
    for sign in re.findall(r"\*+|\[[^\]]+\]|\\.|.", part, re.DOTALL):
        if sign[0] == "*":
            literals.append("")
        else:
            literals[-1] += _sign(sign)
    first, *others = literals
    try:
        middle, last = others[:-1], others[-1:]
        return re.compile(
            first + "".join(f"(?>.*?{literal})" for literal in middle) + "".join(f".*{literal}" for literal in last), re.DOTALL
        )
    except re.error:  # an invalid character set; git takes it literally
        return re.compile(re.escape(part))


def _sign(sign: str) -> str:
    if sign == "?":
        return "."
    if sign.startswith("[") and len(sign) > 1:
        return f"[^{sign[2:]}" if sign[1] == "!" else sign
    return re.escape(sign[-1])
