"""Charts of CKA: of layers with the labels, with themselves before training, and with each other."""

from __future__ import annotations

import numpy as np

from scratchlab.report import matrices
from scratchlab.report.charts import Figure, epoch_ticks, escaped, ink, layout
from scratchlab.report.epochs import Epochs
from scratchlab.report.run.figures import axis_names, marked
from scratchlab.report.run.readings import AVERAGE, NAMES, Readings
from scratchlab.report.words import number

DEPTHS = 8  # colours from the first layer to the last
UNIFIED = 12  # lines up to which a tooltip shows all of them at once
MARKED = 30  # points of a line up to which each has a mark
DASH = {"train": "solid", "valid": "dash"}


def figures(readings: Readings, epochs: Epochs) -> dict[str, Figure]:
    """`kernels-last`, `kernels-start`, `kernels-SET` for each set if there are several layers, `kernels-layers` if layers were compared."""
    charts = {"kernels-last": _last(readings, epochs), "kernels-start": _start(readings)}
    if len(readings.layers) > 1:
        charts |= {f"kernels-{which}": _layers_of(readings, which) for which in readings.sets}
    return charts | ({"kernels-layers": _layers(readings)} if readings.paired else {})


def depth(readings: Readings, layer: str) -> str:
    """The CSS property of a layer's colour, by its depth."""
    last = len(readings.layers) - 1
    return f"depth-{1 + round((DEPTHS - 1) * readings.layers.index(layer) / last) if last else DEPTHS}"


def _last(readings: Readings, epochs: Epochs) -> Figure:
    """The last layer on training and validation data, and on the queries at the selected epoch."""
    layer = readings.layers[-1]
    colour = ink(depth(readings, layer))
    lines = [_line(readings, readings.over("target", which, layer), NAMES[which], colour, 2.4, DASH[which]) for which in readings.sets]
    if epochs.chosen is not None and (value := readings.last("target", "query", layer).value) is not None:
        point = _line(readings, [value], NAMES["query"], colour, 0)
        point |= {"x": [epochs.chosen["epoch"] + 1], "mode": "markers", "marker": {"size": 11, "symbol": "diamond", "color": colour}}
        lines.append(point)
    free_end = "bottom" if (readings.last("target", readings.main_set, layer).value or 0.0) > 0.25 else "top"
    return _over_epochs(readings, lines, _range(readings), showlegend=True, **marked(epochs, free_end))


def _layers_of(readings: Readings, which: str) -> Figure:
    """Every layer on one set, and their average."""
    lines = [_line(readings, readings.over("target", which, name), name, ink(depth(readings, name)), 2) for name in readings.layers]
    lines.append(_line(readings, readings.over("target", which, AVERAGE), AVERAGE, ink("ink"), 1.6, "dot"))
    return _over_epochs(readings, lines, _range(readings))


def _start(readings: Readings) -> Figure:
    """Every layer with itself before training."""
    values = {name: readings.over("start", readings.main_set, name) for name in readings.layers}
    lines = [_line(readings, values[name], name, ink(depth(readings, name)), 2) for name in readings.layers]
    return _over_epochs(readings, lines, _axis_range(list(values.values()), 0.5, 1.0))


def _line(readings: Readings, values: list[float | None], label: str, colour: str, width: float, dash: str = "solid") -> Figure:
    return {
        "x": readings.shown,
        "y": [None if value is None else round(value, 4) for value in values],
        "mode": "lines+markers" if len(values) <= MARKED else "lines",
        "name": escaped(label),
        "line": {"color": colour, "width": width, "dash": dash},
        "marker": {"size": 5},
        "hovertemplate": f"{escaped(label)}  %{{y:.3f}}<extra></extra>",
    }


def _over_epochs(readings: Readings, lines: list[Figure], y: Figure, **more: Figure | bool) -> Figure:
    """A chart of lines over the epochs, beginning before the first."""
    room = 0.03 * readings.epochs[-1] + 0.05
    axis = {**axis_names("epoch"), "range": [-room, readings.epochs[-1] + room], **epoch_ticks(readings.epochs[-1])}
    hover = "x unified" if len(lines) <= UNIFIED else "closest"
    return {"data": lines, "layout": layout(290, hovermode=hover, xaxis=axis, yaxis=y, **more)}


def _range(readings: Readings) -> Figure:
    """The range that all charts of CKA with the labels share, so that they can be compared."""
    return _axis_range([readings.over("target", which, name) for which in readings.sets for name in readings.layers], 0.0, 0.5)


def _axis_range(lines: list[list[float | None]], low: float, high: float) -> Figure:
    """An axis range that contains the lines and at least `low` to `high`, so that small differences do not look large."""
    values = [low, high, *(value for line in lines for value in line if value is not None)]
    room = 0.06 * (max(values) - min(values))
    return {"range": [min(values) - room, max(values) + room], "nticks": 6}


def _layers(readings: Readings) -> Figure:
    """The CKA of every two layers at the last measurement."""
    cka = [[readings.between(a, b).value for b in readings.layers] for a in readings.layers]
    values = np.array([[np.nan if value is None else value for value in row] for row in cka], dtype=np.float64)
    tooltips = [[f"{a} and {b}  {number(values[i, j])}" for j, b in enumerate(readings.layers)] for i, a in enumerate(readings.layers)]
    texts = [[f"{value:.2f}".replace("-", "−") for value in row] for row in values]
    names = _shortened(readings.layers)
    return matrices.matrix([matrices.cells(np.isfinite(values), values, 1.0, "right", tooltips, texts)], names, len(names))


def _shortened(layers: list[str]) -> list[str]:
    """The layers' names, cut at the front to fit an axis, because names differ at their ends."""
    return [name if len(name) <= matrices.LONGEST else "…" + name[1 - matrices.LONGEST :] for name in layers]
