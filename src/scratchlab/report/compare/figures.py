"""The charts of a comparison: the difference by context, between the confusion matrices, and the maps."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from scratchlab.analysis.changes import ConfusionChange
from scratchlab.analysis.comparison import Maps
from scratchlab.analysis.maps import Map
from scratchlab.analysis.paired import Context, PairedTest
from scratchlab.metrics.estimate import Estimate
from scratchlab.report import matrices
from scratchlab.report.charts import Figure, ink, layout, said, title
from scratchlab.report.lines import look
from scratchlab.report.words import points, span

COLOURS = 10  # of classes on a map; more of them take another mark
MARKS = ("circle", "diamond", "square", "triangle-up", "cross", "star")


def differences(tests: list[tuple[Context, list[PairedTest]]]) -> Figure:
    """B − A by context, of all units and of each part, with the intervals over draws, or over groups where nothing was drawn."""
    names = list(dict.fromkeys(one.name for _, several in tests for one in several))
    data = [_difference(tests, name, place) for place, name in enumerate(names)]
    ticks = {"tickvals": list(range(len(tests))), "ticktext": [said(_short(context)) for context, _ in tests]}
    zero = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0, "line": {"color": ink("quiet"), "width": 1}}
    axis: Figure = {"range": [-0.35, len(tests) - 0.65], "title": title(" · ".join(tests[0][0])), **ticks}
    legend = {"showlegend": len(names) > 1}
    return {"data": data, "layout": layout(340, shapes=[zero], xaxis=axis, yaxis={"title": title("points"), "nticks": 6}, **legend)}


def _short(context: Context) -> str:
    return " · ".join(str(value) for value in context.values())


def _difference(tests: list[tuple[Context, list[PairedTest]]], name: str, place: int) -> Figure:
    """One line; it ends where a column of the context beyond the first has another value."""
    shown = [
        (number, context, one)
        for number, (context, several) in enumerate(tests)
        for one in several
        if one.name == name and one.a is not None
    ]
    series = [list(part) for _, part in itertools.groupby(shown, lambda point: list(point[1].values())[1:])]
    points = [point for several in series for point in (*((number, one) for number, _, one in several), None)][:-1]
    own = look(place)
    return {
        "x": [None if point is None else point[0] + 0.08 * place for point in points],
        "y": [None if point is None else 100 * (_interval(point[1]).value or 0.0) for point in points],
        "mode": "lines+markers",
        "line": own.line(1.5),
        "marker": own.marker(9),
        "error_y": own.error_bars([None if point is None else _interval(point[1]) for point in points], 100),
        "name": said(name),
        "customdata": ["" if point is None else said(_spoken(name, point[1])) for point in points],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _interval(one: PairedTest) -> Estimate:
    """Over draws, or over groups where nothing was drawn."""
    return one.over_draws if one.over_draws.low is not None else one.over_groups


def _spoken(name: str, one: PairedTest) -> str:
    return f"{name}: {points(_interval(one).value or 0.0)} {span(_interval(one))}"


def change(found: ConfusionChange, parted: int) -> Figure:
    """What B does more or less often than A: blue where that is better (more right answers, fewer mistakes), orange where it is worse.

    The depth of a colour grows as the root of the change, so that small changes are seen beside large ones.
    """
    moved, size = found.change, len(found.classes)
    better = np.where(np.eye(size, dtype=bool), moved > 0, moved < 0)
    worse = ~better & (moved != 0)
    deepest = float(np.sqrt(np.abs(moved)).max(initial=0.0)) or 1.0
    places = range(size)
    told = [[_told(found, i, j) for j in places] for i in places]
    written = [[f"{100 * share:+.0f}".replace("-", "−") if abs(share) >= 0.005 else "" for share in row] for row in moved.tolist()]
    depth = np.sqrt(np.abs(moved))
    layers = [matrices.cells(where, depth, deepest, colour, told, written) for where, colour in ((better, "right"), (worse, "wrong"))]
    return matrices.matrix(layers, found.classes, parted)


def _told(found: ConfusionChange, i: int, j: int) -> str:
    moved = f"A {found.a[i, j]}, B {found.b[i, j]} of {found.a[i].sum()}, {points(float(found.change[i, j]))} points"
    return f"{matrices.answered(found.classes, i, j)}: {moved}"


def embedding(maps: Maps, one: Map, classes: tuple[str, ...]) -> Figure:
    """One map: a trace a class, in the colours and marks of its place among `classes`; all in one colour where classes are too many to
    be told apart, and so none are given."""
    labels = np.array(maps.labels)
    data = [_class(maps, one, name, place, labels == name) for place, name in enumerate(classes) if name in maps.labels]
    data = data or [_class(maps, one, "", 0, np.ones(len(labels), dtype=np.bool_))]
    bare: dict[str, Any] = {"showticklabels": False, "showgrid": False, "showline": True, "mirror": True}
    # the same room around both maps; a step is as long down as across
    reach = 1.06 * max(float(np.abs(each.places).max()) for each in maps.drawn)
    axis = {**bare, "range": [-reach, reach]}
    return {"data": data, "layout": layout(400, xaxis=axis, yaxis={**axis, "scaleanchor": "x", "constrain": "domain"}, hovermode="closest")}


def _class(maps: Maps, one: Map, name: str, place: int, own: Any) -> Figure:
    chosen = np.flatnonzero(own).tolist()
    return {
        "type": "scatter",
        "x": [round(float(one.places[i, 0]), 3) for i in chosen],
        "y": [round(float(one.places[i, 1]), 3) for i in chosen],
        "mode": "markers",
        "marker": {"size": 6, "opacity": 0.8, "color": ink(f"class-{place % COLOURS + 1}"), "symbol": mark(place)},
        "name": said(name),
        "customdata": [said(f"{maps.labels[i]}  {maps.ids[i]}") for i in chosen],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def mark(place: int) -> str:
    """The mark of the class at this place."""
    return MARKS[place // COLOURS % len(MARKS)]
