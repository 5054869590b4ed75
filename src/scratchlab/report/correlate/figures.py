"""The charts of correlations: a heat map of all pairs, and the scatter behind each of its cells."""

from __future__ import annotations

import numpy as np

from scratchlab.analysis.correlate import Cell, Correlations
from scratchlab.report.charts import Figure, brief, ink, layout, said, shared, title
from scratchlab.report.correlate import words

LINE = 18  # pixels of a line of text
LONGEST = 26  # letters of a column's name on an axis
WRITTEN = 14  # columns up to which a cell has its number written in
POINTS = 800  # runs shown behind the cells; a sample of more
SIZE = 34  # pixels of a cell


def name(x: int, y: int) -> str:
    """The figure behind the cell of the x-th column and the y-th row."""
    return f"cells-{y}-{x}"


def figures(found: Correlations) -> dict[str, Figure]:
    """`cells`, and behind each a scatter; `shared`: the runs, which stand once, however many pairs of columns there are."""
    drawn = {"cells": _cells(found), "shared": _runs(found)}
    for x, y, cell in _placed(found):
        if cell.found.r.value is not None:
            drawn[name(x, y)] = _scatter(found, cell)
    return drawn


def strongest(found: Correlations) -> str | None:
    """The scatter to begin with."""
    able = [cell for cell in words.ordered(found) if cell.found.r.value is not None]
    best = next((cell for cell in able if not words.determined(cell)), able[0] if able else None)
    return None if best is None else next(name(x, y) for x, y, cell in _placed(found) if cell is best)


def written_in(found: Correlations) -> bool:
    """Whether there are few enough columns for the numbers to be written into the cells."""
    return max(len(found.xs), len(found.ys)) <= WRITTEN


def _placed(found: Correlations) -> list[tuple[int, int, Cell]]:
    return [(found.xs.index(cell.x), found.ys.index(cell.y), cell) for cell in found.cells]


def _cells(found: Correlations) -> Figure:
    shape = (len(found.ys), len(found.xs))
    values, told, written = (np.full(shape, None, dtype=object) for _ in range(3))
    told[:], written[:] = "", ""
    for x, y, cell in _placed(found):
        r = cell.found.r.value
        values[y, x], told[y, x] = None if r is None else round(r, 3), said(words.told(cell))
        written[y, x] = "" if r is None else f"{r:.2f}".replace("-", "−") + ("*" if words.sure(cell) else "")
    data: Figure = {
        "type": "heatmap",
        "z": values.tolist(),
        "zmin": -1,
        "zmax": 1,
        "colorscale": [[0, ink("wrong-most")], [0.5, ink("card")], [1, ink("right-most")]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "customdata": told.tolist(),
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
    }
    few = written_in(found)
    if few:
        data |= {"text": written.tolist(), "texttemplate": "%{text}", "textfont": {"size": 11}}
    cell_width = 58 if few else SIZE
    left, below = (14 + int(6.8 * max(min(len(one), LONGEST) for one in names)) for names in (found.ys, found.xs))
    across = {
        "tickvals": list(range(shape[1])),
        "ticktext": [brief(one, LONGEST) for one in found.xs],
        "tickangle": -60,
        "showgrid": False,
        "automargin": False,
    }
    down = {
        "tickvals": list(range(shape[0])),
        "ticktext": [brief(one, LONGEST) for one in found.ys],
        "showgrid": False,
        "automargin": False,
    }
    return {
        "data": [data],
        "layout": layout(
            SIZE * shape[0] + below + 12,
            width=max(320, cell_width * shape[1] + left + 40),
            margin={"l": left, "r": 40, "t": 4, "b": below},
            xaxis=across | {"range": [-0.5, shape[1] - 0.5]},
            yaxis=down | {"range": [shape[0] - 0.5, -0.5]},
        ),
    }


def _runs(found: Correlations) -> Figure:
    """Of each run that is shown, its name, its colour and its value in each column; nothing where that is not a finite number."""
    chosen = np.arange(found.runs)
    if found.runs > POINTS:
        chosen = np.sort(np.random.default_rng(0).choice(found.runs, POINTS, replace=False))
    columns = {
        f"column {place}": [float(f"{one:.5g}") if np.isfinite(one) else None for one in column[chosen].tolist()]
        for place, column in enumerate(found.columns.values())
    }
    colours = {"colours": [ink(f"class-{found.clusters[i] % 10 + 1}") for i in chosen]} if found.configuration else {}
    return {"names": [f"run {i + 1}" for i in chosen.tolist()], **colours, **columns}


def _scatter(found: Correlations, cell: Cell) -> Figure:
    """One mark a run; runs of a configuration in one colour, as far as the colours go."""
    data: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": shared(f"column {list(found.columns).index(cell.x)}"),
        "y": shared(f"column {list(found.columns).index(cell.y)}"),
        "marker": {
            "size": 8,
            "opacity": 0.65,
            "color": shared("colours") if found.configuration else ink("head-1"),
        },
        "customdata": shared("names"),
        "hovertemplate": "%{customdata}: %{x}, %{y}<extra></extra>",
    }
    lines = said(words.told(cell)).replace(": ", ":<br>", 1).split("; ")  # short, so that a telephone shows them whole
    height = LINE * (len(lines) + 1)
    heading = {
        "text": "<br>".join(lines),
        "font": {"size": 13},
        "x": 0,
        "xref": "paper",
        "yref": "paper",
        "y": 1,
        "yanchor": "bottom",
        "pad": {"b": height - 8},  # all lines but the first hang below
    }
    across, up = ({"title": title(said(name))} | _words(found, name) for name in (cell.x, cell.y))
    axes = {"xaxis": across | {"showgrid": True}, "yaxis": up}
    return {
        "data": [data],
        "layout": layout(360 + height, hovermode="closest", title=heading, margin={"l": 8, "r": 12, "t": height + 28, "b": 8}, **axes),
    }


def _words(found: Correlations, name: str) -> Figure:
    """Where two words stand as numbers, the words."""
    return {"tickvals": [0, 1], "ticktext": list(map(said, found.words[name])), "range": [-0.2, 1.2]} if name in found.words else {}
