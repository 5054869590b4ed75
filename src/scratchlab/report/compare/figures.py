"""Charts of a comparison: the difference by context, the difference of confusion matrices, and the maps of embeddings."""

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
from scratchlab.report.charts import Figure, escaped, ink, layout, title
from scratchlab.report.lines import look
from scratchlab.report.words import points, span

COLOURS = 10  # of classes on a map; further classes get another mark
MARKS = ("circle", "diamond", "square", "triangle-up", "cross", "star")


def differences(tests: list[tuple[Context, list[PairedTest]]]) -> Figure:
    """B − A by context, for all units and for each part, with intervals over draws, or over groups without draws."""
    names = list(dict.fromkeys(test.name for _, in_context in tests for test in in_context))
    data = [_difference(tests, name, place) for place, name in enumerate(names)]
    ticks = {"tickvals": list(range(len(tests))), "ticktext": [escaped(_short(context)) for context, _ in tests]}
    zero = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0, "line": {"color": ink("quiet"), "width": 1}}
    axis: Figure = {"range": [-0.35, len(tests) - 0.65], "title": title(" · ".join(tests[0][0])), **ticks}
    legend = {"showlegend": len(names) > 1}
    return {"data": data, "layout": layout(340, shapes=[zero], xaxis=axis, yaxis={"title": title("points"), "nticks": 6}, **legend)}


def _short(context: Context) -> str:
    return " · ".join(str(value) for value in context.values())


def _difference(tests: list[tuple[Context, list[PairedTest]]], name: str, place: int) -> Figure:
    """One line, interrupted where a column of the context other than the first changes its value."""
    shown = [
        (number, context, test)
        for number, (context, in_context) in enumerate(tests)
        for test in in_context
        if test.name == name and test.a is not None
    ]
    series = [list(part) for _, part in itertools.groupby(shown, lambda point: list(point[1].values())[1:])]
    points = [point for part in series for point in (*((number, test) for number, _, test in part), None)][:-1]
    style = look(place)
    return {
        "x": [None if point is None else point[0] + 0.08 * place for point in points],
        "y": [None if point is None else 100 * (_interval(point[1]).value or 0.0) for point in points],
        "mode": "lines+markers",
        "line": style.line(1.5),
        "marker": style.marker(9),
        "error_y": style.error_bars([None if point is None else _interval(point[1]) for point in points], 100),
        "name": escaped(name),
        "customdata": ["" if point is None else escaped(_tooltip_of_test(name, point[1])) for point in points],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _interval(test: PairedTest) -> Estimate:
    """The difference with its interval over draws, or over groups without draws."""
    return test.over_draws if test.over_draws.low is not None else test.over_groups


def _tooltip_of_test(name: str, test: PairedTest) -> str:
    return f"{name}: {points(_interval(test).value or 0.0)} {span(_interval(test))}"


def change(confusion: ConfusionChange, parted: int) -> Figure:
    """The confusion matrix of B minus that of A: blue where B is better (more correct predictions, fewer errors), orange where worse.

    The depth of a colour grows with the square root of the change, so that small changes are visible beside large ones.
    """
    difference, size = confusion.change, len(confusion.classes)
    better = np.where(np.eye(size, dtype=bool), difference > 0, difference < 0)
    worse = ~better & (difference != 0)
    deepest = float(np.sqrt(np.abs(difference)).max(initial=0.0)) or 1.0
    places = range(size)
    tooltips = [[_tooltip(confusion, i, j) for j in places] for i in places]
    texts = [[f"{100 * x:+.0f}".replace("-", "−") if abs(x) >= 0.005 else "" for x in row] for row in difference.tolist()]
    depth = np.sqrt(np.abs(difference))
    layers = [matrices.cells(where, depth, deepest, colour, tooltips, texts) for where, colour in ((better, "right"), (worse, "wrong"))]
    return matrices.matrix(layers, confusion.classes, parted)


def _tooltip(confusion: ConfusionChange, i: int, j: int) -> str:
    counts = f"A {confusion.a[i, j]}, B {confusion.b[i, j]} of {confusion.a[i].sum()}, {points(float(confusion.change[i, j]))} points"
    return f"{matrices.cell_meaning(confusion.classes, i, j)}: {counts}"


def embedding(maps: Maps, one: Map, classes: tuple[str, ...]) -> Figure:
    """One map: a trace per class, with the colour and mark of its position in `classes`; a single colour if none of these is on it."""
    labels = np.array(maps.labels)
    data = [_class(maps, one, name, place, labels == name) for place, name in enumerate(classes) if name in maps.labels]
    data = data or [_class(maps, one, "", 0, np.ones(len(labels), dtype=np.bool_))]
    plain: dict[str, Any] = {"showticklabels": False, "showgrid": False, "showline": True, "mirror": True}
    # both maps have the same scale, equal in both directions
    reach = 1.06 * max(float(np.abs(each.places).max()) for each in maps.drawn)
    axis = {**plain, "range": [-reach, reach]}
    return {"data": data, "layout": layout(400, xaxis=axis, yaxis={**axis, "scaleanchor": "x", "constrain": "domain"}, hovermode="closest")}


def _class(maps: Maps, one: Map, name: str, place: int, own: Any) -> Figure:
    chosen = np.flatnonzero(own).tolist()
    return {
        "type": "scatter",
        "x": [round(float(one.places[i, 0]), 3) for i in chosen],
        "y": [round(float(one.places[i, 1]), 3) for i in chosen],
        "mode": "markers",
        "marker": {"size": 6, "opacity": 0.8, "color": ink(f"class-{place % COLOURS + 1}"), "symbol": mark(place)},
        "name": escaped(name),
        "customdata": [escaped(f"{maps.labels[i]}  {maps.ids[i]}") for i in chosen],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def mark(place: int) -> str:
    """The mark of the class at this position."""
    return MARKS[place // COLOURS % len(MARKS)]
