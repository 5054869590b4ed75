"""What the ledger of training knows of wrong labels: its columns, by sample and epoch, scored against the true labels.

Nothing of this reaches training. The ledger has a row a training sample and epoch: id, epoch, loss, and where the method has them weight,
selected, pseudo_label, clean_posterior and agreement, null where it has none of a sample.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.checks import Problem
from scratchlab.metrics.estimate import Estimate
from scratchlab.metrics.noise import pseudo_labels, selection
from scratchlab.metrics.roc import auroc

SIGNS = {"loss": 1, "weight": -1, "clean_posterior": -1, "agreement": -1}
"""Columns that separate wrong labels from right ones: 1 where more speaks for "wrong", -1 where it speaks for "right"."""


@dataclass(frozen=True)
class Separation:
    """Histograms of one column in one epoch, of samples with right and with wrong labels, over the same bins.

    edges: `[bins + 1]`. right, wrong: counts `[bins]`. logarithmic: whether bins are of equal width in the logarithm.
    """

    column: str
    epoch: int
    edges: npt.NDArray[np.float64]
    right: npt.NDArray[np.int64]
    wrong: npt.NDArray[np.int64]
    logarithmic: bool


def joined(ledger: pl.DataFrame, noise: pl.DataFrame) -> pl.DataFrame:
    """The ledger, with `true`, `given` and `wrong` of every sample, from the rows of noise.parquet. Raises Problem for a sample that these
    do not list."""
    labels = noise.select("id", "true", "given", wrong=pl.col("true") != pl.col("given"))
    found = ledger.join(labels, on="id", how="left", maintain_order="left")
    if unknown := found["wrong"].null_count():
        first = found.filter(pl.col("wrong").is_null())["id"][0]
        raise Problem(f"The ledger tells of {unknown} rows that noise.parquet does not list, the first of sample '{first}'.")
    return found


def scores(ledger: pl.DataFrame, noise: pl.DataFrame) -> dict[int, dict[str, Estimate]]:
    """By epoch: AUROC of "this label is wrong" by each of `SIGNS` that the ledger has, precision and recall of the selection, accuracy of
    pseudo-labels. A sample without a value does not count; where none has one, the number is undefined."""
    rows = joined(ledger, noise)
    return {int(epoch): _scores(part) for (epoch,), part in rows.partition_by("epoch", as_dict=True, maintain_order=True).items()}


def _scores(rows: pl.DataFrame) -> dict[str, Estimate]:
    """Of one epoch."""
    found: dict[str, Estimate] = {}
    for column, sign in SIGNS.items():
        if column in rows.columns:
            part = rows.drop_nulls(column)
            found[f"auroc_{column}"] = auroc(sign * part[column].cast(pl.Float64).to_numpy(), part["wrong"].to_numpy())
    if "selected" in rows.columns:
        part = rows.drop_nulls("selected")
        found |= selection(part["selected"].cast(pl.Boolean).to_numpy(), part["wrong"].to_numpy())
    if "pseudo_label" in rows.columns:
        part = rows.drop_nulls("pseudo_label")
        found |= pseudo_labels(_codes(part, "pseudo_label"), _codes(part, "true"), part["wrong"].to_numpy())
    return found


def _codes(rows: pl.DataFrame, column: str) -> npt.NDArray[np.int64]:
    """Labels as indices of the source's classes: names, or such indices already."""
    labels = rows[column]
    return (labels if labels.dtype.is_integer() else labels.cast(rows["true"].dtype).to_physical()).cast(pl.Int64).to_numpy()


def facts(ledger: pl.DataFrame, noise: pl.DataFrame) -> dict[str, Any]:
    """For the result, as JSON can hold it: the estimates of the last epoch, and every metric's values epoch by epoch (None: undefined)."""
    found = scores(ledger, noise)
    names = list(found[max(found)]) if found else []
    return {
        "epochs": sorted(found),
        "values": {name: [found[epoch][name].value for epoch in sorted(found)] for name in names},
        "last": {name: asdict(found[max(found)][name]) for name in names},
    }


def separation(ledger: pl.DataFrame, noise: pl.DataFrame, epoch: int, column: str = "loss", *, bins: int = 40) -> Separation:
    """How this column of the epoch is spread, for samples with right and with wrong labels apart. Losses are binned by their logarithm."""
    rows = joined(ledger.filter(pl.col("epoch") == epoch), noise).drop_nulls(column)
    values, wrong = rows[column].cast(pl.Float64).to_numpy(), rows["wrong"].to_numpy()
    if not len(values):
        raise Problem(f"The ledger holds no {column} of epoch {epoch}.")
    logarithmic = column == "loss"
    placed = np.log10(np.maximum(values, 1e-8)) if logarithmic else values
    edges = np.histogram_bin_edges(placed, bins)
    right, mistaken = (np.histogram(placed[chosen], edges)[0].astype(np.int64) for chosen in (~wrong, wrong))
    return Separation(column, epoch, 10**edges if logarithmic else edges, right, mistaken, logarithmic)


def transition_matrix(noise: dict[str, Any], classes: list[str]) -> npt.NDArray[np.int64]:
    """Counts `[c, c]`, row = true class, column = given label, in the order of these classes, from the facts of a run's label noise."""
    place = {name: number for number, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    for true, row in noise["transitions"].items():
        for given, count in row.items():
            counts[place[true], place[given]] = count
    return counts
