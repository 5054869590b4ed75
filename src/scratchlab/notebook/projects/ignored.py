"""What a .gitignore leaves out, roughly: its patterns, `!`, `/` and `**`, without the finer points of gitignore(5)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A line of a .gitignore.

    matches: a path below the file's folder, without a slash at its end.
    folders: whether it speaks of folders alone.
    again: whether it takes back what an earlier line left out.
    """

    matches: re.Pattern[str]
    folders: bool
    again: bool


def rules(lines: Iterable[str]) -> list[Rule]:
    """The rules of a .gitignore, in its order."""
    return [_rule(line) for raw in lines if (line := raw.rstrip()) and not line.startswith("#")]


def ignored(some: Iterable[Rule], path: str, folder: bool) -> bool:
    """Whether the last rule that speaks of this path leaves it out.

    >>> some = rules(["*.pt", "!best.pt", "/runs/"])
    >>> ignored(some, "a/x.pt", False), ignored(some, "a/best.pt", False), ignored(some, "runs", True), ignored(some, "a/runs", True)
    (True, False, True, False)
    """
    out = False
    for rule in some:
        if (folder or not rule.folders) and rule.matches.fullmatch(path):
            out = not rule.again
    return out


def _rule(line: str) -> Rule:
    again, line = line.startswith("!"), line.removeprefix("!")
    folders, line = line.endswith("/"), line.rstrip("/")
    pattern = "" if "/" in line else "(?:.*/)?"
    for part in re.findall(r"\*\*/|/\*\*|\*|\?|\[[^\]/]+\]|\\.|.", line.removeprefix("/")):
        pattern += {"**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}.get(part) or _literal(part)
    try:
        return Rule(re.compile(pattern, re.DOTALL), folders, again)
    except re.error:  # a set of characters that is none; git takes it as it stands
        return Rule(re.compile(re.escape(line)), folders, again)


def _literal(part: str) -> str:
    if part.startswith("[") and len(part) > 1:
        return f"[^{part[2:]}" if part[1] == "!" else part
    return re.escape(part[-1])
