"""Which hyperparameters correlate with CKA, accuracy and loss: a table like Canatar & Pehlevan's, with intervals.

    python studies/kernel_hyperparameters.py --root FILE.npz -s data.labels=clean [--page FILE.md]      (22 processor minutes)

A. Canatar, C. Pehlevan, "A Kernel Analysis of Feature Learning in Deep Neural Networks", Allerton 2022, doi
10.1109/ALLERTON49937.2022.9929375, correlate five hyperparameters with loss, accuracy and CKA with the labels, of the last layer and
averaged over layers, in training and test. This study executes the missing runs of a plan, correlates the same columns, and compares
the published values with its own. Intervals are over configurations; all comparisons of the page are corrected together.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from scratchlab.analysis.correlate import correlate, trend
from scratchlab.checks import Problem
from scratchlab.metrics.classification import cross_entropy
from scratchlab.metrics.estimate import Estimate
from scratchlab.report import study
from scratchlab.report.correlate.markdown import Cells, by_names, format_cell, matrix, value
from scratchlab.report.correlate.words import summary
from scratchlab.report.markdown import number, table
from scratchlab.report.words import agreement, interval_of_numbers
from scratchlab.store.run import Run
from scratchlab.sweeps import making

NETWORK = {"skip": "encoder.skip", "augmentation": "augment"}
OPTIMISER = {"batch size": "training.batch", "learning rate": "training.rate", "momentum": "optimizer.momentum"}
RESULTS = {"loss, train": "train.loss", "loss, test": "test.loss", "accuracy, train": "train.accuracy", "accuracy, test": "test.trained"}
KERNELS = ("CKA, train", "CKA, test", "average CKA, train", "average CKA, test")
SETS = {"train": "cka.train.", "test": "cka.query."}
PAPER = (("accuracy, test", "CKA, test", 0.850), ("accuracy, test", "average CKA, test", 0.920), ("momentum", "CKA, train", 0.936))


def main() -> None:
    given = making.of_plan(__doc__, "kernel-hyperparameters").parse_args()
    sweep = making.run_sweep(given)
    runs = [job.run for job in sweep.jobs]
    losses = pl.Series("test.loss", [loss_of_queries(run) for run in runs], dtype=pl.Float64)
    minutes = sum(record["cpu_seconds"] for run in runs for record in run.records()) / 60
    study.publish("\n".join(tables(renamed(sweep.table().with_columns(losses)), minutes)), given.page)


def renamed(runs: pl.DataFrame) -> pl.DataFrame:
    """A sweep's table with the paper's column names, and CKA of each layer as `train LAYER` and `test LAYER`."""
    layers = [name.removeprefix(SETS["train"]) for name in runs.columns if name.startswith(SETS["train"]) and not name.endswith(".average")]
    settings = {name: path for name, path in (NETWORK | OPTIMISER).items() if path in runs.columns}
    if not layers or not settings:
        raise Problem("These runs have no CKA of layers, or vary none of the five settings; add [observe.kernels] to the recipe.")
    names = settings | {name: path for name, path in RESULTS.items() if path in runs.columns and runs[path].count()}
    names |= {f"CKA, {called}": f"{prefix}{layers[-1]}" for called, prefix in SETS.items()}
    names |= {f"average CKA, {called}": f"{prefix}average" for called, prefix in SETS.items()}
    names |= {f"{called} {layer}": f"{prefix}{layer}" for called, prefix in SETS.items() for layer in layers}
    table = runs.select("state", **{name: pl.col(path) for name, path in names.items()})
    words = pl.when(pl.col("^augmentation$") == "{}").then(pl.lit("no")).otherwise(pl.lit("yes")).alias("augmentation")
    return table.with_columns(words) if "augmentation" in names else table


def loss_of_queries(run: Run) -> float | None:
    """Cross-entropy of the queries under the trained classifier, whose scores are its logits divided by the temperature.

    None for a run without a result, or with another loss.
    """
    loss, result = run.recipe()["loss"], run.result()
    if list(loss) != ["cross_entropy"] or result is None:
        return None
    units = result.units.filter(head="trained").collect()
    logits = loss["cross_entropy"]["temperature"] * np.stack(units["scores"].to_list()).astype(np.float64)
    return cross_entropy(logits, np.array([list(result.classes).index(name) for name in units["truth"]]))


def tables(runs: pl.DataFrame, minutes: float) -> list[str]:
    """The page, from a table of runs with the paper's column names."""
    settings = [name for name in NETWORK | OPTIMISER if name in runs.columns]
    figures = [name for name in (*RESULTS, *KERNELS) if name in runs.columns]
    within = [[name for name in group if name in settings] for group in (NETWORK, OPTIMISER)]
    network, optimiser = (correlate(runs, [*settings, *figures], figures, settings, group) for group in within)
    cells, diverged = by_names(network), int((runs["state"] == "diverged").sum())
    alike = [(x, y) for x, y in cells if x in RESULTS and y in KERNELS and x.split(", ")[1] == y.split(", ")[1]]
    closely = [
        [
            f"{x} with {y}",
            format_cell(cells[x, y]),
            interval_of_numbers(one.naive),
            *map(value, (one.within, by_names(optimiser)[x, y].correlation.within, one.seeds)),
        ]
        for x, y in alike
        for one in [cells[x, y].correlation]
    ]
    return [
        f"{' '.join(summary(network))} {diverged} of the runs diverged; all took {minutes:.0f} processor minutes of training.\n\n"
        "Pearson's r and its 95 % interval over configurations; in bold where the interval excludes 0 and p, corrected for all these "
        "comparisons (Holm), is below 0.05.\n",
        "## Hyperparameters with metrics\n",
        matrix(cells, settings, figures),
        "## Metrics with each other\n",
        matrix(cells, figures[:-1], figures[1:]),
        "## Loss and accuracy with CKA, in detail\n",
        table(["", "r", "as if runs were independent", "same network", "same optimiser", "between seeds"], closely),
        "## Comparison with the paper\n",
        table(["", "paper", "here", "as if runs were independent", ""], published_values(cells, runs)),
        "## Layer by layer\n",
        layer_by_layer(runs),
    ]


def published_values(cells: Cells, runs: pl.DataFrame) -> list[list[str]]:
    """The published correlations and ours; last, the trend with depth that the abstract states."""
    known = [(x, y, r, cells[x, y]) for x, y, r in PAPER if (x, y) in cells]
    rows = [
        [f"{x} with {y}", f"{r:.3f}", format_cell(one), interval_of_numbers(one.correlation.naive), agreement(one.correlation.r, r)]
        for x, y, r, one in known
    ]
    settings = [name for name in NETWORK | OPTIMISER if name in runs.columns]
    rising = {called: trend(runs, [name for name in runs.columns if name.startswith(f"{called} ")], settings) for called in SETS}
    return [*rows, *([f"depth of a layer with its CKA, {one}", "above 0", number(r), "–", agreement(r)] for one, r in rising.items())]


def layer_by_layer(runs: pl.DataFrame) -> str:
    """CKA of every layer with the labels, averaged over runs, with and without skip connections."""
    body: list[list[str]] = []
    for skip, of in runs.group_by([name for name in ("skip",) if name in runs.columns] or [pl.lit("")], maintain_order=True):
        means = {called: of.select(pl.col(f"^{called} .+$").mean()) for called in SETS}
        called_so = {called: f"{called}, skip {skip[0]}" if skip[0] else called for called in SETS}
        body += [[called_so[one], *("–" if mean is None else number(Estimate(mean)) for mean in row.row(0))] for one, row in means.items()]
    return table(["CKA", *(name.removeprefix("train ") for name in runs.columns if name.startswith("train "))], body)


if __name__ == "__main__":
    study.run(main)
