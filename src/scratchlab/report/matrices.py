"""Square matrices as pictures: classes down and answers across, or layers with layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from scratchlab.report.charts import Figure, brief, ink, layout, said

LONGEST = 14  # letters of a class name on an axis
WRITTEN = 12  # classes up to which a matrix has its numbers written in

Bools = npt.NDArray[np.bool_]
Shares = npt.NDArray[np.float64]


def matrix(data: list[Figure], classes: Sequence[str], parted: int) -> Figure:
    """Layers of cells in one square; dotted lines after the first `parted` classes, if there are more."""
    names, size = [brief(name, LONGEST) for name in classes], len(classes)
    longest = max(min(len(name), LONGEST) for name in classes)
    cell = min(36, 330 // size) if size <= WRITTEN else 26 if size <= 20 else 20  # with short names ten or twelve fit a telephone
    margin = 14 + int(6.5 * longest)
    width = cell * size + margin + 12
    around = {"l": margin, "b": margin, "t": 4, "r": 8}
    ticks = {"tickvals": list(range(size)), "ticktext": names, "tickfont": {"size": 11}, "showgrid": False, "automargin": False}
    across = {**ticks, "range": [-0.5, size - 0.5], "tickangle": 0 if longest <= 3 else -90}
    down = {**ticks, "range": [size - 0.5, -0.5]}
    whole = layout(width, width=width, margin=around, shapes=_borders(parted, size), xaxis=across, yaxis=down)
    return {"data": data, "layout": whole}


def first(classes: Mapping[str, str]) -> int:
    """How many classes, in their order, belong to the part of the first; the rest is parted from them by dotted lines."""
    parts = list(classes.values())
    return next((place for place, part in enumerate(parts) if part != parts[0]), len(parts))


def cells(where: Bools, depth: Shares, deepest: float, colour: str, told: list[list[str]], written: list[list[str]]) -> Figure:
    """One layer: the cells `where` `[c, c]`, as deep in colour as `depth` of `deepest`; `told` by the pointer, `written` if few."""
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
        "customdata": [[said(text) for text in row] for row in told],
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
    }
    if len(where) <= WRITTEN:
        layer["text"] = [[said(written[i][j]) if where[i, j] else "" for j in places] for i in places]
        layer |= {"texttemplate": "%{text}", "textfont": {"size": 12}}
    return layer


def answered(classes: Sequence[str], i: int, j: int) -> str:
    """What row and column of a cell mean: `four answered rightly`, `four answered as nine`."""
    return f"{classes[i]} {'answered rightly' if i == j else f'answered as {classes[j]}'}"


def _borders(parted: int, size: int) -> list[Figure]:
    line = {"type": "line", "line": {"color": ink("quiet"), "width": 1, "dash": "dot"}}
    at, begin, end = parted - 0.5, -0.5, size - 0.5
    both = [line | {"x0": at, "x1": at, "y0": begin, "y1": end}, line | {"x0": begin, "x1": end, "y0": at, "y1": at}]
    return both if parted < size else []
