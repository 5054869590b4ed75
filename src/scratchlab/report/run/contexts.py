"""Charts of a metric over the contexts of a result, one line per head."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from scratchlab.metrics.estimate import Estimate
from scratchlab.report.charts import Figure, escaped, ink, layout, title
from scratchlab.report.lines import look
from scratchlab.report.words import interval, percent
from scratchlab.result import Head, Result

Point = tuple[int, Estimate, bool]  # position of the context, estimate, and whether its interval is over repetitions


def curve(result: Result, metric: str, height: int, together: Sequence[str]) -> Figure:
    """One metric over the contexts, with bands for intervals over repetitions and error bars for others. The charts of all metrics in
    `together` share one range, so that they can be compared. A line connects contexts that differ only in their first column."""
    data = [trace for place, (name, head) in enumerate(result.heads.items()) for trace in _line(head, name, metric, place)]
    estimates = [estimate for head in result.heads.values() for name in together for _, estimate, _ in _points(head, name)]
    values = [value for estimate in estimates for value in (estimate.value, estimate.low, estimate.high) if value is not None]
    room = max(0.06 * (max(values) - min(values)) + 0.005, 0.05 * (max(values) == min(values)))  # ticks are whole percents
    contexts = [row.context for row in result.head.rows]
    names = [escaped(" · ".join(str(value) for value in context.values())) for context in contexts]
    caption = " · ".join(contexts[0])
    x_axis = {"tickvals": list(range(len(names))), "ticktext": names, "range": [-0.25, len(names) - 0.75]}
    x_axis |= {"title": title(caption), "unifiedhovertitle": {"text": f"{caption} %{{x}}"}}
    y_axis = {"tickformat": ".0%", "range": [max(0, min(values) - room), min(1.005, max(values) + room)], "nticks": 6}
    return {"data": data, "layout": layout(height, hovermode="x unified", xaxis=x_axis, yaxis=y_axis)}


def _points(head: Head, metric: str) -> list[Point]:
    """The contexts in which the metric is defined."""
    estimates = [(place, row.metrics[metric]) for place, row in enumerate(head.rows)]
    return [(place, estimate, estimate.how.startswith("mean over")) for place, estimate in estimates if estimate.value is not None]


def _line(head: Head, label: str, metric: str, place: int) -> list[Figure]:
    """The bands, then the line with its marks."""
    style, series = look(place), _series(head, _points(head, metric))
    bands = [_band(points, style.colour) for points in series]
    points: list[Point | None] = [point for part in series for point in (*part, None)][:-1]  # None interrupts the line
    line = {
        "x": [None if point is None else point[0] for point in points],
        "y": [None if point is None else point[1].value for point in points],
        "mode": "lines+markers",
        "cliponaxis": False,  # so that marks at 0 and 100 % are not cut
        "line": style.line(2.5),
        "marker": style.marker(8),
        "error_y": style.error_bars([None if point is None or point[2] else point[1] for point in points]),  # others have a band
        "name": escaped(label),
        "customdata": [
            "" if point is None else escaped(f"{label}  {percent(point[1].value or 0)} {interval(point[1])}") for point in points
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    return [*(band for band in bands if band["x"]), line]


def _series(head: Head, points: Sequence[Point]) -> list[list[Point]]:
    """The points, split where a column of the context other than the first changes its value."""
    parts = itertools.groupby(points, lambda point: list(head.rows[point[0]].context.values())[1:])
    return [list(part) for _, part in parts]


def _band(points: Sequence[Point], colour: str) -> Figure:
    """A band through the intervals over repetitions."""
    bounds = [(x, estimate.low, estimate.high) for x, estimate, repeated in points if repeated and estimate.low is not None]
    x, low, high = ([bound[i] for bound in bounds] for i in range(3))
    style = {"fill": "toself", "fillcolor": ink(f"{colour}-soft"), "line": {"width": 0}, "mode": "lines", "hoverinfo": "skip"}
    return {"x": x + x[::-1], "y": high + low[::-1], **style}
