"""The elements of Obsidian's Markdown that generated pages consist of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from scratchlab.notebook.vault.own import HOME


def filed(name: str) -> str:
    """A name without the characters that file names and links cannot contain.

    >>> filed("a/b#c")
    'a-b-c'
    """
    return re.sub(r'[#^\[\]|:\\/*"<>?\x00-\x1f]', "-", name).strip(" .")[:120] or "-"


def link(folder: str, name: str, shown: str = "") -> str:
    """`[[scratchlab/runs/NAME|NAME]]`."""
    return f"[[{HOME}/{folder}/{filed(name)}|{line(shown or name)}]]"


def embedded(folder: str, name: str) -> str:
    """`![[scratchlab/plots/NAME.svg]]`."""
    return f"![[{HOME}/{folder}/{name}]]"


def front(values: Mapping[str, Any]) -> str:
    """Front matter that Obsidian and Dataview can query; None values are left out."""

    def to_yaml(value: Any) -> str:
        return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)  # JSON is YAML

    return "\n".join(["---", *(f"{name}: {to_yaml(value)}" for name, value in values.items() if value is not None), "---", ""])


def quoted(text: str) -> list[str]:
    """The user's text as a block quote, so that none of it becomes a heading of the page."""
    return [f"> {line}".rstrip() for line in text.splitlines()]


def code(text: str) -> str:
    """The text as inline code."""
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    space = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return line(f"{ticks}{space}{text}{space}{ticks}")


def line(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """The lines of a table; pipes in cells, as in links, are escaped."""
    columns = list(head)
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in (columns, ["---"] * len(columns), *rows)]
