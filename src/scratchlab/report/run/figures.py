"""Charts of one run's training."""

from __future__ import annotations

from scratchlab.report.charts import Figure, epoch_ticks, escaped, ink, layout, title
from scratchlab.report.epochs import Epochs
from scratchlab.report.lines import look

EDGE = 0.6  # lower end of an axis of epochs
ROW = 17  # height of a row of phase names above a chart, in pixels


def axis_names(quantity: str) -> Figure:
    """The title of an axis of epochs, and the title of its tooltips."""
    return {"title": title(quantity), "unifiedhovertitle": {"text": f"{quantity} %{{x}}"}}


def _figure(data: list[Figure], layout: Figure) -> Figure:
    return {"data": data, "layout": layout}


# -- training -------------------------------------------------------------------------------------------


def _line(epochs: Epochs, values: list[float], label: str, place: int, number_format: str) -> Figure:
    return {
        "x": [record["epoch"] + 1 for record in epochs.records],
        "y": values,
        "mode": "lines+markers" if len(values) <= 30 else "lines",
        "name": escaped(label),
        "line": look(place).line(2.2),
        "marker": look(place).marker(5),
        "hovertemplate": f"{escaped(label)}  %{{y:{number_format}}}<extra></extra>",
    }


def _over_epochs(epochs: Epochs, lines: dict[str, list[float]], number_format: str, y: Figure, *, mark: str = "", first: int = 0) -> Figure:
    """A chart of lines over the epochs. `mark`: end of the chart ("top" or "bottom") at which the selected epoch is named, or empty."""
    data = [_line(epochs, values, label, first + place, number_format) for place, (label, values) in enumerate(lines.items())]
    count = len(epochs.records)
    axis = {**axis_names("epoch"), "range": [EDGE, count + 0.4], **epoch_ticks(count)}
    extra = marked(epochs, mark)
    return _figure(data, layout(290, hovermode="x unified", showlegend=len(lines) > 1, xaxis=axis, yaxis={"nticks": 6, **y}, **extra))


def marked(epochs: Epochs, mark: str) -> Figure:
    """Marks for a chart over epochs: a dotted line at the selected epoch, named at the "top" or "bottom" (none if `mark` is empty), and, if
    there are several phases, a line before each, with its name above the chart."""
    kept = [_kept(epochs, mark)] if mark and epochs.chosen else []
    phases, rows = _phases(epochs)
    marks = kept + phases
    room: Figure = {
        "margin": {"l": 8, "r": 12, "t": 8 + ROW * rows, "b": 8},
        "legend": {"orientation": "h", "x": 0, "y": 1.02 + 0.085 * rows, "yanchor": "bottom"},
    }
    return ({"shapes": [shape for shape, _ in marks], "annotations": [text for _, text in marks]} if marks else {}) | (room if rows else {})


def _kept(epochs: Epochs, mark: str) -> tuple[Figure, Figure]:
    at = (epochs.chosen or {})["epoch"] + 1
    left = at > len(epochs.records) / 2
    side = {"xanchor": "right", "xshift": -5} if left else {"xanchor": "left", "xshift": 5}
    return _vertical(at, "dot"), _text(at, f"epoch {at}, selected") | {"y": int(mark == "top"), "yanchor": mark, **side}


def _phases(epochs: Epochs) -> tuple[list[tuple[Figure, Figure]], int]:
    """A line and a name for each phase, and the rows that the names take: two, alternating, if a phase is too short for its name."""
    phases = epochs.phases
    rows = min(len(phases), 2 if any(phase.epochs < 0.3 * len(epochs.records) for phase in phases) else 1)
    begins = [max(phase.first - 0.5, EDGE) for phase in phases]
    above = [{"y": 1, "yanchor": "bottom", "yshift": ROW * (place % rows), "xanchor": "left"} for place in range(len(phases))]
    placed = zip(phases, begins, above, strict=True)
    return [(_vertical(at, "solid"), _text(at, phase.name) | place) for phase, at, place in placed], rows


def _vertical(at: float, dash: str) -> Figure:
    line = {"color": ink("quiet"), "width": 1, "dash": dash}
    return {"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line}


def _text(at: float, text: str) -> Figure:
    return {"x": at, "yref": "paper", "text": escaped(text), "showarrow": False, "font": {"size": 12}}


def losses(epochs: Epochs) -> Figure:
    """Training and validation loss."""
    lines = {"training": [record["loss"] for record in epochs.records]}
    if epochs.validated:
        lines["validation"] = [record["valid_loss"] for record in epochs.records]
    return _over_epochs(epochs, lines, ".3f", {"rangemode": "tozero"}, mark="top")


def accuracies(epochs: Epochs) -> Figure:
    """Accuracy on training rows without augmentation, if it was measured, and on validation rows."""
    lines = {label: [record[key] for record in epochs.records] for label, key in epochs.accuracy_keys.items()}
    return _over_epochs(epochs, lines, ".1%", {"tickformat": ".0%"}, mark="bottom", first=int("training" not in lines))


def rates(epochs: Epochs) -> Figure:
    """Learning rate of each parameter group, halfway through each epoch."""
    lines = {group: [record["rates"][group] for record in epochs.records] for group in epochs.records[0]["rates"]}
    return _over_epochs(epochs, lines, ".3g", {"rangemode": "tozero"})


def speed(epochs: Epochs) -> Figure:
    """Inputs per CPU-second."""
    values = [record["inputs"] / max(record["cpu_seconds"], 1e-3) for record in epochs.records]
    return _over_epochs(epochs, {"inputs per CPU-second": values}, ",.0f", {"rangemode": "tozero", "tickformat": ",.0f"})
