"""The section of retrieval: the CMC curve of every head, what was counted, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence

from scratchlab.analysis.confusion import Confusion
from scratchlab.metrics.estimate import over_groups
from scratchlab.report.charts import DASHES, Figure, ink, layout, said, title
from scratchlab.report.run.kinds.interface import Origin, Section, snippet
from scratchlab.report.words import percent
from scratchlab.result import Result


def section(result: Result, confusions: Sequence[Confusion]) -> Section:
    """The curves, the counts, and where the numbers come from."""
    del confusions
    rows = f'units.parquet, rows head = "{result.leading}"; columns'
    over = "interval over identities: metrics/estimate.py, over_groups"
    origins = [
        Origin("mAP", f"{rows} value, group", f"mean of the probes' average precision (metrics/retrieval.py); {over}"),
        Origin("Rank k", f"{rows} rank, group", f"share of probes whose first match has rank k or better; {over}"),
        Origin("mINP", f"{rows} inp, group", f"mean over probes of matches / rank of the last match; {over}"),
    ]
    computed = 'over_groups(units["value"].to_numpy(), units["group"].to_numpy(), unit="probes", block="identities")'
    counts = {name.replace("_", " "): count for name, count in result.facts["counts"].items()}
    return Section("Retrieval", origins, snippet(result, "", computed, over_groups), {"counts": counts}, {"cmc": _curves(result)})


def _curves(result: Result) -> Figure:
    """The share of probes whose first match has rank k or better, a line a head."""
    drawn = [
        {
            "x": list(range(1, len(curve) + 1)),
            "y": curve,
            "mode": "lines",
            "line": {"color": ink(f"head-{place % 4 + 1}"), "width": 2.5, "dash": DASHES[place % 4]},
            "name": said(head),
            "customdata": [said(f"{head}  {percent(share)}") if share is not None else "" for share in curve],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
        for place, (head, curve) in enumerate(result.facts["cmc"].items())
    ]
    across, up = {"title": title("rank k"), "unifiedhovertitle": {"text": "rank %{x}"}}, {"tickformat": ".0%", "nticks": 6}
    return {"data": drawn, "layout": layout(420, hovermode="x unified", xaxis=across, yaxis=up)}
