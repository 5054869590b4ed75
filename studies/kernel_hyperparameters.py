"""Which settings of training go with the alignment of kernels and labels: the shape of Canatar & Pehlevan's table, with intervals.

    python studies/kernel_hyperparameters.py --root FILE.npz -s data.labels=clean [--page FILE.md]

A. Canatar, C. Pehlevan, "A Kernel Analysis of Feature Learning in Deep Neural Networks", Allerton 2022, doi
10.1109/ALLERTON49937.2022.9929375, correlate shortcuts, augmentation, batch size, learning rate and momentum with loss, accuracy and CKA
with the labels, of the last layer and on average over layers, in training and test. This makes the runs of a plan that are missing,
correlates the same columns over them, and holds the figures that are known of the paper against its own.

An interval is over configurations, all comparisons of the page are corrected together, and what diverged is counted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import page
import polars as pl
from jobs import common
from rich.console import Console
from scipy.special import logsumexp

from scratchlab import shelf
from scratchlab.analysis.correlate import Cell, Correlations, correlate
from scratchlab.checks import Problem, counted
from scratchlab.metrics.correlation import fisher
from scratchlab.metrics.estimate import Estimate, over_draws, undefined
from scratchlab.report.correlate.words import spread, sure
from scratchlab.report.words import number
from scratchlab.store.run import Run
from scratchlab.sweeps.engines.local import Local
from scratchlab.sweeps.plan import planned
from scratchlab.sweeps.progress import followed
from scratchlab.sweeps.sweep import Sweep

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


def main() -> None:
    """Makes what is missing, then the tables."""
    parser = page.of_runs(page.asked(__doc__))
    parser.add_argument("--plan", default="kernel-hyperparameters", help="a plan that varies some of the five settings")
    asked = parser.parse_args()
    sweep = Sweep(planned(shelf.find_plan(asked.plan), common(asked)), asked.runs)
    missing = sweep.missing()
    failed = followed(missing, Local(asked.workers), Console(), there=len(sweep.orders) - len(missing), beside=sweep.write)
    sweep.write()
    if failed:
        sys.exit(f"{failed[0].order.run.folder} {failed[0].state}: {failed[0].words}")
    runs = [order.run for order in sweep.orders]
    page.leave("\n".join(tables(told(sweep.table(), runs), minutes(runs))), asked.page)


def minutes(runs: Iterable[Run]) -> float:
    """Of one processor, spent on training."""
    return sum(record["cpu_seconds"] for run in runs for record in run.records()) / 60


# -- the table of runs ----------------------------------------------------------------------------------------


def told(table: pl.DataFrame, runs: Sequence[Run]) -> pl.DataFrame:
    """The sweep's table under the paper's names: state, the settings that vary, the results that are there, and CKA by layer.

    `train LAYER`, `test LAYER`: of each layer, in the network's order, the average last. Raises Problem for a plan without kernels.
    """
    table = table.with_columns(pl.Series("test.loss", [test_loss(run) for run in runs], dtype=pl.Float64))
    axes = [pl.col(path).alias(name) for name, path in AXES.items() if path in table.columns]
    layers = [name.removeprefix("cka.train.") for name in table.columns if name.startswith("cka.train.")]
    if not layers or not axes:
        raise Problem("These runs have no readings of kernels, or vary none of the five settings; give the recipe [observe.kernels].")
    read = {f"{called} {layer}": f"cka.{name}.{layer}" for called, name in SETS.items() for layer in layers}
    last = [layer for layer in layers if layer != AVERAGE][-1]
    shown = {f"CKA, {called}": f"cka.{name}.{last}" for called, name in SETS.items()}
    shown |= {f"average CKA, {called}": f"cka.{name}.{AVERAGE}" for called, name in SETS.items()}
    results = {name: column for name, column in RESULTS.items() if column in table.columns and table[column].count()}
    found = table.select("state", *axes, **{name: pl.col(column) for name, column in (results | shown | read).items()})
    if "augmentation" not in found.columns:
        return found
    return found.with_columns(augmentation=pl.when(pl.col("augmentation") == "{}").then(pl.lit("no")).otherwise(pl.lit("yes")))


def test_loss(run: Run) -> float | None:
    """Cross-entropy of the queries under the trained classifier, whose scores are the logits it was trained with, but for a temperature.

    None of a run that ended before it answered, or that was trained under another loss.
    """
    trained_with = run.recipe()["loss"]
    if list(trained_with) != ["cross_entropy"] or not (run.folder / "predictions.parquet").is_file():
        return None
    answers = run.table("predictions").filter((pl.col("head") == "trained") & (pl.col("session") == 0))
    return cross_entropy(
        trained_with["cross_entropy"]["temperature"] * np.stack(answers["scores"].to_list()).astype(np.float64),
        np.array([run.json("summary")["classes"].index(name) for name in answers["truth"]]),
    )


def cross_entropy(logits: npt.NDArray[np.float64], truth: npt.NDArray[np.int64]) -> float:
    """Mean over logits `[n, c]` of minus the logarithm of the softmax at the true class `[n]`."""
    return float(np.mean(logsumexp(logits, axis=1) - logits[np.arange(len(truth)), truth]))


# -- the page -------------------------------------------------------------------------------------------------


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
        matrix(cells, metrics[1:], metrics[:-1]),
        "## Results with kernels, more closely\n",
        closely(cells, {(cell.x, cell.y): cell for cell in optimiser.cells}),
        "## What is known of the paper\n",
        held(cells, table),
        "## Layer by layer\n",
        layers(table),
    ]


def made(table: pl.DataFrame, found: Correlations, spent: float) -> str:
    """How many runs, how many of them diverged, and what is left out for it."""
    diverged = int((table["state"] == "diverged").sum())
    out = max(cell.found.left_out for cell in found.cells)
    return (
        f"{counted(table.height, 'run')} in {counted(len(set(found.clusters.tolist())), 'configuration')}, of which {diverged} diverged; "
        f"at most {counted(out, 'run')} left out of a comparison; {spent:.0f} processor minutes of training. "
        f"Pearson's r and its 95 % interval over configurations; in bold where the interval excludes 0 and p, corrected for all "
        f"{counted(len(found.cells), 'comparison')} here (Holm), is below 0.05.\n"
    )


def matrix(cells: Mapping[tuple[str, str], Cell], rows: Sequence[str], columns: Sequence[str]) -> str:
    """r with its interval; what was compared the other way round, or with itself, stays empty."""
    body = [[row, *(shown(cells.get((column, row)) or cells.get((row, column))) for column in columns)] for row in rows]
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


if __name__ == "__main__":
    page.spoken(main)
