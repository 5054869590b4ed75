"""What every evaluation returns, and all that tables, pages, sweeps, loggers and notes read: metrics by head, and the units of evidence."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pydantic

from scratchlab.checks import Problem
from scratchlab.metrics.estimate import Estimate

if TYPE_CHECKING:
    import polars as pl  # half a second that whoever asks for headlines alone need not wait

Metrics = dict[str, Estimate]


@dataclass(frozen=True)
class Layout:
    """What the columns of the table of units mean.

    Every table has `id` (of the unit), `group` (the block it belongs to; its id where it stands for itself), `head` and `value`; where
    answers are classes also `truth` and `answer`. unit: what a row is, in the singular ("query", "episode", "probe"). value: what `value`
    measures ("accuracy"). context: columns by which tables are split ("session"). repetition: the column of independent repetitions
    ("draw"), if any. part: the column that divides the units of one context ("base", "new"), if any. block: what a group is ("speaker").
    headline: the context that the headline metric is of; empty for the last.
    """

    unit: str
    value: str
    context: tuple[str, ...] = ()
    repetition: str = ""
    part: str = ""
    block: str = ""
    headline: dict[str, int | str] = field(default_factory=dict[str, int | str])


@dataclass(frozen=True)
class Row:
    """The metrics of one head in one context. counts: what they were computed over ("classes", "queries"). chance: the first metric of
    whoever guesses, without looking at the input; None where it is not known."""

    context: dict[str, int | str]
    counts: dict[str, int]
    metrics: Metrics
    chance: float | None = None


@dataclass(frozen=True)
class Head:
    """One way of answering. metrics: of the head as a whole, the headline first; rows: by context, in order."""

    metrics: Metrics
    rows: tuple[Row, ...] = ()

    @property
    def headline(self) -> Estimate:
        """The first metric."""
        return next(iter(self.metrics.values()))

    @property
    def detailed(self) -> bool:
        """Whether the rows hold numbers that the metrics as a whole do not."""
        whole = list(self.metrics.values())
        return any(one not in whole for row in self.rows for one in row.metrics.values())


@dataclass(frozen=True)
class Result:
    """What came of a run.

    kind: how it was evaluated, a name in evaluation/catalog.py. headline: one sentence. heads: by name, the leading one first. classes: of
    answers that are classes, their names in the order of tables, and the part each belongs to. notes: what a reader must know of how it
    was measured. facts: what only this kind's section of a page reads. warnings: why it should be doubted (`analysis/warnings.py`).
    """

    kind: str
    headline: str
    heads: dict[str, Head]
    layout: Layout
    classes: dict[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    warnings: tuple[str, ...] = ()
    scan: Callable[[], Any] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.heads or not all(head.metrics for head in self.heads.values()):
            raise Problem("A result needs at least one head, and each head at least one metric.")

    @property
    def leading(self) -> str:
        """The name of the head that speaks for the run."""
        return next(iter(self.heads))

    @property
    def head(self) -> Head:
        """The head that speaks for the run."""
        return self.heads[self.leading]

    @property
    def metric(self) -> str:
        """The name of the headline metric."""
        return next(iter(self.head.metrics))

    @property
    def estimates(self) -> list[Estimate]:
        """Every number of every head."""
        tables = [metrics for head in self.heads.values() for metrics in (head.metrics, *(row.metrics for row in head.rows))]
        return [one for metrics in tables for one in metrics.values()]

    @property
    def units(self) -> pl.LazyFrame:
        """One row a unit of evidence, context, repetition and head; see `Layout`."""
        if self.scan is None:
            raise Problem("This result was read without its units.")
        return self.scan()

    def beside(self, other: Result, prefix: str) -> Result:
        """This result with the heads of another one, which answered the same queries, under `prefix.NAME`, and their units."""

        def units() -> pl.LazyFrame:
            import polars as pl

            return pl.concat([self.units, other.units.with_columns(pl.concat_str(pl.lit(f"{prefix}."), "head").alias("head"))])

        heads = {f"{prefix}.{name}": head for name, head in other.heads.items()}
        return replace(self, heads={**self.heads, **heads}, scan=units)

    def values(self) -> dict[str, Any]:
        """Everything but the units, as JSON can hold it."""
        return {name: asdict(one) if name == "layout" else _plain(one) for name, one in vars(self).items() if name != "scan"}


@functools.cache
def _reader() -> pydantic.TypeAdapter[Result]:
    return pydantic.TypeAdapter(Result, config=None)


def parse(text: str, where: str, scan: Callable[[], pl.LazyFrame]) -> Result:
    """The result that JSON tells. Raises Problem with the place where it is not one; where: the file, for the message."""

    def refused(constant: str) -> float:
        raise ValueError(f"{constant} is no number")

    try:
        told = json.loads(text, parse_constant=refused)
        if not isinstance(told, dict):
            raise ValueError("it is not a table")
        return _reader().validate_python({**told, "scan": scan})  # pyright: ignore[reportUnknownArgumentType]
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise Problem(f"{where} is damaged: {place}: {first['msg']}.") from None
    except (ValueError, RecursionError) as error:
        raise Problem(f"{where} is damaged: {error}.") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, Head | Row | Estimate):
        return asdict(value)
    return value
