"""The section of retrieval: the CMC curve of every head, what was counted, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence

from scratchlab.analysis.confusion import Confusion
from scratchlab.metrics.estimate import over_groups
from scratchlab.report.charts import Figure, layout, said, title
from scratchlab.report.lines import look
from scratchlab.report.run.kinds.interface import Origin, Section, snippet
from scratchlab.report.words import percent
from scratchlab.result import Result

MARKED = 8  # points of a curve that have their mark
TICKS = [1, *range(5, 55, 5)]  # ranks that the axis names
COUNTED = {
    "probes": "rows that are asked",
    "gallery": "rows they are ranked against, without junk",
    "identities": "of the probes",
    "without_match": "probes whose identity the gallery lacks; they take part in no mean",
    "same_camera": "pairs of a probe and a gallery row of its identity that were ignored for their camera",
    "junk": "gallery rows ignored for every probe",
    "distractors": "gallery rows of identities without a probe",
}
MEANINGS = {
    "bootstrap over": (
        "Whole identities, each with all its probes, were resampled 2000 times, because probes of one identity resemble each other, and "
        "95 % of the results lay in this interval. It says how the number would vary with other identities of their kind. Gallery and "
        "trained weights are the same throughout, so it says nothing about a larger gallery or another training seed."
    )
}


def section(result: Result, confusions: Sequence[Confusion]) -> Section:
    """The curves, the counts, and where the numbers come from."""
    del confusions
    rows = f'units.parquet, rows head = "{result.leading}"; columns'
    over = "interval over identities: metrics/estimate.py, over_groups"
    origins = [
        Origin("mAP", f"{rows} value, group", f"mean of the probes' average precision (metrics/ranking.py); {over}"),
        Origin("Rank k", f"{rows} rank, group", f"share of probes whose first match has rank k or better; {over}"),
        Origin("mINP", f"{rows} inp, group", f"mean over probes of matches / rank of the last match; {over}"),
    ]
    computed = 'over_groups(units["value"].to_numpy(), units["group"].to_numpy(), unit="probes", block="identities")'
    counts = [(name, result.facts["counts"][name], meaning) for name, meaning in COUNTED.items()]
    again = snippet(result, "", computed, over_groups)
    return Section("Retrieval", origins, again, {"counts": counts}, {"cmc": _curves(result)}, MEANINGS)


def _curves(result: Result) -> Figure:
    """The share of probes whose first match has rank k or better, a line a head."""
    drawn = [
        {
            "x": list(range(1, len(curve) + 1)),
            "y": curve,
            "mode": "lines+markers",
            "line": look(place).line(2.5),
            "marker": look(place).marker(7) | {"maxdisplayed": MARKED},
            "name": said(head),
            "customdata": [said(f"{head}  {percent(share)}") if share is not None else "" for share in curve],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
        for place, (head, curve) in enumerate(result.facts["cmc"].items())
    ]
    longest = max(len(curve) for curve in result.facts["cmc"].values())
    across = {"title": title("rank k"), "tickvals": TICKS, "range": [0, longest + 1], "unifiedhovertitle": {"text": "rank %{x}"}}
    up = {"tickformat": ".0%", "nticks": 6}
    return {"data": drawn, "layout": layout(420, hovermode="x unified", xaxis=across, yaxis=up)}
