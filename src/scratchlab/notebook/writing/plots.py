"""The pictures of a run: its loss and its accuracy over the epochs, and what each head answered rightly after every session."""

from __future__ import annotations

from scratchlab.metrics.estimate import Estimate
from scratchlab.notebook.writing.svg import Point, chart
from scratchlab.recipe import Values
from scratchlab.report.epochs import Epochs
from scratchlab.store.run import Run


def drawn(run: Run) -> dict[str, str]:
    """SVG by the name of what it shows; of a run without epochs or without sessions, fewer."""
    epochs = Epochs(run.records(), run.recipe()["training"], run.state() == "finished")
    summary = run.json("summary")
    found: dict[str, str] = {}
    if epochs.records:
        names = {"training": "loss"} | ({"validation": "valid_loss"} if epochs.validated else {})
        found["loss"] = chart(f"Loss{_kept(epochs)}", _over(epochs, names), "epoch")
    if epochs.judged:
        found["accuracy"] = chart(
            f"Accuracy{_kept(epochs)}", _over(epochs, epochs.judged), "epoch", share=True, first_colour=int("training" not in epochs.judged)
        )
    if summary and len(summary["heads"][summary["head"]]["sessions"]) > 1:
        found["sessions"] = _sessions(summary["heads"])
    return found


def _over(epochs: Epochs, names: dict[str, str]) -> dict[str, list[Point]]:
    return {called: [Point(record["epoch"] + 1, record[name]) for record in epochs.records] for called, name in names.items()}


def _kept(epochs: Epochs) -> str:
    return f" (epoch {epochs.chosen['epoch'] + 1} kept)" if epochs.chosen else ""


def _sessions(heads: dict[str, Values]) -> str:
    lines: dict[str, list[Point]] = {}
    for name, head in heads.items():
        told = [(session["session"], Estimate(**session["accuracy"])) for session in head["sessions"]]
        lines[f"{name} head"] = [Point(number, one.value, one.low, one.high) for number, one in told if one.value is not None]
    lines = {name: line for name, line in lines.items() if line}
    places = {session["session"]: str(session["session"] or "base") for head in heads.values() for session in head["sessions"]}
    return chart("Accuracy among all classes known, with 95 % intervals", lines, "session", share=True, places=places)
