"""Lines that are JSON, or a printed dictionary: names are the way to a number through the tables it lies in."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import cast

from scratchlab.notebook.logs import names
from scratchlab.notebook.logs.names import Phase
from scratchlab.notebook.logs.reading import kind_of
from scratchlab.notebook.logs.shapes import Kind, Label, Shape, Spot
from scratchlab.notebook.logs.slots import SLOT

_MARK = re.compile(r"77(\d{7})77")  # stands for slot number n while the shape is parsed: a number inside and outside of strings alike


def nested(shape: str) -> Shape | None:
    """What such a line's numbers are; None if it is no JSON and no dictionary. Lists of tables are records of their own."""
    count = shape.count(SLOT)
    marks = (f"77{slot:07d}77" for slot in range(count))
    text = "".join(piece + next(marks, "") for piece in shape.split(SLOT))
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        try:
            tree = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    records = [record for record in _records(tree) if record.spots]
    if not records:
        return Shape((), loose=count)
    return records[0] if len(records) == 1 else Shape((), records[0].phase, sum(record.formal for record in records), parts=tuple(records))


def _records(tree: object) -> Iterator[Shape]:
    """A table with all that lies in it but lists; then the tables in its lists, each by itself."""
    if isinstance(tree, dict):
        table = cast("dict[object, object]", tree)
        spots, lists = list[Spot](), list[object]()
        phase = _mode(table)
        _spots(table, (), spots, lists, phase)
        yield Shape(tuple(spots), phase, formal=len(spots))
        for each in lists:
            yield from _records(each)
    elif isinstance(tree, list):
        for each in cast("list[object]", tree):
            yield from _records(each)


def _mode(table: dict[object, object]) -> Phase:
    """The part of the data that a record names in a field of its own."""
    for key in ("mode", "phase", "split"):
        if isinstance(value := table.get(key), str):
            return names.phase(value)
    return ""


def _spots(table: dict[object, object], way: tuple[str, ...], spots: list[Spot], lists: list[object], phase: Phase) -> None:
    """Adds the numbers of a table and of the tables in it; collects the lists."""
    for key, value in table.items():
        path = (*way, str(key))
        if isinstance(value, dict):
            _spots(cast("dict[object, object]", value), path, spots, lists, phase or names.phase(str(key)))
        elif isinstance(value, list):
            lists.append(cast("list[object]", value))
        elif (slot := _slot(value)) is not None:
            name = ".".join(path)
            spots.append(_spot(kind_of(path[-1]), slot, name, names.phase(name) or phase))


def _spot(kind: Kind, slot: int, name: str, phase: Phase) -> Spot:
    if kind == "value" and names.is_best(name):
        return Spot("best", slot, name, "", phase)
    return Spot(kind, slot, _label(name) if kind == "value" else kind, "", phase)


def _slot(value: object) -> int | None:
    """The slot that a value is; None if it is something else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    found = _MARK.fullmatch(str(value))
    return int(found[1]) if found else None


def _label(name: str) -> Label:
    """A name in which slots may stand: `AP .5`."""
    if not _MARK.search(name):
        return name
    return tuple(int(piece) if number % 2 else piece for number, piece in enumerate(_MARK.split(name)) if piece != "")
