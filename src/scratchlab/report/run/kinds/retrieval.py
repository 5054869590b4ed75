"""The section of retrieval: the CMC curve of every head, and the counts of probes and gallery rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchlab.analysis.confusion import Confusion
from scratchlab.evaluation.retrieval import BLOCK
from scratchlab.metrics.estimate import over_groups
from scratchlab.report.charts import Figure, escaped, layout, title
from scratchlab.report.lines import look
from scratchlab.report.run.kinds.interface import Origin, Section, snippet
from scratchlab.report.words import percent
from scratchlab.result import Result

LONGEST = 50  # ranks of the CMC curve
MARKED = 8  # points of a curve with a mark
TICKS = [1, *range(5, 55, 5)]  # ranks with a tick label
COUNTED = {
    "probes": "query rows",
    "gallery": "rows that are ranked for each probe, without junk",
    "identities": "distinct identities among the probes",
    "without_match": "probes whose identity is not in the gallery; left out of all means",
    "same_camera": "pairs of a probe and a gallery row of the same identity, ignored because they have the same camera",
    "junk": "gallery rows that are ignored for every probe",
    "distractors": "gallery rows of identities without a probe",
}
MEANINGS = {
    "bootstrap over": (
        "Whole identities, each with all its probes, were resampled 2000 times, because probes of one identity are not independent, and "
        "95 % of the results were in this interval. It shows how the value would vary with other identities of the same kind. Gallery and "
        "trained weights were the same throughout, so it does not show the effect of a larger gallery or another training seed."
    )
}


def section(result: Result, confusions: Sequence[Confusion]) -> Section:
    """The section: CMC curves, counts, and the origins of the numbers."""
    del confusions
    rows = f'units.parquet, rows head = "{result.leading}"; columns'
    over = "interval over identities: metrics/estimate.py, over_groups"
    origins = [
        Origin("mAP", f"{rows} value, group", f"mean of the probes' average precision (metrics/ranking.py); {over}"),
        Origin("Rank k", f"{rows} rank, group", f"fraction of probes whose first match has rank k or better; {over}"),
        Origin("mINP", f"{rows} inp, group", f"mean over probes of matches / rank of the last match; {over}"),
    ]
    computed = f'over_groups(units["value"].to_numpy(), units["group"].to_numpy(), unit="identities", block="{BLOCK}")'
    counts = [(name, result.facts["counts"][name], meaning) for name, meaning in COUNTED.items()]
    code = snippet(result, "", computed, over_groups)
    return Section("Retrieval", origins, code, {"counts": counts}, _curves(result), MEANINGS)


def _curves(result: Result) -> dict[str, Figure]:
    """CMC: the fraction of probes whose first match has rank k or better, one line per head; no chart if no probe has a match."""
    ranks = dict(result.units.group_by("head").agg("rank").collect().iter_rows())
    if not ranks:
        return {}
    k = np.arange(1, min(LONGEST, result.facts["counts"]["gallery"]) + 1)
    data = [
        {
            "x": k.tolist(),
            "y": (curve := [float(np.mean(np.array(ranks[head]) <= rank)) for rank in k]),
            "mode": "lines+markers",
            "line": look(place).line(2.5),
            "marker": look(place).marker(7) | {"maxdisplayed": MARKED},
            "name": escaped(head),
            "customdata": [escaped(f"{head}  {percent(fraction)}") for fraction in curve],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
        for place, head in enumerate(result.heads)
    ]
    x_axis = {"title": title("rank k"), "tickvals": TICKS, "range": [0, len(k) + 1], "unifiedhovertitle": {"text": "rank %{x}"}}
    y_axis = {"tickformat": ".0%", "nticks": 6}
    return {"cmc": {"data": data, "layout": layout(420, hovermode="x unified", xaxis=x_axis, yaxis=y_axis)}}
