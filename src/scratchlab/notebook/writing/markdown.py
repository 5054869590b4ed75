"""The few things of Obsidian's Markdown that pages of ours are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from scratchlab.notebook.vault.own import HOME


def filed(name: str) -> str:
    """A name as a note's file and a link to it can have it.

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
    """Front matter that Obsidian and Dataview can query; what is None is left out."""

    def told(value: Any) -> str:
        return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)  # JSON is YAML

    return "\n".join(["---", *(f"{name}: {told(value)}" for name, value in values.items() if value is not None), "---", ""])


def quoted(text: str) -> list[str]:
    """A person's words as a quote: what they mean as Markdown stays that, and none of it is a heading or a line of ours."""
    return [f"> {line}".rstrip() for line in text.splitlines()]


def code(text: str) -> str:
    """Text as it is."""
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    space = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return line(f"{ticks}{space}{text}{space}{ticks}")


def line(text: str) -> str:
    """Text on one line."""
    return " ".join(text.split())


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A table's lines; a bar in a cell, as in a link, does not end it."""
    columns = list(head)
    return [f"| {' | '.join(one.replace('|', chr(92) + '|') for one in row)} |" for row in (columns, ["---"] * len(columns), *rows)]
