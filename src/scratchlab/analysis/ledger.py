"""Scores of the training ledger against the true labels: how well its columns identify wrong labels.

Training does not use them. The ledger has one row per training sample and epoch: id, epoch, loss and, depending on the method, weight,
selected, pseudo_label, clean_posterior and agreement, null if a sample has no value.
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
"""Columns that separate wrong from right labels: 1 if larger values indicate wrong labels, -1 if they indicate right labels."""


@dataclass(frozen=True)
class Separation:
    """Histograms of one column in one epoch, for samples with right and with wrong labels.

    edges: `[bins + 1]`. right, wrong: counts `[bins]`. logarithmic: whether bins have equal width in the logarithm.
    """

    column: str
    epoch: int
    edges: npt.NDArray[np.float64]
    right: npt.NDArray[np.int64]
    wrong: npt.NDArray[np.int64]
    logarithmic: bool


def joined(ledger: pl.DataFrame, noise: pl.DataFrame) -> pl.DataFrame:
    """The ledger with the columns `true`, `given` and `wrong` of every sample, from noise.parquet. Raises Problem if noise.parquet lacks a
    sample."""
    labels = noise.select("id", "true", "given", wrong=pl.col("true") != pl.col("given"))
    rows = ledger.join(labels, on="id", how="left", maintain_order="left")
    if unknown := rows["wrong"].null_count():
        first = rows.filter(pl.col("wrong").is_null())["id"][0]
        raise Problem(f"noise.parquet lacks the samples of {unknown} rows of the ledger, the first of which is '{first}'.")
    return rows


def scores(ledger: pl.DataFrame, noise: pl.DataFrame) -> dict[int, dict[str, Estimate]]:
    """By epoch: AUROC of "this label is wrong" for each column of `SIGNS` in the ledger, precision and recall of the selection, accuracy of
    pseudo-labels. Samples without a value are left out; a score without any sample is undefined."""
    rows = joined(ledger, noise)
    return {int(epoch): _scores(part) for (epoch,), part in rows.partition_by("epoch", as_dict=True, maintain_order=True).items()}


def _scores(rows: pl.DataFrame) -> dict[str, Estimate]:
    """The scores of one epoch."""
    estimates: dict[str, Estimate] = {}
    for column, sign in SIGNS.items():
        if column in rows.columns:
            part = rows.drop_nulls(column)
            estimates[f"auroc_{column}"] = auroc(sign * part[column].cast(pl.Float64).to_numpy(), part["wrong"].to_numpy())
    if "selected" in rows.columns:
        part = rows.drop_nulls("selected")
        estimates |= selection(part["selected"].cast(pl.Boolean).to_numpy(), part["wrong"].to_numpy())
    if "pseudo_label" in rows.columns:
        part = rows.drop_nulls("pseudo_label")
        estimates |= pseudo_labels(_codes(part, "pseudo_label"), _codes(part, "true"), part["wrong"].to_numpy())
    return estimates


def _codes(rows: pl.DataFrame, column: str) -> npt.NDArray[np.int64]:
    """Labels, given as names or indices, as indices of the source's classes."""
    labels = rows[column]
    return (labels if labels.dtype.is_integer() else labels.cast(rows["true"].dtype).to_physical()).cast(pl.Int64).to_numpy()


def facts(ledger: pl.DataFrame, noise: pl.DataFrame) -> dict[str, Any]:
    """The scores as JSON values for the result: the estimates of the last epoch, and each score by epoch (None: undefined)."""
    by_epoch = scores(ledger, noise)
    names = list(by_epoch[max(by_epoch)]) if by_epoch else []
    return {
        "epochs": sorted(by_epoch),
        "values": {name: [by_epoch[epoch][name].value for epoch in sorted(by_epoch)] for name in names},
        "last": {name: asdict(by_epoch[max(by_epoch)][name]) for name in names},
    }


def separation(ledger: pl.DataFrame, noise: pl.DataFrame, epoch: int, column: str = "loss", *, bins: int = 40) -> Separation:
    """Histograms of a column in one epoch for samples with right and with wrong labels. Losses are binned by their logarithm."""
    rows = joined(ledger.filter(pl.col("epoch") == epoch), noise).drop_nulls(column)
    values, wrong = rows[column].cast(pl.Float64).to_numpy(), rows["wrong"].to_numpy()
    if not len(values):
        raise Problem(f"The ledger has no {column} in epoch {epoch}.")
    logarithmic = column == "loss"
    scaled = np.log10(np.maximum(values, 1e-8)) if logarithmic else values
    edges = np.histogram_bin_edges(scaled, bins)
    right, mistaken = (np.histogram(scaled[chosen], edges)[0].astype(np.int64) for chosen in (~wrong, wrong))
    return Separation(column, epoch, 10**edges if logarithmic else edges, right, mistaken, logarithmic)


def transition_matrix(noise: dict[str, Any], classes: list[str]) -> npt.NDArray[np.int64]:
    """Counts `[c, c]`, row = true class, column = given label, in the order of `classes`, from the facts of a run's label noise."""
    place = {name: number for number, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    for true, row in noise["transitions"].items():
        for given, count in row.items():
            counts[place[true], place[given]] = count
    return counts
