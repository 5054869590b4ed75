"""The charts of a run: loss and accuracy by epoch, and the first metric of each head by context."""

from __future__ import annotations

from scratchlab.notebook.writing.svg import Point, chart
from scratchlab.report import words
from scratchlab.report.epochs import Epochs
from scratchlab.result import Head, Result
from scratchlab.store.run import Run


def charts(run: Run) -> dict[str, str]:
    """The SVG charts by name: `loss`, `accuracy`, `contexts`; without epochs or with a single context, fewer."""
    epochs = Epochs.of(run)
    result = run.result()
    found: dict[str, str] = {}
    if epochs.records:
        names = {"training": "loss"} | ({"validation": "valid_loss"} if epochs.validated else {})
        found["loss"] = chart(f"Loss{_kept_epoch(epochs)}", _over(epochs, names), "epoch")
    if epochs.accuracy_keys:
        found["accuracy"] = chart(
            f"Accuracy{_kept_epoch(epochs)}",
            _over(epochs, epochs.accuracy_keys),
            "epoch",
            percent=True,
            first_colour=int("training" not in epochs.accuracy_keys),
        )
    if result and len(result.head.rows) > 1:
        found["contexts"] = _contexts(result)
    return found


def _over(epochs: Epochs, names: dict[str, str]) -> dict[str, list[Point]]:
    return {called: [Point(record["epoch"] + 1, record[name]) for record in epochs.records] for called, name in names.items()}


def _kept_epoch(epochs: Epochs) -> str:
    return f" (epoch {epochs.chosen['epoch'] + 1} kept)" if epochs.chosen else ""


def _contexts(result: Result) -> str:
    contexts = [row.context for row in result.head.rows]
    metric = next(iter(result.head.rows[0].metrics))
    lines = {f"{name} head": _line(head, metric) for name, head in result.heads.items()}
    places = {number: " ".join(str(value) for value in context.values()) for number, context in enumerate(contexts)}
    title = f"{words.name(metric)}, with 95 % intervals"
    return chart(title, {name: line for name, line in lines.items() if line}, " ".join(contexts[0]), percent=True, labels=places)


def _line(head: Head, metric: str) -> list[Point]:
    found = [(number, row.metrics[metric]) for number, row in enumerate(head.rows)]
    return [Point(number, estimate.value, estimate.low, estimate.high) for number, estimate in found if estimate.value is not None]
