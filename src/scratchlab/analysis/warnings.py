"""Warnings about a result: heads at chance, a network below a linear classifier, a training loss that does not fall."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scratchlab.checks import listing
from scratchlab.metrics.estimate import Estimate
from scratchlab.result import BASELINES, LINEAR, Result, Row

FALL = 0.9  # the last epochs' loss is expected below this share of the first epoch's
ADVICE = (
    "What to try: another training.rate, more epochs, weaker augmentation, a smaller training.batch if there are few inputs, and a look at "
    "the labels."
)


def warnings(result: Result, records: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Sentences for the terminal and the page, none if all is well. records: of the epochs, with their `loss`."""
    trained = {name: head for name, head in result.heads.items() if not name.startswith(BASELINES)}
    found = [*_at_chance({name: head.rows for name, head in trained.items()}), *_below_linear(result, list(trained)), *_flat(records)]
    return (*found, ADVICE) if found else ()


def _at_chance(heads: Mapping[str, Iterable[Row]]) -> list[str]:
    found: list[str] = []
    for name, rows in heads.items():
        known = [row for row in rows if row.chance is not None and _first(row).value is not None]
        low = [row for row in known if _is_at_chance(row)]
        if low:
            where = "" if len(low) == len(known) else f" in {listing([_place(row) for row in low], 3)}"
            found.append(f"The {name} head is at chance{where}: {_first(low[0])} accuracy, where guessing gives {low[0].chance:.1%}.")
    return found


def _is_at_chance(row: Row) -> bool:
    """True if the lower bound of the interval (the value, if there is no interval) is at or below chance."""
    estimate = _first(row)
    lowest = estimate.value if estimate.low is None else estimate.low
    return lowest is not None and row.chance is not None and lowest <= row.chance


def _below_linear(result: Result, trained: Sequence[str]) -> list[str]:
    if LINEAR not in result.heads or not trained:
        return []
    linear, leading = result.heads[LINEAR].headline, result.heads[trained[0]].headline
    if linear.value is None or leading.value is None or leading.value >= linear.value:
        return []
    return [
        f"The {trained[0]} head ({leading}) is below a linear classifier of the input features ({linear}): as trained here, the network "
        "loses more than it gains."
    ]


def _flat(records: Sequence[Mapping[str, Any]]) -> list[str]:
    losses = [float(record["loss"]) for record in records if "loss" in record]
    if len(losses) < 2 or min(losses[1:]) < FALL * losses[0]:
        return []
    return [f"The training loss did not fall: {losses[0]:.3f} in the first epoch, {losses[-1]:.3f} in the last of {len(losses)}."]


def _first(row: Row) -> Estimate:
    return next(iter(row.metrics.values()))


def _place(row: Row) -> str:
    return " ".join(f"{name} {value}" for name, value in row.context.items())
