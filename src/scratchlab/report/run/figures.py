"""The charts of one run: its sessions, who was taken for whom, its training."""

from __future__ import annotations

import numpy as np

from scratchlab.analysis.mistakes import Mistakes
from scratchlab.analysis.summary import Head, estimates
from scratchlab.metrics.estimate import Estimate
from scratchlab.report import matrices
from scratchlab.report.charts import DASHES, SYMBOLS, Figure, ink, layout, said, title
from scratchlab.report.epochs import Epochs
from scratchlab.report.words import interval, percent


def counted(what: str) -> Figure:
    """The names of an axis that counts sessions or epochs: below it, and above what the pointer shows."""
    return {"title": title(what), "unifiedhovertitle": {"text": f"{what} %{{x}}"}}


def _figure(data: list[Figure], layout: Figure) -> Figure:
    return {"data": data, "layout": layout}


# -- sessions -------------------------------------------------------------------------------------------


def _points(head: Head, name: str) -> list[tuple[int, Estimate]]:
    """The sessions in which this number is defined."""
    found = [(session["session"], session[name]) for session in estimates(head)["sessions"]]
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
        "cliponaxis": False,  # a mark at 0 or 100 % is whole
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
    numbered = {
        "tickvals": sessions,
        "ticktext": ["base", *(str(number) for number in sessions[1:])],
        "range": [-0.25, sessions[-1] + 0.25],
    }
    return _figure(
        data,
        layout(
            height,
            hovermode="x unified",
            xaxis={**numbered, **counted("session")},
            yaxis={"tickformat": ".0%", "range": [max(0, min(values) - room), min(1.005, max(values) + room)], "nticks": 6},
        ),
    )


# -- mistakes -------------------------------------------------------------------------------------------


def confusion(found: Mistakes, base: int, worst: float) -> Figure:
    """Shares by true class: right answers in one colour, mistakes in another, up to `worst`; where there is no mistake, no colour.

    The depth of a mistake's colour grows as the root of its share, so that the rare ones are seen beside the common.
    """
    places = range(len(found.classes))
    told = [[_told(found, i, j) for j in places] for i in places]
    written = [[f"{100 * share:.0f}" if share >= 0.005 else "<1" for share in row] for row in found.shares.tolist()]
    right, shown = np.eye(len(found.classes), dtype=bool), found.counts > 0
    layers = [
        matrices.cells(right & shown, found.shares, 1.0, "right", told, written),
        matrices.cells(~right & shown, np.sqrt(found.shares), worst**0.5, "wrong", told, written),
    ]
    return matrices.matrix(layers, found.classes, base)


def _told(found: Mistakes, i: int, j: int) -> str:
    asked = int(found.counts[i].sum())
    return f"{matrices.answered(found.classes, i, j)}: {found.counts[i, j]} of {asked}, {percent(found.shares[i, j])}"


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
    extra = kept(epochs, mark) if mark else {}
    count = len(epochs.records)
    axis = {**counted("epoch"), "range": [0.6, count + 0.4], **ticks(count)}
    return _figure(data, layout(290, hovermode="x unified", showlegend=len(lines) > 1, xaxis=axis, yaxis={"nticks": 6, **y}, **extra))


def kept(epochs: Epochs, mark: str) -> Figure:
    """A dotted line at the chosen epoch, once there is one, with its name at the "top" or the "bottom"."""
    if epochs.chosen is None:
        return {}
    at = epochs.chosen["epoch"] + 1
    left = at > len(epochs.records) / 2
    dotted = {"color": ink("quiet"), "width": 1, "dash": "dot"}
    label = {"text": f"epoch {at}, kept", "showarrow": False, "font": {"size": 12}}
    beside = {"xanchor": "right", "xshift": -5} if left else {"xanchor": "left", "xshift": 5}
    return {
        "shapes": [{"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": dotted}],
        "annotations": [{"x": at, "yref": "paper", "y": int(mark == "top"), "yanchor": mark, **label, **beside}],
    }


def ticks(count: int) -> Figure:
    """Every epoch has its number on the axis, unless there are many."""
    return {"dtick": 1} if count <= 10 else {"nticks": 8}


def losses(epochs: Epochs) -> Figure:
    """Training and validation loss."""
    lines = {"training": [record["loss"] for record in epochs.records]}
    if epochs.validated:
        lines["validation"] = [record["valid_loss"] for record in epochs.records]
    return _over_epochs(epochs, lines, ".3f", {"rangemode": "tozero"}, mark="top")


def accuracies(epochs: Epochs) -> Figure:
    """On training rows without augmentation, if they were judged, and on the validation rows."""
    lines = {called: [record[name] for record in epochs.records] for called, name in epochs.judged.items()}
    return _over_epochs(epochs, lines, ".1%", {"tickformat": ".0%"}, mark="bottom", first=int("training" not in lines))


def rates(epochs: Epochs) -> Figure:
    """Learning rate of each parameter group, halfway through each epoch."""
    lines = {group: [record["rates"][group] for record in epochs.records] for group in epochs.records[0]["rates"]}
    return _over_epochs(epochs, lines, ".3g", {"rangemode": "tozero"})


def speed(epochs: Epochs) -> Figure:
    """Inputs per CPU-second."""
    values = [record["inputs"] / max(record["cpu_seconds"], 1e-3) for record in epochs.records]
    return _over_epochs(epochs, {"inputs per CPU-second": values}, ",.0f", {"rangemode": "tozero", "tickformat": ",.0f"})
