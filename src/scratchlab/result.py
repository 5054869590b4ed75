"""The result of a run, which every evaluation returns and all tables, pages, sweeps, loggers and notes read: metrics by head, and the
table of evaluated units."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pydantic

from scratchlab.checks import Problem
from scratchlab.metrics.estimate import Estimate

if TYPE_CHECKING:
    import polars as pl  # takes half a second to import, which reading headlines does not need

Metrics = dict[str, Estimate]
BASELINES = UNTRAINED, PRETRAINED, FEATURES = "untrained.", "pretrained.", "features."  # how names of heads without training here begin
LINEAR = f"{FEATURES}linear"  # the head of a linear classifier of the front-end's features


@dataclass(frozen=True)
class Layout:
    """The meaning of the columns in the table of units (units.parquet).

    Every table has `id` (of the unit), `group` (its block for bootstrapping; its id if there are no groups), `head` and `value`; if
    predictions are classes, also `truth` (true class) and `answer` (predicted class). unit: the noun for a row ("query", "episode",
    "probe"). value: the metric in `value` ("accuracy"). context: columns by which tables are divided ("session"). repetition: the column
    of independent repetitions ("draw"), if any. part: the column that divides the units of one context ("base", "new"), if any. block:
    the noun for a group ("speaker"). headline: the context of the headline metric; empty for the last context.
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
    """The metrics of one head in one context. counts: the numbers of items they are computed from, by name ("classes", "queries").
    chance: the value of the first metric for a guess that ignores the input; None if unknown.
    """

    context: dict[str, int | str]
    counts: dict[str, int]
    metrics: Metrics
    chance: float | None = None


@dataclass(frozen=True)
class Head:
    """The metrics of one head (a way to predict). metrics: over all contexts, the headline first. rows: by context, in order."""

    metrics: Metrics
    rows: tuple[Row, ...] = ()

    @property
    def headline(self) -> Estimate:
        """The headline metric, which is the first."""
        return next(iter(self.metrics.values()))

    @property
    def detailed(self) -> bool:
        """Whether the rows contain estimates that are not among the overall metrics."""
        overall = list(self.metrics.values())
        return any(estimate not in overall for row in self.rows for estimate in row.metrics.values())


@dataclass(frozen=True)
class Result:
    """The result of a run.

    kind: the evaluation, a name in evaluation/catalog.py. headline: one sentence. heads: by name, the main one first. classes: if
    predictions are classes, their names in the order of tables, each with its part ("base"). notes: sentences on how it was measured.
    facts: values that only the page section of this kind reads. warnings: reasons to doubt the result.
    scan: reads the table of units, a row for each unit.

    >>> layout = Layout(unit="query", value="accuracy")
    >>> result = Result("closed_set", "81 % of 20 queries", {"cosine": Head({"accuracy": Estimate(0.81, 0.78, 0.84)})}, layout)
    >>> print(result.leading, result.metric, result.head.headline)
    cosine accuracy 81.0% [78.0%, 84.0%]
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
        """The name of the main head, whose metrics stand for the run."""
        return next(iter(self.heads))

    @property
    def head(self) -> Head:
        """The main head."""
        return self.heads[self.leading]

    @property
    def metric(self) -> str:
        """The name of the headline metric."""
        return next(iter(self.head.metrics))

    @property
    def estimates(self) -> list[Estimate]:
        """All estimates of all heads."""
        tables = [metrics for head in self.heads.values() for metrics in (head.metrics, *(row.metrics for row in head.rows))]
        return [estimate for metrics in tables for estimate in metrics.values()]

    @property
    def units(self) -> pl.LazyFrame:
        """The table of units, with one row per unit, context, repetition and head; see `Layout`."""
        if self.scan is None:
            raise Problem("This result was read without its table of units.")
        return self.scan()

    def with_heads_of(self, other: Result, prefix: str, names: Sequence[str]) -> Result:
        """This result with these heads of another result on the same queries, and their units, added as `prefix.NAME`."""

        def units() -> pl.LazyFrame:
            import polars as pl

            added = other.units.filter(pl.col("head").is_in(names))
            return pl.concat([self.units, added.with_columns(pl.concat_str(pl.lit(f"{prefix}."), "head").alias("head"))])

        heads = {f"{prefix}.{name}": other.heads[name] for name in names}
        return replace(self, heads={**self.heads, **heads}, scan=units)

    def values(self) -> dict[str, Any]:
        """All fields except the units, serialisable as JSON."""
        return {name: asdict(value) if name == "layout" else _plain(value) for name, value in vars(self).items() if name != "scan"}


@functools.cache
def _reader() -> pydantic.TypeAdapter[Result]:
    return pydantic.TypeAdapter(Result, config=None)


def parse(text: str, where: str, scan: Callable[[], pl.LazyFrame]) -> Result:
    """Parses the JSON of a result. Raises Problem, naming the file `where` and the key, if it is damaged."""

    def refuse(constant: str) -> float:
        raise ValueError(f"{constant} is no number")

    try:
        values = json.loads(text, parse_constant=refuse)
        if not isinstance(values, dict):
            raise ValueError("it is not a table")
        return _reader().validate_python({**values, "scan": scan})  # pyright: ignore[reportUnknownArgumentType]
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(step) for step in first["loc"])
        raise Problem(f"{where} is damaged: {key}: {first['msg']}.") from None
    except (ValueError, RecursionError) as error:
        raise Problem(f"{where} is damaged: {error}.") from None


def _plain(value: Any) -> Any:
    """Converts dataclasses, also in nested dictionaries, to dictionaries."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, Head | Row | Estimate):
        return asdict(value)
    return value
