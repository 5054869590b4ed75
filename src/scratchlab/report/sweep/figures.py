"""The curves of a sweep: loss, accuracy and alignment of the last layer over the epochs, a line a value, a band over the seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scratchlab.checks import counted
from scratchlab.report.charts import Figure, axis, ink, layout, said, title
from scratchlab.report.lines import look
from scratchlab.report.sweep.cells import Swept, short

LINES, COLUMNS = 8, 6  # values that are told apart in one panel, and panels beside each other
WIDE, HIGH, GAP = 235, 200, 0.05  # pixels of a panel, and what of the whole lies between two
Curve = Mapping[float, float]
Grid = dict[tuple[str, str], list[int]]  # by column and line, which runs


@dataclass(frozen=True)
class Row:
    """One row of panels: a figure, what it is called, and whether its axis is one of logarithms."""

    figure: str
    called: str
    form: str
    log: bool = False


def curves(swept: Swept) -> dict[str, Figure]:
    """A figure for each combination of what neither tells panels nor lines apart, by its words; none where there are too many values.

    The last settings of the plan are the lines, the first ones, if there are others, the panels beside each other.
    """
    rows = list(_rows(swept))
    if not rows:
        return {}
    lines, columns, rest = swept.together[-1:], swept.together[:-1][:1], swept.together[1:-1]
    named = {group: _named(swept, group) for group in (lines, columns, rest)}
    if len(set(named[lines])) > LINES or len(set(named[columns])) > COLUMNS:
        return {}
    found: dict[str, Figure] = {}
    for part in dict.fromkeys(named[rest]):
        grid: Grid = {}
        for place, one in enumerate(named[rest]):
            if one == part:
                grid.setdefault((named[columns][place], named[lines][place]), []).append(place)
        found[part] = _panels(swept, rows, grid)
    return found


def of_lines(swept: Swept) -> str:
    """What tells the lines apart."""
    return ", ".join(short(swept.together[-1]))


def _named(swept: Swept, groups: Sequence[tuple[str, ...]]) -> list[str]:
    """Of each run, its values of these settings in words: `readout 0.1, body 0.01`."""
    brief, names = swept.values(), [name for group in groups for name in group]
    called = dict(zip(names, short(names), strict=True))
    return [", ".join(f"{called[name]} {brief[name][row[name]]}" for name in names) for row in swept.table.iter_rows(named=True)]


def _rows(swept: Swept) -> Iterator[Row]:
    """Training loss; accuracy and alignment in validation, or in training where there is none."""
    there = list(dict.fromkeys(name for one in swept.curves for name in one))
    if "train.loss" in there:
        yield Row("train.loss", "training loss", ".3g", log=True)
    for name, called in {"valid.accuracy": "validation accuracy", "train.accuracy": "training accuracy"}.items():
        if name in there:
            yield Row(name, called, ".1%")
            break
    for part, called in {"cka.valid.": "validation CKA", "cka.train.": "training CKA"}.items():
        layers = [name for name in there if name.startswith(part) and not name.endswith(".average")]
        if layers:
            yield Row(layers[-1], f"{called}, {layers[-1].removeprefix(part)}", ".3f")
            break


def _panels(swept: Swept, rows: list[Row], grid: Grid) -> Figure:
    """Rows of panels: one scale along each row, and one of epochs for all."""
    columns, lines = (list(dict.fromkeys(key[i] for key in grid)) for i in (0, 1))
    frame = layout(
        HIGH * len(rows) + 110,
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1 + 34 / (HIGH * len(rows)), "yanchor": "bottom"},
        margin={"l": 8, "r": 12, "t": 64, "b": 8},
        annotations=[_head(column, j, len(columns)) for j, column in enumerate(columns) if column],
        **({"width": WIDE * len(columns) + 90} if len(columns) > 2 else {}),
    )
    data: list[Figure] = []
    named: set[str] = set()  # lines that the legend has
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            first, number = i * len(columns) + 1, i * len(columns) + j + 1
            x, y = f"x{_n(number)}", f"y{_n(number)}"
            frame[f"xaxis{_n(number)}"] = _across(j, len(columns), y, lowest=i == len(rows) - 1, leads=number == 1)
            frame[f"yaxis{_n(number)}"] = _up(row, i, len(rows), x, f"y{_n(first)}", leads=j == 0)
            for place, line in enumerate(lines):
                several = [swept.curves[run].get(row.figure, {}) for run in grid.get((column, line), ())]
                drawn = _line(several, line, place, row, told=line not in named)
                named |= {line} if drawn else set()
                data += [one | {"xaxis": x, "yaxis": y, "legendgroup": line} for one in drawn]
    return {"data": data, "layout": frame}


def _n(number: int) -> str:
    """The first axis has no number."""
    return "" if number == 1 else str(number)


def _share(place: int, of: int) -> list[float]:
    """From where to where one of several panels reaches, in shares of the whole."""
    size = (1 - GAP * (of - 1)) / of
    return [place * (size + GAP), min(1.0, place * (size + GAP) + size)]


def _head(column: str, j: int, of: int) -> Figure:
    place = {"xref": "paper", "x": sum(_share(j, of)) / 2, "xanchor": "center", "yref": "paper", "y": 1, "yanchor": "bottom"}
    return {"text": said(column), "showarrow": False, **place}


def _across(j: int, of: int, anchor: str, *, lowest: bool, leads: bool) -> Figure:
    told = {"title": title("epochs")} if lowest else {}
    alike = {} if leads else {"matches": "x"}
    return axis(domain=_share(j, of), anchor=anchor, showgrid=False, nticks=6, showticklabels=lowest, **told, **alike)


def _up(row: Row, i: int, of: int, anchor: str, first: str, *, leads: bool) -> Figure:
    alike = {"title": title(said(row.called), 4)} if leads else {"matches": first}
    scale = {"type": "log", "nticks": 5, "tickformat": "~g"} if row.log else {"tickformat": row.form, "nticks": 5}
    return axis(domain=_share(of - 1 - i, of), anchor=anchor, showticklabels=leads, **scale, **alike)


def _line(several: Sequence[Curve], called: str, place: int, row: Row, *, told: bool) -> list[Figure]:
    """The mean over the seeds that came so far, and a band from the lowest to the highest; told: whether the legend names it."""
    epochs = sorted({epoch for curve in several for epoch in curve})
    if not epochs:
        return []
    values = [[curve[epoch] for curve in several if epoch in curve] for epoch in epochs]
    own, low, high = look(place), [min(one) for one in values], [max(one) for one in values]
    band: Figure = {
        "x": epochs + epochs[::-1],
        "y": _brief(high + low[::-1]),
        "mode": "lines",
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": ink(f"{own.colour}-soft"),
        "hoverinfo": "skip",
        "showlegend": False,
    }
    line: Figure = {
        "x": epochs,
        "y": _brief([_mean(one, row) for one in values]),
        "mode": "lines+markers",
        "line": own.line(2),
        "marker": own.marker(5),
        "name": said(called),
        "showlegend": told,
        "customdata": [
            f"{a:{row.form}} to {b:{row.form}}, {counted(len(one), 'seed')}" for a, b, one in zip(low, high, values, strict=True)
        ],
        "hovertemplate": f"{said(called)}: %{{y:{row.form}}}<br>%{{customdata}}<extra></extra>",
    }
    return [band, line]


def _mean(values: Sequence[float], row: Row) -> float:
    return float(np.exp(np.mean(np.log(values))) if row.log and min(values) > 0 else np.mean(values))


def _brief(values: Sequence[float]) -> list[float]:
    return [float(f"{one:.5g}") for one in values]
