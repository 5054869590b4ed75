"""What a kind of evaluation adds to the page of a run: one section, its charts, and where its numbers come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scratchlab.analysis.confusion import Confusion
from scratchlab.recipe import Values
from scratchlab.report.charts import Figure
from scratchlab.result import Result


@dataclass(frozen=True)
class Origin:
    """A number, what it was computed from, and by which definition."""

    number: str
    source: str
    definition: str


@dataclass(frozen=True)
class Section:
    """title: of the section. about: what its template reads beside the result. snippet: Python that computes the headline metric again,
    as `headline`, in the run's folder. meanings: what an interval says, by the words with which its `how` begins, where the kind has its
    own."""

    title: str
    origins: list[Origin]
    snippet: str
    about: Values = field(default_factory=dict[str, object])
    figures: dict[str, Figure] = field(default_factory=dict[str, Figure])
    meanings: dict[str, str] = field(default_factory=dict[str, str])


SectionOf = Callable[[Result, Sequence[Confusion]], Section]


def snippet(result: Result, rows: str, computed: str, metric: Callable[..., object]) -> str:
    """Python that reads the leading head's units, of the `rows` that a filter chooses, and computes the headline metric from them.

    computed: the expression; metric: the function of ours that it calls.
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
