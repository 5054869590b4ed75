"""The YAML front matter of a note, parsed leniently."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import yaml

LONGEST = 400  # maximum number of lines
_PAIR = re.compile(r"\w[\w .-]*+:")


def front_matter(lines: Sequence[str]) -> tuple[dict[str, Any], int]:
    """The front matter's keys and values, and the number of the first line after it (1 if there is none).

    From broken YAML, the lines of the form `key: value` are returned; it never fails.

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
        parsed = yaml.load("\n".join(inside), _Plain)
        return (cast("dict[str, Any]", parsed), close + 2) if isinstance(parsed, dict) else ({}, close + 2 if parsed is None else 1)
    except (yaml.YAMLError, ValueError, RecursionError):
        pairs = (line.partition(":") for line in inside if _PAIR.match(line))
        return {name.strip(): value.strip() for name, _, value in pairs}, close + 2


class _Plain(yaml.BaseLoader):
    """Leaves scalars as strings: 007 is not 7, `no` is not false, dates stay text."""
