"""Square matrices as heat maps: true against predicted classes, or layers against layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from scratchlab.analysis.confusion import Confusion
from scratchlab.report.charts import Figure, brief, escaped, ink, layout
from scratchlab.report.words import percent

LONGEST = 14  # characters of a class name on an axis
WRITTEN = 12  # classes up to which the cells contain numbers

Bools = npt.NDArray[np.bool_]
Fractions = npt.NDArray[np.float64]


def matrix(data: list[Figure], classes: Sequence[str], parted: int) -> Figure:
    """Heat-map layers in one square; dotted lines separate the first `parted` classes from any others."""
    names, size = [brief(name, LONGEST) for name in classes], len(classes)
    longest = max(min(len(name), LONGEST) for name in classes)
    cell = min(36, 330 // size) if size <= WRITTEN else 26 if size <= 20 else 20  # with short names, ten or twelve classes fit a phone
    margin = 14 + int(6.5 * longest)
    width = cell * size + margin + 12
    margins = {"l": margin, "b": margin, "t": 4, "r": 8}
    ticks = {"tickvals": list(range(size)), "ticktext": names, "tickfont": {"size": 11}, "showgrid": False, "automargin": False}
    x_axis = {**ticks, "range": [-0.5, size - 0.5], "tickangle": 0 if longest <= 3 else -90}
    y_axis = {**ticks, "range": [size - 0.5, -0.5]}
    frame = layout(width, width=width, margin=margins, shapes=_borders(parted, size), xaxis=x_axis, yaxis=y_axis)
    return {"data": data, "layout": frame}


def first(classes: Mapping[str, str]) -> int:
    """Number of leading classes that belong to the same part as the first class; dotted lines separate the others."""
    parts = list(classes.values())
    return next((place for place, part in enumerate(parts) if part != parts[0]), len(parts))


def cells(where: Bools, depth: Fractions, deepest: float, colour: str, tooltips: list[list[str]], texts: list[list[str]]) -> Figure:
    """One layer: the cells `where` `[c, c]`, coloured by `depth` / `deepest`, with tooltips; `texts` are written in if classes are few."""
    places = range(len(where))
    layer: Figure = {
        "type": "heatmap",
        "z": [[round(float(depth[i, j]), 4) if where[i, j] else None for j in places] for i in places],
        "zmin": 0,
        "zmax": deepest,
        "colorscale": [[0, ink(f"{colour}-least")], [1, ink(f"{colour}-most")]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "customdata": [[escaped(text) for text in row] for row in tooltips],
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
    }
    if len(where) <= WRITTEN:
        layer["text"] = [[escaped(texts[i][j]) if where[i, j] else "" for j in places] for i in places]
        layer |= {"texttemplate": "%{text}", "textfont": {"size": 12}}
    return layer


def cell_meaning(classes: Sequence[str], i: int, j: int) -> str:
    """The meaning of a cell: `four classified correctly`, `four classified as nine`."""
    return f"{classes[i]} classified {'correctly' if i == j else f'as {classes[j]}'}"


def _borders(parted: int, size: int) -> list[Figure]:
    line = {"type": "line", "line": {"color": ink("quiet"), "width": 1, "dash": "dot"}}
    at, begin, end = parted - 0.5, -0.5, size - 0.5
    lines = [line | {"x0": at, "x1": at, "y0": begin, "y1": end}, line | {"x0": begin, "x1": end, "y0": at, "y1": at}]
    return lines if parted < size else []


def confusion(head: Confusion, parted: int, worst: float) -> Figure:
    """Fractions by true class: correct predictions in one colour, errors in another, scaled to `worst`; empty cells have no colour.

    The depth of an error's colour grows with the square root of its fraction, so that rare errors are visible beside frequent ones.
    """
    places = range(len(head.classes))
    tooltips = [[_fraction(head, i, j) for j in places] for i in places]
    texts = [[f"{100 * fraction:.0f}" if fraction >= 0.005 else "<1" for fraction in row] for row in head.fractions.tolist()]
    right, present = np.eye(len(head.classes), dtype=bool), head.counts > 0
    layers = [
        cells(right & present, head.fractions, 1.0, "right", tooltips, texts),
        cells(~right & present, np.sqrt(head.fractions), worst**0.5, "wrong", tooltips, texts),
    ]
    return matrix(layers, head.classes, parted)


def _fraction(head: Confusion, i: int, j: int) -> str:
    total = int(head.counts[i].sum())
    return f"{cell_meaning(head.classes, i, j)}: {head.counts[i, j]} of {total}, {percent(head.fractions[i, j])}"
