"""What came of values that are too many to be lines: a mark a run, a chart a setting."""

from __future__ import annotations

from scratchlab.analysis.correlate import numbers
from scratchlab.report.charts import Figure, ink, layout, said, title
from scratchlab.report.sweep.cells import Swept, short
from scratchlab.report.sweep.figures import LINES

HIGH = 260
DECADES = 30.0  # from the smallest to the largest value, beyond which an axis is one of logarithms


def scatters(swept: Swept, figure: str) -> dict[str, Figure]:
    """By setting that has many values, all of them numbers: what each run came to."""
    found: dict[str, Figure] = {}
    reached = swept.table[figure].to_list()
    for setting, called in zip(swept.axes, short(swept.axes), strict=True):
        values = numbers(swept.table[setting].to_list())
        if isinstance(values, str) or swept.table[setting].n_unique() <= LINES:
            continue
        kept = [i for i, one in enumerate(reached) if one is not None]
        data: Figure = {
            "type": "scatter",
            "mode": "markers",
            "x": [float(values[i]) for i in kept],
            "y": [reached[i] for i in kept],
            "marker": {"size": 8, "opacity": 0.65, "color": ink("head-1")},
            "customdata": [said(swept.table["run"][i]) for i in kept],
            "hovertemplate": "%{customdata}: %{x:.4g}, %{y:.4g}<extra></extra>",
        }
        wide = values.min() > 0 and values.max() / values.min() > DECADES
        across = {
            "title": title(said(called)),
            "showgrid": True,
            **({"type": "log", "tickformat": "~g", "nticks": 5} if wide else {"nticks": 6}),
        }
        up = {"title": title(said(figure)), "nticks": 6, "tickformat": ".3~g"}
        found[called] = {"data": [data], "layout": layout(HIGH, hovermode="closest", xaxis=across, yaxis=up)}
    return found
