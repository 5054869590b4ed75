"""The charts, as Plotly's JSON. Colours are named by their CSS property; the page fills in the scheme's own.

Plain dictionaries: the names of Plotly's reference, https://plotly.com/javascript/reference/, without its Python classes.
"""

from __future__ import annotations

import html
from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.metrics.estimate import Estimate
from scratchlab.report.epochs import Epochs
from scratchlab.report.mistakes import Mistakes
from scratchlab.report.words import interval, percent

Figure = dict[str, Any]
Head = dict[str, Any]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
SYMBOLS = ("circle", "diamond", "square", "triangle-up")
DASHES = ("solid", "dash", "dot", "dashdot")
LONGEST = 14  # letters of a class name on an axis
WRITTEN = 12  # classes up to which a confusion matrix has its numbers written in


def ink(name: str) -> str:
    """The CSS property that holds a colour."""
    return f"var(--{name})"


def said(text: str) -> str:
    """Text for Plotly, which reads some HTML in labels."""
    return html.escape(text, quote=False)


def short(text: str) -> str:
    """A class name for an axis."""
    return said(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def _layout(height: int, **more: Any) -> Figure:
    axis = {"gridcolor": ink("rule"), "linecolor": ink("rule"), "zeroline": False, "fixedrange": True, "automargin": True, "ticks": ""}
    layout: Figure = {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": ink("quiet")},
        "hoverlabel": {"bgcolor": ink("card"), "bordercolor": ink("rule"), "font": {"family": FONT, "color": ink("ink"), "size": 13}},
        "dragmode": False,
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    }
    layout |= more
    layout["xaxis"] = axis | {"showgrid": False} | more.get("xaxis", {})
    layout["yaxis"] = axis | more.get("yaxis", {})
    return layout


def _counted(what: str) -> Figure:
    """The names of an axis that counts sessions or epochs: below it, and above what the pointer shows."""
    return {"title": {"text": what, "standoff": 8, "font": {"size": 13}}, "unifiedhovertitle": {"text": f"{what} %{{x}}"}}


def _figure(data: list[Figure], layout: Figure) -> Figure:
    return {"data": data, "layout": layout}


# -- sessions -------------------------------------------------------------------------------------------


def _points(head: Head, name: str) -> list[tuple[int, Estimate]]:
    """The sessions in which this number is defined."""
    found = [(session["session"], Estimate(**session[name])) for session in head["sessions"]]
    return [(number, estimate) for number, estimate in found if estimate.value is not None]


def _curve(head: Head, called: str, name: str, place: int) -> list[Figure]:
    """A line with its band; a whisker for session 0, whose interval is of another kind."""
    points, colour = _points(head, name), f"head-{place % 4 + 1}"
    banded = [(number, e.low, e.high) for number, e in points if number > 0 and e.low is not None]
    x, low, high = ([one[i] for one in banded] for i in range(3))
    look = {"fill": "toself", "fillcolor": ink(f"{colour}-soft"), "line": {"width": 0}, "mode": "lines", "hoverinfo": "skip"}
    band = {"x": x + x[::-1], "y": high + low[::-1], **look}
    up = [e.high - e.value if number == 0 and e.high is not None and e.value is not None else None for number, e in points]
    down = [e.value - e.low if number == 0 and e.low is not None and e.value is not None else None for number, e in points]
    line = {
        "x": [number for number, _ in points],
        "y": [e.value for _, e in points],
        "mode": "lines+markers",
        "line": {"color": ink(colour), "width": 2.5, "dash": DASHES[place % 4]},
        "marker": {"size": 8, "symbol": SYMBOLS[place % 4], "color": ink(colour)},
        "error_y": {"array": up, "arrayminus": down, "color": ink(colour), "thickness": 1.5, "width": 5},
        "name": said(called),
        "customdata": [said(f"{called}  {percent(e.value or 0)} {interval(e)}") for _, e in points],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    return [band, line] if banded else [line]


def session_curve(heads: dict[str, Head], name: str, height: int) -> Figure:
    """One of the session metrics over the sessions, a line a head; the same range for every metric, so that charts compare."""
    data = [trace for place, (called, head) in enumerate(heads.items()) for trace in _curve(head, called, name, place)]
    shown = [e for head in heads.values() for metric in ("accuracy", "base", "new") for _, e in _points(head, metric)]
    values = [value for e in shown for value in (e.value, e.low, e.high) if value is not None]
    room = 0.06 * (max(values) - min(values)) + 0.005
    sessions = [session["session"] for session in next(iter(heads.values()))["sessions"]]
    ticks = {"tickvals": sessions, "ticktext": ["base", *(str(number) for number in sessions[1:])], "range": [-0.25, sessions[-1] + 0.25]}
    return _figure(
        data,
        _layout(
            height,
            hovermode="x unified",
            xaxis={**ticks, **_counted("session")},
            yaxis={"tickformat": ".0%", "range": [max(0, min(values) - room), min(1.005, max(values) + room)], "nticks": 6},
        ),
    )


# -- confusions -----------------------------------------------------------------------------------------


def confusion(found: Mistakes, base: int, worst: float) -> Figure:
    """Shares by true class: right answers in one colour, mistakes in another, up to `worst`; where there is no mistake, no colour.

    The depth of a mistake's colour grows as the root of its share, so that the rare ones are seen beside the common.
    """
    names, size = [short(name) for name in found.classes], len(found.classes)
    longest = max(min(len(name), LONGEST) for name in found.classes)
    cell = 36 if size <= WRITTEN else 26 if size <= 20 else 20
    margin = 14 + int(6.5 * longest)
    whole = {"width": cell * size + margin + 12, "margin": {"l": margin, "b": margin, "t": 4, "r": 8}}
    ticks = {"tickvals": list(range(size)), "ticktext": names, "tickfont": {"size": 11}, "showgrid": False, "automargin": False}
    upright = 0 if longest <= 3 else -90
    right = np.eye(size, dtype=bool)
    return _figure(
        [_cells(found, right, found.shares, 1.0, "right"), _cells(found, ~right, np.sqrt(found.shares), worst**0.5, "wrong")],
        _layout(
            cell * size + margin + 12,
            **whole,
            shapes=_borders(base, size),
            xaxis={**ticks, "range": [-0.5, size - 0.5], "tickangle": upright},
            yaxis={**ticks, "range": [size - 0.5, -0.5]},
        ),
    )


def _cells(found: Mistakes, where: npt.NDArray[np.bool_], depth: npt.NDArray[np.float64], deepest: float, colour: str) -> Figure:
    """The cells of one colour; with few classes, each has its per cent written in."""
    places, shown = range(len(found.classes)), where & (found.counts > 0)
    cells: Figure = {
        "type": "heatmap",
        "z": [[round(float(depth[i, j]), 4) if shown[i, j] else None for j in places] for i in places],
        "zmin": 0,
        "zmax": deepest,
        "colorscale": [[0, ink(f"{colour}-least")], [1, ink(f"{colour}-most")]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "customdata": [[said(_told(found, i, j)) for j in places] for i in places],
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
    }
    if len(found.classes) <= WRITTEN:
        cells["text"] = [[_written(found.shares[i, j]) if shown[i, j] else "" for j in places] for i in places]
        cells |= {"texttemplate": "%{text}", "textfont": {"size": 12}}
    return cells


def _written(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.005 else said("<1")


def _told(found: Mistakes, i: int, j: int) -> str:
    asked = int(found.counts[i].sum())
    verb = "recognised" if i == j else f"taken for {found.classes[j]}"
    return f"{found.classes[i]} {verb}: {found.counts[i, j]} of {asked}, {percent(found.shares[i, j])}"


def _borders(base: int, size: int) -> list[Figure]:
    """Dotted lines between base and new classes, if there are new ones."""
    line = {"type": "line", "line": {"color": ink("quiet"), "width": 1, "dash": "dot"}}
    at, begin, end = base - 0.5, -0.5, size - 0.5
    both = [line | {"x0": at, "x1": at, "y0": begin, "y1": end}, line | {"x0": begin, "x1": end, "y0": at, "y1": at}]
    return both if base < size else []


# -- training -------------------------------------------------------------------------------------------


def _line(epochs: Epochs, values: list[float], called: str, place: int, form: str) -> Figure:
    return {
        "x": [record["epoch"] + 1 for record in epochs.records],
        "y": values,
        "mode": "lines+markers" if len(values) <= 30 else "lines",
        "name": said(called),
        "line": {"color": ink(f"head-{place % 4 + 1}"), "width": 2.2, "dash": DASHES[place % 4]},
        "marker": {"size": 5, "symbol": SYMBOLS[place % 4]},
        "hovertemplate": f"{said(called)}  %{{y:{form}}}<extra></extra>",
    }


def _over_epochs(epochs: Epochs, lines: dict[str, list[float]], form: str, y: Figure, *, mark: str = "", first: int = 0) -> Figure:
    """Lines over the epochs; `mark` says at which end of the chart the chosen one is named, if at all."""
    data = [_line(epochs, values, called, first + place, form) for place, (called, values) in enumerate(lines.items())]
    extra: Figure = {}
    if mark and epochs.chosen is not None:
        at = epochs.chosen["epoch"] + 1
        left = at > len(epochs.records) / 2
        dotted = {"color": ink("quiet"), "width": 1, "dash": "dot"}
        label = {"text": f"epoch {at}, kept", "showarrow": False, "font": {"size": 12}}
        beside = {"xanchor": "right", "xshift": -5} if left else {"xanchor": "left", "xshift": 5}
        extra = {
            "shapes": [{"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": dotted}],
            "annotations": [{"x": at, "yref": "paper", "y": int(mark == "top"), "yanchor": mark, **label, **beside}],
        }
    count = len(epochs.records)
    ticks = {"dtick": 1} if count <= 10 else {"nticks": 8}
    axis = {**_counted("epoch"), "range": [0.6, count + 0.4], **ticks}
    return _figure(data, _layout(290, hovermode="x unified", showlegend=len(lines) > 1, xaxis=axis, yaxis={"nticks": 6, **y}, **extra))


def losses(epochs: Epochs) -> Figure:
    """Training and validation loss."""
    lines = {"training": [record["loss"] for record in epochs.records]}
    if epochs.validated:
        lines["validation"] = [record["valid_loss"] for record in epochs.records]
    return _over_epochs(epochs, lines, ".3f", {"rangemode": "tozero"}, mark="top")


def validation(epochs: Epochs) -> Figure:
    """Accuracy on the validation rows."""
    values = [record["valid_accuracy"] for record in epochs.records]
    return _over_epochs(epochs, {"validation": values}, ".1%", {"tickformat": ".0%"}, mark="bottom", first=1)


def rates(epochs: Epochs) -> Figure:
    """Learning rate of each parameter group, halfway through each epoch."""
    lines = {group: [record["rates"][group] for record in epochs.records] for group in epochs.records[0]["rates"]}
    return _over_epochs(epochs, lines, ".3g", {"rangemode": "tozero"})


def speed(epochs: Epochs) -> Figure:
    """Inputs per CPU-second."""
    values = [record["inputs"] / max(record["cpu_seconds"], 1e-3) for record in epochs.records]
    return _over_epochs(epochs, {"inputs per CPU-second": values}, ",.0f", {"rangemode": "tozero", "tickformat": ",.0f"})
