"""How a run went, epoch by epoch, under the names that its last values have in a sweep's table."""

from __future__ import annotations

from typing import Any

from scratchlab.store.run import Run

OF_EPOCH = {"loss": "train.loss", "train_accuracy": "train.accuracy", "valid_loss": "valid.loss", "valid_accuracy": "valid.accuracy"}

Curve = dict[float, float]
"""Values by the number of epochs done: 0 is before the first, 1.5 in the middle of the second."""


def curves(run: Run) -> dict[str, Curve]:
    """Losses and accuracies, and `cka.SET.LAYER`, debiased, of layers in the network's order; without what is undefined."""
    found: dict[str, Curve] = {}
    records = run.records()
    for record in records:
        for name, called in OF_EPOCH.items():
            if name in record:
                found.setdefault(called, {})[record["epoch"] + 1] = record[name]
    for row in (row for record in records for row in record.get("kernels", ())):
        if row["kind"] == "target" and row["debiased"] is not None:
            found.setdefault(kernel(row), {})[row["epoch"]] = row["debiased"]
    return found


def kernel(row: dict[str, Any]) -> str:
    """What the alignment of a layer with the labels is called."""
    return f"cka.{row['set']}.{row['layer']}"
