"""Lines of JSON or printed dictionaries; names are the dotted paths of keys."""

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

_MARK = re.compile(r"77(\d{7})77")  # placeholder of slot n during parsing, valid inside and outside of strings


def nested(shape: str) -> Shape | None:
    """The shape of such a line; None if it is neither JSON nor a dictionary. Dictionaries in lists are separate records."""
    count = shape.count(SLOT)
    placeholders = (f"77{slot:07d}77" for slot in range(count))
    text = "".join(piece + next(placeholders, "") for piece in shape.split(SLOT))
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
    """Yields the record of a dictionary with its nested dictionaries, then the records in its lists."""
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
    """The data split that a record names in a field of its own."""
    for key in ("mode", "phase", "split"):
        if isinstance(value := table.get(key), str):
            return names.phase(value)
    return ""


def _spots(table: dict[object, object], parents: tuple[str, ...], spots: list[Spot], lists: list[object], phase: Phase) -> None:
    """Adds the numbers of a dictionary and its nested dictionaries to `spots`, and its lists to `lists`."""
    for key, value in table.items():
        path = (*parents, str(key))
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
    """The slot of a value; None if it is no placeholder."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    found = _MARK.fullmatch(str(value))
    return int(found[1]) if found else None


def _label(name: str) -> Label:
    """The label of a name that may contain slots: `AP .5`."""
    if not _MARK.search(name):
        return name
    return tuple(int(piece) if number % 2 else piece for number, piece in enumerate(_MARK.split(name)) if piece != "")
