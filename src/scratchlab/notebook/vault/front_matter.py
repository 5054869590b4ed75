"""The YAML between two `---` at the head of a note, read leniently."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import yaml

LONGEST = 400  # lines in which it must end
_PAIR = re.compile(r"\w[\w .-]*+:")


def front_matter(lines: Sequence[str]) -> tuple[dict[str, Any], int]:
    """What it holds, and the number of the first line behind it (1 where there is none).

    Broken YAML gives the pairs that its lines show; it never fails.

    >>> front_matter(["---", "date: 2025-03-08", "tags: [a, b", "---", "text"])
    ({'date': '2025-03-08', 'tags': '[a, b'}, 5)
    """
    if not lines or lines[0].rstrip() != "---":
        return {}, 1
    close = next((i for i, line in enumerate(lines[1:LONGEST], 1) if line.rstrip() in ("---", "...")), None)
    if close is None:
        return {}, 1
    inside = lines[1:close]
    try:
        read = yaml.load("\n".join(inside), _Plain)
        return (cast("dict[str, Any]", read), close + 2) if isinstance(read, dict) else ({}, close + 2 if read is None else 1)
    except (yaml.YAMLError, ValueError, RecursionError):
        pairs = (line.partition(":") for line in inside if _PAIR.match(line))
        return {name.strip(): value.strip() for name, _, value in pairs}, close + 2


class _Plain(yaml.BaseLoader):
    """Leaves scalars as they stand: 007 is not 7, `no` is not false, a date is its words."""
