"""Settings, results and the alignment of kernels over many runs, as tables of correlations; and a paper's figures held against them.

A table of runs has a row a run, under these names: `state`, settings, results, CKA with the labels of the last layer and on average over
layers, and `train LAYER`, `test LAYER`, that of each layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import page
import polars as pl

from scratchlab.analysis.correlate import Cell, Correlations, correlate
from scratchlab.checks import counted
from scratchlab.metrics.correlation import fisher
from scratchlab.metrics.estimate import Estimate, over_draws, undefined
from scratchlab.report.correlate.words import facts, spread, sure
from scratchlab.report.words import number

AXES = {
    "skip": "encoder.skip",
    "augmentation": "augment",
    "batch size": "training.batch",
    "learning rate": "training.rate",
    "momentum": "optimizer.momentum",
}
NETWORK, OPTIMISER = ("skip", "augmentation"), ("batch size", "learning rate", "momentum")
RESULTS = {"loss, train": "train.loss", "loss, test": "test.loss", "accuracy, train": "train.accuracy", "accuracy, test": "test.trained"}
KERNELS = ("CKA, train", "CKA, test", "average CKA, train", "average CKA, test")
SETS = {"train": "train", "test": "query"}
AVERAGE = "average"


@dataclass(frozen=True)
class Known:
    """What the paper found of two columns."""

    x: str
    y: str
    r: float


PAPER = (
    Known("accuracy, test", "CKA, test", 0.850),
    Known("accuracy, test", "average CKA, test", 0.920),
    Known("momentum", "CKA, train", 0.936),
)


def tables(table: pl.DataFrame, spent: float) -> list[str]:
    """All that is said of the runs."""
    settings = [name for name in AXES if name in table.columns]
    metrics = [name for name in (*RESULTS, *KERNELS) if name in table.columns]
    network, optimiser = (
        correlate(table, [*settings, *metrics], metrics, settings, [name for name in group if name in settings])
        for group in (NETWORK, OPTIMISER)
    )
    cells = {(cell.x, cell.y): cell for cell in network.cells}
    return [
        made(table, network, spent),
        "## Settings with what came of them\n",
        matrix(cells, settings, metrics),
        "## What came of them with each other\n",
        matrix(cells, metrics[:-1], metrics[1:]),
        "## Results with kernels, more closely\n",
        closely(cells, {(cell.x, cell.y): cell for cell in optimiser.cells}),
        "## What is known of the paper\n",
        held(cells, table),
        "## Layer by layer\n",
        layers(table),
    ]


def made(table: pl.DataFrame, found: Correlations, spent: float) -> str:
    """What was compared, how many runs diverged, and how to read the rest."""
    diverged = int((table["state"] == "diverged").sum())
    return (
        f"{' '.join(facts(found))} {diverged} of the runs diverged; all took {spent:.0f} processor minutes of training.\n\n"
        "Pearson's r and its 95 % interval over configurations; in bold where the interval excludes 0 and p, corrected for all these "
        "comparisons (Holm), is below 0.05.\n"
    )


def matrix(cells: Mapping[tuple[str, str], Cell], rows: Sequence[str], columns: Sequence[str]) -> str:
    """r with its interval; what was compared the other way round, or with itself, stays empty."""
    body = [[row, *(shown(cells.get((row, column))) for column in columns)] for row in rows]
    return page.table(["", *columns], body)


def closely(cells: Mapping[tuple[str, str], Cell], within: Mapping[tuple[str, str], Cell]) -> str:
    """Each result with each alignment on the same side: the usual interval beside ours, and what is left of r inside groups."""
    body = [
        [
            f"{x} with {y}",
            shown(cell),
            spread(cell.found.naive),
            brief(cell.found.within),
            brief(within[x, y].found.within),
            brief(cell.found.seeds),
        ]
        for (x, y), cell in cells.items()
        if x in RESULTS and y in KERNELS and x.split(", ")[1] == y.split(", ")[1]
    ]
    return page.table(["", "r", "as if runs were independent", "same network", "same optimiser", "between seeds"], body)


def held(cells: Mapping[tuple[str, str], Cell], table: pl.DataFrame) -> str:
    """The paper's figures and ours; last, what its abstract says of depth."""
    body = [
        [f"{one.x} with {one.y}", f"{one.r:.3f}", shown(cell), spread(cell.found.naive), verdict(cell.found.r, one.r)]
        for one in PAPER
        if (cell := cells.get((one.x, one.y)))
    ]
    for called in SETS:
        rising = depth(table, called)
        body.append([f"depth of a layer with its CKA, {called}", "above 0", estimated(rising), "–", verdict(rising)])
    return page.table(["", "paper", "here", "as if runs were independent", ""], body)


def verdict(ours: Estimate, theirs: float | None = None) -> str:
    """Whether the sign is theirs, which is above 0 where no figure is known; and whether their figure lies in our interval."""
    if ours.value is None or ours.low is None or ours.high is None:
        return ours.how
    if ours.low <= 0 <= ours.high:
        sign = "not sure: the interval spans 0"
    else:
        sign = "the sign agrees" if (ours.value > 0) == (theirs is None or theirs > 0) else "the sign does not agree"
    if theirs is None:
        return sign
    return f"{sign}; theirs lies {'inside' if ours.low <= theirs <= ours.high else 'outside'} the interval"


def layers(table: pl.DataFrame) -> str:
    """CKA with the labels of every layer, as a mean over runs, with and without shortcuts."""
    names = [name.removeprefix("train ") for name in of_layers(table, "train")]
    body: list[list[str]] = []
    for (skip,), runs in table.group_by(["skip"] if "skip" in table.columns else [pl.lit("")], maintain_order=True):
        for called in SETS:
            means = runs.select(pl.col(of_layers(table, called)).mean()).row(0)
            body.append([f"{called}, skip {skip}" if skip else called, *("–" if mean is None else number(mean) for mean in means)])
    return page.table(["CKA", *names], body)


def depth(table: pl.DataFrame, called: str) -> Estimate:
    """Pearson's r of a layer's place and its CKA: in each run, then as a mean over configurations of the mean of their seeds."""
    settings, places = [name for name in AXES if name in table.columns], of_layers(table, called)
    known = table.drop_nulls(places)
    rising = [fisher(np.arange(len(places), dtype=np.float64), row).value for row in known.select(places).to_numpy()]
    if None in rising:
        return undefined(f"{len(places)} layers have no correlation with their CKA in {counted(rising.count(None), 'run')}")
    means = known.with_columns(rising=pl.Series(rising)).group_by(settings).agg(pl.col("rising").mean())
    return over_draws(means["rising"].to_list(), "configuration", (-1.0, 1.0))


def of_layers(table: pl.DataFrame, called: str) -> list[str]:
    """The columns of one set's layers, without their average."""
    return [name for name in table.columns if name.startswith(f"{called} ") and name != f"{called} {AVERAGE}"]


def shown(cell: Cell | None) -> str:
    """`**0.850** [0.710, 0.930]`; why there is none; nothing where nothing was compared."""
    if cell is None:
        return ""
    return estimated(cell.found.r, bold=sure(cell))


def estimated(one: Estimate, *, bold: bool = False) -> str:
    """A correlation with its interval, or why there is none."""
    if one.value is None:
        return one.how
    return f"{'**' * bold}{number(one.value)}{'**' * bold} {spread(one)}".strip()


def brief(one: Estimate) -> str:
    """A correlation without its interval."""
    return "–" if one.value is None else number(one.value)
