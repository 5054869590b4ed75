"""A metric over the contexts of a result, a line a head."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from scratchlab.metrics.estimate import Estimate
from scratchlab.report.charts import Figure, ink, layout, said, title
from scratchlab.report.lines import look
from scratchlab.report.words import interval, percent
from scratchlab.result import Head, Result

Point = tuple[int, Estimate, bool]  # the place of a context, its estimate, and whether the interval is one over repetitions


def curve(result: Result, metric: str, height: int, together: Sequence[str]) -> Figure:
    """One metric over the contexts, with a band where intervals are over repetitions and whiskers elsewhere; all charts of the metrics
    `together` have one range, so that they compare. A line goes through contexts that differ in their first column alone."""
    data = [trace for place, (name, head) in enumerate(result.heads.items()) for trace in _line(head, name, metric, place)]
    shown = [one for head in result.heads.values() for name in together for _, one, _ in _points(head, name)]
    values = [value for one in shown for value in (one.value, one.low, one.high) if value is not None]
    room = 0.06 * (max(values) - min(values)) + 0.005
    contexts = [row.context for row in result.head.rows]
    names = [said(" · ".join(str(value) for value in context.values())) for context in contexts]
    called = " · ".join(contexts[0])
    across = {"tickvals": list(range(len(names))), "ticktext": names, "range": [-0.25, len(names) - 0.75]}
    across |= {"title": title(called), "unifiedhovertitle": {"text": f"{called} %{{x}}"}}
    up = {"tickformat": ".0%", "range": [max(0, min(values) - room), min(1.005, max(values) + room)], "nticks": 6}
    return {"data": data, "layout": layout(height, hovermode="x unified", xaxis=across, yaxis=up)}


def _points(head: Head, metric: str) -> list[Point]:
    """The contexts in which the metric is defined."""
    found = [(place, row.metrics[metric]) for place, row in enumerate(head.rows)]
    return [(place, one, one.how.startswith("mean over")) for place, one in found if one.value is not None]


def _line(head: Head, called: str, metric: str, place: int) -> list[Figure]:
    """The bands, then the line with its marks."""
    own, series = look(place), _series(head, _points(head, metric))
    bands = [_band(points, own.colour) for points in series]
    points: list[Point | None] = [one for several in series for one in (*several, None)][:-1]  # a line ends where there is none
    line = {
        "x": [None if one is None else one[0] for one in points],
        "y": [None if one is None else one[1].value for one in points],
        "mode": "lines+markers",
        "cliponaxis": False,  # a mark at 0 or 100 % is whole
        "line": own.line(2.5),
        "marker": own.marker(8),
        "error_y": own.error_bars([None if one is None or one[2] else one[1] for one in points]),  # a band shows those over repetitions
        "name": said(called),
        "customdata": ["" if one is None else said(f"{called}  {percent(one[1].value or 0)} {interval(one[1])}") for one in points],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    return [*(band for band in bands if band["x"]), line]


def _series(head: Head, points: Sequence[Point]) -> list[list[Point]]:
    """The points, parted where a column of the context beyond the first has another value."""
    parts = itertools.groupby(points, lambda point: list(head.rows[point[0]].context.values())[1:])
    return [list(part) for _, part in parts]


def _band(points: Sequence[Point], colour: str) -> Figure:
    """Around the points whose intervals are over repetitions."""
    banded = [(x, one.low, one.high) for x, one, repeated in points if repeated and one.low is not None]
    x, low, high = ([one[i] for one in banded] for i in range(3))
    look = {"fill": "toself", "fillcolor": ink(f"{colour}-soft"), "line": {"width": 0}, "mode": "lines", "hoverinfo": "skip"}
    return {"x": x + x[::-1], "y": high + low[::-1], **look}
