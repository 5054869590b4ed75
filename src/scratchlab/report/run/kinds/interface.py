"""The interface of sections: what a kind of evaluation adds to the page of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scratchlab.analysis.confusion import Confusion
from scratchlab.recipe import Values
from scratchlab.report.charts import Figure
from scratchlab.result import Result


@dataclass(frozen=True)
class Origin:
    """The name of a number, its source, and its definition."""

    number: str
    source: str
    definition: str


@dataclass(frozen=True)
class Section:
    """The section of a kind of evaluation.

    snippet: Python that recomputes the headline metric, as `headline`, in the run's folder. about: the variables of its template, besides
    the result. meanings: explanations of intervals, by the beginning of their `how`, that differ from the common ones.
    """

    title: str
    origins: list[Origin]
    snippet: str
    about: Values = field(default_factory=dict[str, object])
    figures: dict[str, Figure] = field(default_factory=dict[str, Figure])
    meanings: dict[str, str] = field(default_factory=dict[str, str])


SectionOf = Callable[[Result, Sequence[Confusion]], Section]


def snippet(result: Result, rows: str, computed: str, metric: Callable[..., object]) -> str:
    """Python that reads the leading head's units and computes the headline metric from them.

    rows: further filters of the units; computed: the expression; metric: the function that it calls, for its import.
    """
    return "\n".join(
        [
            "import polars as pl",
            f"from {metric.__module__} import {metric.__name__}",
            "",
            f'units = pl.scan_parquet("units.parquet").filter(pl.col("head") == {result.leading!r}{rows}).collect()',
            f"headline = {computed}",
            "print(headline)",
        ]
    )
