"""The charts of kernels: how far layers are aligned with the labels, how far they have come from their beginning, how alike they are."""

from __future__ import annotations

import numpy as np

from scratchlab.report import matrices
from scratchlab.report.charts import Figure, ink, layout, said
from scratchlab.report.epochs import Epochs
from scratchlab.report.run.figures import counted, marked, ticks
from scratchlab.report.run.readings import AVERAGE, NAMES, Readings
from scratchlab.report.words import number

DEPTHS = 8  # colours from the first layer to the last
TOLD = 12  # lines up to which the pointer tells all of them at once
MARKED = 30  # readings up to which each has its mark
DASH = {"train": "solid", "valid": "dash"}


def figures(found: Readings, epochs: Epochs) -> dict[str, Figure]:
    """`kernels-last`, `kernels-start`, `kernels-SET` of each set where there are several layers, `kernels-layers` if they were compared."""
    made = {"kernels-last": _last(found, epochs), "kernels-start": _start(found)}
    if len(found.layers) > 1:
        made |= {f"kernels-{which}": _every(found, which) for which in found.sets}
    return made | ({"kernels-layers": _layers(found)} if found.paired else {})


def depth(found: Readings, layer: str) -> str:
    """The CSS property of the colour of a layer, by its place among them."""
    last = len(found.layers) - 1
    return f"depth-{1 + round((DEPTHS - 1) * found.layers.index(layer) / last) if last else DEPTHS}"


def _last(found: Readings, epochs: Epochs) -> Figure:
    """The last layer in training and validation, and of the queries where the weights were kept."""
    layer = found.layers[-1]
    colour = ink(depth(found, layer))
    lines = [_line(found, found.over("target", which, layer), NAMES[which], colour, 2.4, DASH[which]) for which in found.sets]
    if epochs.chosen is not None and (value := found.last("target", "query", layer).value) is not None:
        point = _line(found, [value], NAMES["query"], colour, 0)
        point |= {"x": [epochs.chosen["epoch"] + 1], "mode": "markers", "marker": {"size": 11, "symbol": "diamond", "color": colour}}
        lines.append(point)
    free = "bottom" if (found.last("target", found.judged, layer).value or 0.0) > 0.25 else "top"
    return _over(found, lines, _range(found), showlegend=True, **marked(epochs, free))


def _every(found: Readings, which: str) -> Figure:
    """Every layer of one set, and the average."""
    lines = [_line(found, found.over("target", which, name), name, ink(depth(found, name)), 2) for name in found.layers]
    lines.append(_line(found, found.over("target", which, AVERAGE), AVERAGE, ink("ink"), 1.6, "dot"))
    return _over(found, lines, _range(found))


def _start(found: Readings) -> Figure:
    """Every layer with its beginning."""
    values = {name: found.over("start", found.judged, name) for name in found.layers}
    lines = [_line(found, values[name], name, ink(depth(found, name)), 2) for name in found.layers]
    return _over(found, lines, _wide(list(values.values()), 0.5, 1.0))


def _line(found: Readings, values: list[float | None], called: str, colour: str, width: float, dash: str = "solid") -> Figure:
    return {
        "x": found.shown,
        "y": [None if value is None else round(value, 4) for value in values],
        "mode": "lines+markers" if len(values) <= MARKED else "lines",
        "name": said(called),
        "line": {"color": colour, "width": width, "dash": dash},
        "marker": {"size": 5},
        "hovertemplate": f"{said(called)}  %{{y:.3f}}<extra></extra>",
    }


def _over(found: Readings, lines: list[Figure], y: Figure, **more: Figure | bool) -> Figure:
    """Lines over the epochs, from before the first."""
    room = 0.03 * found.epochs[-1] + 0.05
    axis = {**counted("epoch"), "range": [-room, found.epochs[-1] + room], **ticks(int(found.epochs[-1]))}
    together = "x unified" if len(lines) <= TOLD else "closest"
    return {"data": lines, "layout": layout(290, hovermode=together, xaxis=axis, yaxis=y, **more)}


def _range(found: Readings) -> Figure:
    """The same for all charts of alignment with the labels, so that they compare."""
    return _wide([found.over("target", which, name) for which in found.sets for name in found.layers], 0.0, 0.5)


def _wide(lines: list[list[float | None]], low: float, high: float) -> Figure:
    """An axis that holds the lines, and at least this range, so that what is hardly more than chance does not look like much."""
    values = [low, high, *(value for line in lines for value in line if value is not None)]
    room = 0.06 * (max(values) - min(values))
    return {"range": [min(values) - room, max(values) + room], "nticks": 6}


def _layers(found: Readings) -> Figure:
    """Every layer with every other, after the last reading."""
    every = [[found.between(one, other).value for other in found.layers] for one in found.layers]
    values = np.array([[np.nan if value is None else value for value in row] for row in every], dtype=np.float64)
    told = [[f"{one} and {other}  {number(values[i, j])}" for j, other in enumerate(found.layers)] for i, one in enumerate(found.layers)]
    written = [[f"{value:.2f}".replace("-", "−") for value in row] for row in values]
    names = _endings(found.layers)
    return matrices.matrix([matrices.cells(np.isfinite(values), values, 1.0, "right", told, written)], names, len(names))


def _endings(layers: list[str]) -> list[str]:
    """Names for an axis, which is too short for most: it is their ends that differ."""
    return [name if len(name) <= matrices.LONGEST else "…" + name[1 - matrices.LONGEST :] for name in layers]
