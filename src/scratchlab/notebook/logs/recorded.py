"""Whether a log is the output of a stored run: its figures equal the run's records, rounded as printed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from scratchlab.notebook.logs import names
from scratchlab.notebook.logs.log import Figure, Log

DIGITS = 8  # digits that must match in total; fewer may match by chance
MOST = 6  # digits counted of one figure


def matching_figures(log: Log, records: Sequence[object]) -> int:
    """The number of figures of a log that match a run; 0 if the log is not the run's.

    In the epochs that both contain, every metric of the log must equal one of the run's, whatever their names. The log may count epochs
    from 0 or 1.

    records: the run's epochs, numbered from 0 by `epoch`; invalid records, as in a damaged file, are ignored.
    """
    columns: dict[str, list[tuple[int, Figure]]] = {}
    for row in log.rows:
        epoch = row.number("epoch")
        for figure in row.figures() if epoch is not None and math.isfinite(epoch) and epoch == int(epoch) else ():
            if figure.kind in ("value", "mean"):
                columns.setdefault(figure.name, []).append((int(epoch or 0), figure))
    numbered = {number: record for record in records if (number := _epoch(record)) is not None}
    return max(
        _matching(columns, {number + first: cast("dict[str, Any]", record) for number, record in numbered.items()}) for first in (0, 1)
    )


def _epoch(record: object) -> int | None:
    number: object = cast("dict[str, object]", record).get("epoch") if isinstance(record, dict) else None
    return number if isinstance(number, int) else None


def _matching(columns: Mapping[str, Sequence[tuple[int, Figure]]], records: Mapping[int, Mapping[str, Any]]) -> int:
    figures, digits = 0, 0
    for name, column in columns.items():
        shared = [(figure, records[epoch]) for epoch, figure in column if epoch in records]
        recorded: Mapping[str, Any] = shared[0][1] if shared else {}
        measured = [key for key, value in recorded.items() if isinstance(value, float) and "seconds" not in key]
        if any(all(_rounds(figure, record.get(key)) for figure, record in shared) for key in measured):
            figures += len(shared)
            texts = {figure.text for figure, _ in shared}
            digits += sum(_digits(texts)) if len(texts) > 1 else 0  # a constant is equal in many runs
        elif shared and names.is_metric(name):
            return 0
    return figures if digits >= DIGITS else 0


def _rounds(figure: Figure, value: object) -> bool:
    """Whether a value rounds to the printed figure: within half a unit of its last digit."""
    printed = _decimal(figure.text)
    if printed is None or not isinstance(value, float) or not math.isfinite(value):
        return False
    exact = Decimal(value) * (100 if figure.unit.startswith("%") else 1)
    _, _, exponent = printed.as_tuple()
    return isinstance(exponent, int) and abs(printed - exact) <= Decimal((0, (5,), exponent - 1)) * Decimal("1.000001")


def _digits(texts: Iterable[str]) -> Iterable[int]:
    return (min(MOST, len(printed.as_tuple().digits)) for text in texts if (printed := _decimal(text)) is not None)


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
