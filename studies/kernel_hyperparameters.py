"""Which settings of training go with the alignment of kernels and labels: the shape of Canatar & Pehlevan's table, with intervals.

    python studies/kernel_hyperparameters.py --root FILE.npz -s data.labels=clean [--page FILE.md]

A. Canatar, C. Pehlevan, "A Kernel Analysis of Feature Learning in Deep Neural Networks", Allerton 2022, doi
10.1109/ALLERTON49937.2022.9929375, correlate shortcuts, augmentation, batch size, learning rate and momentum with loss, accuracy and CKA
with the labels, of the last layer and on average over layers, in training and test. This makes the runs of a plan that are missing,
correlates the same columns over them, and holds the figures that are known of the paper against its own.

An interval is over configurations, all comparisons of the page are corrected together, and what diverged is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import page
import polars as pl
from jobs import swept
from kernel_tables import AVERAGE, AXES, RESULTS, SETS, tables
from scipy.special import logsumexp

from scratchlab.checks import Problem
from scratchlab.store.run import Run


def main() -> None:
    """Makes what is missing, then the tables."""
    asked = page.of_plan(page.asked(__doc__), "kernel-hyperparameters").parse_args()
    sweep = swept(asked)
    runs = [order.run for order in sweep.orders]
    page.leave("\n".join(tables(told(sweep.table(), runs), minutes(runs))), asked.page)


def minutes(runs: Iterable[Run]) -> float:
    """Of one processor, spent on training."""
    return sum(record["cpu_seconds"] for run in runs for record in run.records()) / 60


def told(table: pl.DataFrame, runs: Sequence[Run]) -> pl.DataFrame:
    """The sweep's table under the paper's names: state, the settings that vary, the results that are there, and CKA by layer.

    `train LAYER`, `test LAYER`: of each layer, in the network's order, the average last. Raises Problem for a plan without kernels.
    """
    table = table.with_columns(pl.Series("test.loss", [loss_of_queries(run) for run in runs], dtype=pl.Float64))
    axes = [pl.col(path).alias(name) for name, path in AXES.items() if path in table.columns]
    layers = [name.removeprefix("cka.train.") for name in table.columns if name.startswith("cka.train.")]
    if not layers or not axes:
        raise Problem("These runs have no readings of kernels, or vary none of the five settings; give the recipe [observe.kernels].")
    read = {f"{called} {layer}": f"cka.{name}.{layer}" for called, name in SETS.items() for layer in layers}
    last = [layer for layer in layers if layer != AVERAGE][-1]
    kernels = {f"CKA, {called}": f"cka.{name}.{last}" for called, name in SETS.items()}
    kernels |= {f"average CKA, {called}": f"cka.{name}.{AVERAGE}" for called, name in SETS.items()}
    results = {name: column for name, column in RESULTS.items() if column in table.columns and table[column].count()}
    found = table.select("state", *axes, **{name: pl.col(column) for name, column in (results | kernels | read).items()})
    if "augmentation" not in found.columns:
        return found
    return found.with_columns(augmentation=pl.when(pl.col("augmentation") == "{}").then(pl.lit("no")).otherwise(pl.lit("yes")))


def loss_of_queries(run: Run) -> float | None:
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


if __name__ == "__main__":
    page.spoken(main)
