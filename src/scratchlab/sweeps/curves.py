"""The curves of a run over its epochs, named like the columns of a sweep's table."""

from __future__ import annotations

from typing import Any

from scratchlab.store.run import Run

EPOCH_COLUMNS = {"loss": "train.loss", "train_accuracy": "train.accuracy", "valid_loss": "valid.loss", "valid_accuracy": "valid.accuracy"}

Curve = dict[float, float]
"""Values by the number of completed epochs: 0 is before the first, 1.5 in the middle of the second."""


def curves(run: Run) -> dict[str, Curve]:
    """Losses and accuracies, and `cka.SET.LAYER`, debiased, with layers in the network's order; undefined values are left out."""
    values: dict[str, Curve] = {}
    records = run.records()
    for record in records:
        for key, name in EPOCH_COLUMNS.items():
            if key in record:
                values.setdefault(name, {})[record["epoch"] + 1] = record[key]
    for row in (row for record in records for row in record.get("kernels", ())):
        if row["kind"] == "target" and row["debiased"] is not None:
            values.setdefault(cka_column(row), {})[row["epoch"]] = row["debiased"]
    return values


def cka_column(row: dict[str, Any]) -> str:
    """The column of a layer's CKA with the labels."""
    return f"cka.{row['set']}.{row['layer']}"
