"""The charts of one run: its confusion matrices, and its training."""

from __future__ import annotations

import numpy as np

from scratchlab.analysis.confusion import Confusion
from scratchlab.report import matrices
from scratchlab.report.charts import Figure, ink, layout, said, title
from scratchlab.report.epochs import Epochs
from scratchlab.report.lines import look
from scratchlab.report.words import percent

EDGE = 0.6  # where an axis of epochs begins
ROW = 17  # pixels of a row of names above a chart


def counted(what: str) -> Figure:
    """The names of an axis that counts epochs: below it, and above what the pointer shows."""
    return {"title": title(what), "unifiedhovertitle": {"text": f"{what} %{{x}}"}}


def _figure(data: list[Figure], layout: Figure) -> Figure:
    return {"data": data, "layout": layout}


# -- mistakes -------------------------------------------------------------------------------------------


def confusion(found: Confusion, parted: int, worst: float) -> Figure:
    """Shares by true class: right answers in one colour, mistakes in another, up to `worst`; where there is no mistake, no colour.

    The depth of a mistake's colour grows as the root of its share, so that the rare ones are seen beside the common.
    """
    places = range(len(found.classes))
    told = [[_told(found, i, j) for j in places] for i in places]
    written = [[f"{100 * share:.0f}" if share >= 0.005 else "<1" for share in row] for row in found.shares.tolist()]
    right, shown = np.eye(len(found.classes), dtype=bool), found.counts > 0
    layers = [
        matrices.cells(right & shown, found.shares, 1.0, "right", told, written),
        matrices.cells(~right & shown, np.sqrt(found.shares), worst**0.5, "wrong", told, written),
    ]
    return matrices.matrix(layers, found.classes, parted)


def _told(found: Confusion, i: int, j: int) -> str:
    total = int(found.counts[i].sum())
    return f"{matrices.answered(found.classes, i, j)}: {found.counts[i, j]} of {total}, {percent(found.shares[i, j])}"


# -- training -------------------------------------------------------------------------------------------


def _line(epochs: Epochs, values: list[float], called: str, place: int, form: str) -> Figure:
    return {
        "x": [record["epoch"] + 1 for record in epochs.records],
        "y": values,
        "mode": "lines+markers" if len(values) <= 30 else "lines",
        "name": said(called),
        "line": look(place).line(2.2),
        "marker": look(place).marker(5),
        "hovertemplate": f"{said(called)}  %{{y:{form}}}<extra></extra>",
    }


def _over_epochs(epochs: Epochs, lines: dict[str, list[float]], form: str, y: Figure, *, mark: str = "", first: int = 0) -> Figure:
    """Lines over the epochs; `mark` says at which end of the chart the chosen one is named, if at all."""
    data = [_line(epochs, values, called, first + place, form) for place, (called, values) in enumerate(lines.items())]
    count = len(epochs.records)
    axis = {**counted("epoch"), "range": [EDGE, count + 0.4], **ticks(count)}
    extra = marked(epochs, mark)
    return _figure(data, layout(290, hovermode="x unified", showlegend=len(lines) > 1, xaxis=axis, yaxis={"nticks": 6, **y}, **extra))


def marked(epochs: Epochs, mark: str) -> Figure:
    """A dotted line at the chosen epoch, once there is one, with its name at the "top" or the "bottom" (neither where `mark` is empty);
    where there are several phases, a line before each, and its name above the chart."""
    kept = [_kept(epochs, mark)] if mark and epochs.chosen else []
    phases, rows = _phases(epochs)
    found = kept + phases
    room: Figure = {
        "margin": {"l": 8, "r": 12, "t": 8 + ROW * rows, "b": 8},
        "legend": {"orientation": "h", "x": 0, "y": 1.02 + 0.085 * rows, "yanchor": "bottom"},
    }
    return ({"shapes": [shape for shape, _ in found], "annotations": [text for _, text in found]} if found else {}) | (room if rows else {})


def _kept(epochs: Epochs, mark: str) -> tuple[Figure, Figure]:
    at = (epochs.chosen or {})["epoch"] + 1
    left = at > len(epochs.records) / 2
    beside = {"xanchor": "right", "xshift": -5} if left else {"xanchor": "left", "xshift": 5}
    return _upright(at, "dot"), _text(at, f"epoch {at}, kept") | {"y": int(mark == "top"), "yanchor": mark, **beside}


def _phases(epochs: Epochs) -> tuple[list[tuple[Figure, Figure]], int]:
    """A line and a name each, and how many rows the names take: two by turns where a phase is too short for its name."""
    phases = epochs.phases
    rows = min(len(phases), 2 if any(one.epochs < 0.3 * len(epochs.records) for one in phases) else 1)
    begins = [max(one.first - 0.5, EDGE) for one in phases]
    above = [{"y": 1, "yanchor": "bottom", "yshift": ROW * (place % rows), "xanchor": "left"} for place in range(len(phases))]
    named = zip(phases, begins, above, strict=True)
    return [(_upright(at, "solid"), _text(at, one.name) | place) for one, at, place in named], rows


def _upright(at: float, dash: str) -> Figure:
    line = {"color": ink("quiet"), "width": 1, "dash": dash}
    return {"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line}


def _text(at: float, text: str) -> Figure:
    return {"x": at, "yref": "paper", "text": said(text), "showarrow": False, "font": {"size": 12}}


def ticks(count: int) -> Figure:
    """Every epoch has its number on the axis, unless there are many."""
    return {"dtick": 1} if count <= 10 else {"nticks": 8}


def losses(epochs: Epochs) -> Figure:
    """Training and validation loss."""
    lines = {"training": [record["loss"] for record in epochs.records]}
    if epochs.validated:
        lines["validation"] = [record["valid_loss"] for record in epochs.records]
    return _over_epochs(epochs, lines, ".3f", {"rangemode": "tozero"}, mark="top")


def accuracies(epochs: Epochs) -> Figure:
    """On training rows without augmentation, if they were judged, and on the validation rows."""
    lines = {called: [record[name] for record in epochs.records] for called, name in epochs.judged.items()}
    return _over_epochs(epochs, lines, ".1%", {"tickformat": ".0%"}, mark="bottom", first=int("training" not in lines))


def rates(epochs: Epochs) -> Figure:
    """Learning rate of each parameter group, halfway through each epoch."""
    lines = {group: [record["rates"][group] for record in epochs.records] for group in epochs.records[0]["rates"]}
    return _over_epochs(epochs, lines, ".3g", {"rangemode": "tozero"})


def speed(epochs: Epochs) -> Figure:
    """Inputs per CPU-second."""
    values = [record["inputs"] / max(record["cpu_seconds"], 1e-3) for record in epochs.records]
    return _over_epochs(epochs, {"inputs per CPU-second": values}, ",.0f", {"rangemode": "tozero", "tickformat": ",.0f"})
