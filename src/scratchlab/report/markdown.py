"""Tables in Markdown, and numbers formatted for their cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from scratchlab.metrics.estimate import Estimate
from scratchlab.report import words


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table.

    >>> print(table(["", "accuracy"], [["cosine", "72.1"]]), end="")
    |  | accuracy |
    | --- | --- |
    | cosine | 72.1 |
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def pivot(runs: pl.DataFrame, row: str, column: str, cell: Callable[[pl.DataFrame], str], corner: str = "") -> str:
    """A table with one row per value of the column `row` and one column per value of `column`; `cell` formats the runs of each cell."""
    rows, columns = (runs[name].unique(maintain_order=True).to_list() for name in (row, column))
    body = [[str(a), *(cell(runs.filter(pl.col(row) == a, pl.col(column) == b)) for b in columns)] for a in rows]
    return table([corner, *map(str, columns)], body)


def percent(estimate: Estimate) -> str:
    """`72.1 [70.5, 73.7]`, in percent; the reason, if it is undefined."""
    if estimate.value is None:
        return estimate.how
    return f"{100 * estimate.value:.1f} {words.interval(estimate)}".strip()


def points(estimate: Estimate) -> str:
    """A difference of fractions in percentage points, with its sign: `+3.2 [+1.1, +5.0]`; the reason, if it is undefined."""
    return estimate.how if estimate.value is None else f"{words.points(estimate.value)} {words.span(estimate)}".strip()


def number(estimate: Estimate, scale: float = 1.0, places: int = 3, sign: str = "") -> str:
    """`0.850 [0.710, 0.930]`, scaled, with `places` decimals; the reason, if it is undefined. sign: "+" shows the sign of a difference.

    >>> number(Estimate(-0.0123, -0.02, 0.001), 100, 1, "+")
    '−1.2 [−2.0, +0.1]'
    """
    if estimate.value is None:
        return estimate.how

    def formatted(x: float) -> str:
        return f"{scale * x:{sign}.{places}f}".replace("-", "−")

    return f"{formatted(estimate.value)} {words.bounds(estimate, formatted)}".strip()


def spread(values: pl.Series, scale: float = 1.0, places: int = 3) -> str:
    """Mean ± standard deviation, scaled, with `places` decimals; a single value has no deviation, none gives a dash.

    >>> spread(pl.Series([0.25, 0.75, 0.5]), 100, 1), spread(pl.Series([0.25])), spread(pl.Series([None]))
    ('50.0 ± 25.0', '0.250', '–')
    """
    numbers = (values.drop_nulls().cast(pl.Float64) * scale).to_numpy()
    deviation = f" ± {numbers.std(ddof=1):.{places}f}" if len(numbers) > 1 else ""
    return f"{numbers.mean():.{places}f}{deviation}" if len(numbers) else "–"
