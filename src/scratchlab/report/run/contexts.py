"""A metric over the contexts of a result, a line a head."""

from __future__ import annotations

from collections.abc import Sequence

from scratchlab.metrics.estimate import Estimate
from scratchlab.report.charts import DASHES, SYMBOLS, Figure, ink, layout, said, title
from scratchlab.report.words import interval, percent
from scratchlab.result import Head, Result

Point = tuple[int, Estimate, bool]  # the place of a context, its estimate, and whether the interval is one over repetitions


def curve(result: Result, metric: str, height: int, together: Sequence[str]) -> Figure:
    """One metric over the contexts, with a band where intervals are over repetitions and whiskers elsewhere; all charts of the metrics
    `together` have one range, so that they compare."""
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
    points, colour = _points(head, metric), f"head-{place % 4 + 1}"
    banded = [(x, one.low, one.high) for x, one, repeated in points if repeated and one.low is not None]
    x, low, high = ([one[i] for one in banded] for i in range(3))
    look = {"fill": "toself", "fillcolor": ink(f"{colour}-soft"), "line": {"width": 0}, "mode": "lines", "hoverinfo": "skip"}
    band = {"x": x + x[::-1], "y": high + low[::-1], **look}
    up = [one.high - one.value if not repeated and one.high is not None and one.value is not None else None for _, one, repeated in points]
    down = [one.value - one.low if not repeated and one.low is not None and one.value is not None else None for _, one, repeated in points]
    line = {
        "x": [place for place, _, _ in points],
        "y": [one.value for _, one, _ in points],
        "mode": "lines+markers",
        "cliponaxis": False,  # a mark at 0 or 100 % is whole
        "line": {"color": ink(colour), "width": 2.5, "dash": DASHES[place % 4]},
        "marker": {"size": 8, "symbol": SYMBOLS[place % 4], "color": ink(colour)},
        "error_y": {"array": up, "arrayminus": down, "color": ink(colour), "thickness": 1.5, "width": 5},
        "name": said(called),
        "customdata": [said(f"{called}  {percent(one.value or 0)} {interval(one)}") for _, one, _ in points],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    return [band, line] if banded else [line]
