"""The section of closed-set classification."""

from __future__ import annotations

from collections.abc import Sequence

from scratchlab.analysis.confusion import Confusion
from scratchlab.metrics.estimate import over_groups
from scratchlab.report.run.kinds.interface import Origin, Section, snippet
from scratchlab.result import Result


def section(result: Result, confusions: Sequence[Confusion]) -> Section:
    """Accuracy over queries and over classes."""
    del confusions
    rows = f'units.parquet, rows head = "{result.leading}"; columns truth, answer, group'
    origins = [
        Origin("Accuracy", rows, "fraction of rows with answer = truth; interval: metrics/estimate.py, over_groups"),
        Origin(
            "Balanced accuracy", rows, "mean over the classes of this fraction (metrics/classification.py, balanced_accuracy); over_groups"
        ),
    ]
    computed = 'over_groups((units["answer"] == units["truth"]).to_numpy(), units["group"].to_numpy())'
    return Section("Result", origins, snippet(result, "", computed, over_groups))
