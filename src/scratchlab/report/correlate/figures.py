"""Charts of correlations: a heat map of all pairs, and a scatter plot for each of its cells."""

from __future__ import annotations

import numpy as np

from scratchlab.analysis.correlate import Cell, Correlations
from scratchlab.report.charts import Figure, brief, escaped, ink, layout, shared, title
from scratchlab.report.correlate import words

LINE = 18  # pixels of a line of text
LONGEST = 26  # characters of a column's name on an axis
WRITTEN = 14  # columns up to which a cell has its number texts in
POINTS = 800  # runs in a scatter plot at most; of more runs, a random sample
SIZE = 34  # pixels of a cell


def name(x: int, y: int) -> str:
    """The name of the scatter plot of the cell in the x-th column and the y-th row."""
    return f"cells-{y}-{x}"


def figures(correlations: Correlations) -> dict[str, Figure]:
    """`cells`: the heat map; one scatter plot for each cell; `shared`: the values of the runs, stored once for all scatter plots."""
    charts = {"cells": _cells(correlations), "shared": _runs(correlations)}
    for x, y, cell in _positions(correlations):
        if cell.correlation.r.value is not None:
            charts[name(x, y)] = _scatter(correlations, cell)
    return charts


def strongest(correlations: Correlations) -> str | None:
    """The name of the scatter plot that is shown first."""
    defined = [cell for cell in words.by_strength(correlations) if cell.correlation.r.value is not None]
    best = next((cell for cell in defined if not words.determined(cell)), defined[0] if defined else None)
    return None if best is None else next(name(x, y) for x, y, cell in _positions(correlations) if cell is best)


def has_texts(correlations: Correlations) -> bool:
    """Whether there are few enough columns for the cells to contain numbers."""
    return max(len(correlations.xs), len(correlations.ys)) <= WRITTEN


def _positions(correlations: Correlations) -> list[tuple[int, int, Cell]]:
    return [(correlations.xs.index(cell.x), correlations.ys.index(cell.y), cell) for cell in correlations.cells]


def _cells(correlations: Correlations) -> Figure:
    shape = (len(correlations.ys), len(correlations.xs))
    values, tooltips, texts = (np.full(shape, None, dtype=object) for _ in range(3))
    tooltips[:], texts[:] = "", ""
    for x, y, cell in _positions(correlations):
        r = cell.correlation.r.value
        values[y, x], tooltips[y, x] = None if r is None else round(r, 3), escaped(words.tooltip(cell))
        texts[y, x] = "" if r is None else f"{r:.2f}".replace("-", "−") + ("*" if words.significant(cell) else "")
    data: Figure = {
        "type": "heatmap",
        "z": values.tolist(),
        "zmin": -1,
        "zmax": 1,
        "colorscale": [[0, ink("wrong-most")], [0.5, ink("card")], [1, ink("right-most")]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "customdata": tooltips.tolist(),
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
    }
    few = has_texts(correlations)
    if few:
        data |= {"text": texts.tolist(), "texttemplate": "%{text}", "textfont": {"size": 11}}
    cell_width = 58 if few else SIZE
    left, below = (14 + int(6.8 * max(min(len(one), LONGEST) for one in names)) for names in (correlations.ys, correlations.xs))
    x_axis = {
        "tickvals": list(range(shape[1])),
        "ticktext": [brief(one, LONGEST) for one in correlations.xs],
        "tickangle": -60,
        "showgrid": False,
        "automargin": False,
    }
    down = {
        "tickvals": list(range(shape[0])),
        "ticktext": [brief(one, LONGEST) for one in correlations.ys],
        "showgrid": False,
        "automargin": False,
    }
    return {
        "data": [data],
        "layout": layout(
            SIZE * shape[0] + below + 12,
            width=max(320, cell_width * shape[1] + left + 40),
            margin={"l": left, "r": 40, "t": 4, "b": below},
            xaxis=x_axis | {"range": [-0.5, shape[1] - 0.5]},
            yaxis=down | {"range": [shape[0] - 0.5, -0.5]},
        ),
    }


def _runs(correlations: Correlations) -> Figure:
    """Name, colour and value in each column of every run shown; values that are not finite are null."""
    chosen = np.arange(correlations.runs)
    if correlations.runs > POINTS:
        chosen = np.sort(np.random.default_rng(0).choice(correlations.runs, POINTS, replace=False))
    columns = {
        f"column {place}": [float(f"{value:.5g}") if np.isfinite(value) else None for value in column[chosen].tolist()]
        for place, column in enumerate(correlations.columns.values())
    }
    colours = {"colours": [ink(f"class-{correlations.clusters[i] % 10 + 1}") for i in chosen]} if correlations.configuration else {}
    return {"names": [f"run {i + 1}" for i in chosen.tolist()], **colours, **columns}


def _scatter(correlations: Correlations, cell: Cell) -> Figure:
    """One mark per run; runs of a configuration have the same colour, which other configurations may share."""
    data: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": shared(f"column {list(correlations.columns).index(cell.x)}"),
        "y": shared(f"column {list(correlations.columns).index(cell.y)}"),
        "marker": {
            "size": 8,
            "opacity": 0.65,
            "color": shared("colours") if correlations.configuration else ink("head-1"),
        },
        "customdata": shared("names"),
        "hovertemplate": "%{customdata}: %{x}, %{y}<extra></extra>",
    }
    lines = escaped(words.tooltip(cell)).replace(": ", ":<br>", 1).split("; ")  # short lines, which fit a phone
    height = LINE * (len(lines) + 1)
    heading = {
        "text": "<br>".join(lines),
        "font": {"size": 13},
        "x": 0,
        "xref": "paper",
        "yref": "paper",
        "y": 1,
        "yanchor": "bottom",
        "pad": {"b": height - 8},  # all lines but the first are below
    }
    x_axis, y_axis = ({"title": title(escaped(name))} | _words(correlations, name) for name in (cell.x, cell.y))
    axes = {"xaxis": x_axis | {"showgrid": True}, "yaxis": y_axis}
    return {
        "data": [data],
        "layout": layout(360 + height, hovermode="closest", title=heading, margin={"l": 8, "r": 12, "t": height + 28, "b": 8}, **axes),
    }


def _words(correlations: Correlations, name: str) -> Figure:
    """Axis properties that show the two words of a column instead of 0 and 1; empty for other columns."""
    return (
        {"tickvals": [0, 1], "ticktext": list(map(escaped, correlations.words[name])), "range": [-0.2, 1.2]}
        if name in correlations.words
        else {}
    )
