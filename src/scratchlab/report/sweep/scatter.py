"""Scatter charts of settings with too many values for lines: one mark per run, one chart per setting."""

from __future__ import annotations

from scratchlab.analysis.correlate import numbers
from scratchlab.report.charts import Figure, escaped, ink, layout, title
from scratchlab.report.sweep.cells import SweepView, short
from scratchlab.report.sweep.figures import LINES

HIGH = 260
DECADES = 30.0  # ratio of the largest to the smallest value above which the axis is logarithmic


def scatters(sweep: SweepView, metric: str) -> dict[str, Figure]:
    """By setting with many values, all of them numbers: a chart of the metric of each run."""
    charts: dict[str, Figure] = {}
    results = sweep.table[metric].to_list()
    for setting, label in zip(sweep.axes, short(sweep.axes), strict=True):
        values = numbers(sweep.table[setting].to_list())
        if isinstance(values, str) or sweep.table[setting].n_unique() <= LINES:
            continue
        shown = [i for i, result in enumerate(results) if result is not None]
        data: Figure = {
            "type": "scatter",
            "mode": "markers",
            "x": [float(values[i]) for i in shown],
            "y": [results[i] for i in shown],
            "marker": {"size": 8, "opacity": 0.65, "color": ink("head-1")},
            "customdata": [escaped(sweep.table["run"][i]) for i in shown],
            "hovertemplate": "%{customdata}: %{x:.4g}, %{y:.4g}<extra></extra>",
        }
        logarithmic = values.min() > 0 and values.max() / values.min() > DECADES
        x_axis = {
            "title": title(escaped(label)),
            "showgrid": True,
            **({"type": "log", "tickformat": "~g", "nticks": 5} if logarithmic else {"nticks": 6}),
        }
        y_axis = {"title": title(escaped(metric)), "nticks": 6, "tickformat": ".3~g"}
        charts[label] = {"data": [data], "layout": layout(HIGH, hovermode="closest", xaxis=x_axis, yaxis=y_axis)}
    return charts
