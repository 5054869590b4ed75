"""Charts of a sweep: loss, accuracy and CKA of the last layer over the epochs, one line per value, with a band over the seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scratchlab.checks import counted
from scratchlab.report.charts import Figure, axis, epoch_ticks, escaped, ink, layout, title
from scratchlab.report.lines import look
from scratchlab.report.sweep.cells import SweepView, short

LINES, COLUMNS = 8, 6  # lines in one panel, and panels side by side, at most
WIDE, HIGH, GAP = 235, 200, 0.05  # pixels of a panel, and the gap between two as a fraction of the figure
Curve = Mapping[float, float]
Grid = dict[tuple[str, str], list[int]]  # (column, line) -> indices of runs


@dataclass(frozen=True)
class Row:
    """One row of panels: a metric, its label and number format, and whether its axis is logarithmic."""

    metric: str
    label: str
    number_format: str
    log: bool = False


def curves(sweep: SweepView) -> dict[str, Figure]:
    """One figure for each combination of the settings that neither lines nor panels show; empty if there are too many values.

    The plan's last axis gives the lines; its first axis, if there are several, gives the panels side by side.
    """
    rows = list(_rows(sweep))
    if not rows:
        return {}
    lines, columns, rest = sweep.together[-1:], sweep.together[:-1][:1], sweep.together[1:-1]
    labels = {group: _labels(sweep, group) for group in (lines, columns, rest)}
    if len(set(labels[lines])) > LINES or len(set(labels[columns])) > COLUMNS:
        return {}
    figures: dict[str, Figure] = {}
    for part in dict.fromkeys(labels[rest]):
        grid: Grid = {}
        for run, label in enumerate(labels[rest]):
            if label == part:
                grid.setdefault((labels[columns][run], labels[lines][run]), []).append(run)
        figures[part] = _panels(sweep, rows, grid)
    return figures


def of_lines(sweep: SweepView) -> str:
    """The settings whose values are the lines."""
    return ", ".join(short(sweep.together[-1]))


def _labels(sweep: SweepView, groups: Sequence[tuple[str, ...]]) -> list[str]:
    """The values of these settings in each run, as text: `readout 0.1, body 0.01`."""
    values, names = sweep.values(), [name for group in groups for name in group]
    labels = dict(zip(names, short(names), strict=True))
    return [", ".join(f"{labels[name]} {values[name][row[name]]}" for name in names) for row in sweep.table.iter_rows(named=True)]


def _rows(sweep: SweepView) -> Iterator[Row]:
    """Training loss; accuracy and CKA on validation data, or on training data without validation."""
    present = list(dict.fromkeys(name for curves in sweep.curves for name in curves))
    if "train.loss" in present:
        yield Row("train.loss", "training loss", ".3g", log=True)
    for name, label in {"valid.accuracy": "validation accuracy", "train.accuracy": "training accuracy"}.items():
        if name in present:
            yield Row(name, label, ".1%")
            break
    for part, label in {"cka.valid.": "validation CKA", "cka.train.": "training CKA"}.items():
        layers = [name for name in present if name.startswith(part) and not name.endswith(".average")]
        if layers:
            yield Row(layers[-1], f"{label}, {layers[-1].removeprefix(part)}", ".3f")
            break


def _panels(sweep: SweepView, rows: list[Row], grid: Grid) -> Figure:
    """Rows of panels; each row shares its vertical axis, and all share the axis of epochs."""
    columns, lines = (list(dict.fromkeys(key[i] for key in grid)) for i in (0, 1))
    frame = layout(
        HIGH * len(rows) + 110,
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1 + 34 / (HIGH * len(rows)), "yanchor": "bottom"},
        margin={"l": 8, "r": 12, "t": 64, "b": 8},
        annotations=[_column_title(column, j, len(columns)) for j, column in enumerate(columns) if column],
        **({"width": WIDE * len(columns) + 90} if len(columns) > 2 else {}),
    )
    data: list[Figure] = []
    in_legend: set[str] = set()
    last = max(epoch for curves in sweep.curves for curve in curves.values() for epoch in curve)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            first, number = i * len(columns) + 1, i * len(columns) + j + 1
            x, y = f"x{_suffix(number)}", f"y{_suffix(number)}"
            frame[f"xaxis{_suffix(number)}"] = _x_axis(j, len(columns), y, last, lowest=i == len(rows) - 1, labelled=number == 1)
            frame[f"yaxis{_suffix(number)}"] = _y_axis(row, i, len(rows), x, f"y{_suffix(first)}", labelled=j == 0)
            for place, line in enumerate(lines):
                runs = [sweep.curves[run].get(row.metric, {}) for run in grid.get((column, line), ())]
                traces = _line(runs, line, place, row, show_legend=line not in in_legend)
                in_legend |= {line} if traces else set()
                data += [trace | {"xaxis": x, "yaxis": y, "legendgroup": line} for trace in traces]
    return {"data": data, "layout": frame}


def _suffix(number: int) -> str:
    """The number behind an axis name in Plotly; the first axis has none."""
    return "" if number == 1 else str(number)


def _domain(place: int, of: int) -> list[float]:
    """The extent of one of several panels, as fractions of the figure."""
    size = (1 - GAP * (of - 1)) / of
    return [place * (size + GAP), min(1.0, place * (size + GAP) + size)]


def _column_title(column: str, j: int, of: int) -> Figure:
    place = {"xref": "paper", "x": sum(_domain(j, of)) / 2, "xanchor": "center", "yref": "paper", "y": 1, "yanchor": "bottom"}
    return {"text": escaped(column), "showarrow": False, **place}


def _x_axis(j: int, of: int, anchor: str, last: float, *, lowest: bool, labelled: bool) -> Figure:
    caption = {"title": title("epochs")} if lowest else {}
    shared = {} if labelled else {"matches": "x"}
    return axis(domain=_domain(j, of), anchor=anchor, showgrid=False, showticklabels=lowest, **epoch_ticks(last), **caption, **shared)


def _y_axis(row: Row, i: int, of: int, anchor: str, first: str, *, labelled: bool) -> Figure:
    shared = {"title": title(escaped(row.label), 4)} if labelled else {"matches": first}
    scale = {"type": "log", "nticks": 5, "tickformat": "~g"} if row.log else {"tickformat": row.number_format, "nticks": 5}
    return axis(domain=_domain(of - 1 - i, of), anchor=anchor, showticklabels=labelled, **scale, **shared)


def _line(runs: Sequence[Curve], label: str, place: int, row: Row, *, show_legend: bool) -> list[Figure]:
    """The mean over the seeds that reached an epoch, and a band from the lowest to the highest value."""
    epochs = sorted({epoch for curve in runs for epoch in curve})
    if not epochs:
        return []
    values = [[curve[epoch] for curve in runs if epoch in curve] for epoch in epochs]
    style, low, high = look(place), [min(seeds) for seeds in values], [max(seeds) for seeds in values]
    band: Figure = {
        "x": epochs + epochs[::-1],
        "y": _rounded(high + low[::-1]),
        "mode": "lines",
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": ink(f"{style.colour}-soft"),
        "hoverinfo": "skip",
        "showlegend": False,
    }
    line: Figure = {
        "x": epochs,
        "y": _rounded([_mean(seeds, row) for seeds in values]),
        "mode": "lines+markers",
        "line": style.line(2),
        "marker": style.marker(5),
        "name": escaped(label),
        "showlegend": show_legend,
        "customdata": [
            f"{a:{row.number_format}} to {b:{row.number_format}}, {counted(len(seeds), 'seed')}"
            for a, b, seeds in zip(low, high, values, strict=True)
        ],
        "hovertemplate": f"{escaped(label)}: %{{y:{row.number_format}}}<br>%{{customdata}}<extra></extra>",
    }
    return [band, line]


def _mean(values: Sequence[float], row: Row) -> float:
    return float(np.exp(np.mean(np.log(values))) if row.log and min(values) > 0 else np.mean(values))


def _rounded(values: Sequence[float]) -> list[float]:
    return [float(f"{value:.5g}") for value in values]
