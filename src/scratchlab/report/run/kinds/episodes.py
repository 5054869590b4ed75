"""The section of few-shot episodes: accuracy by size of support, and by how much the leading head is ahead in the same episodes."""

from __future__ import annotations

from collections.abc import Sequence

from scratchlab.analysis.confusion import Confusion
from scratchlab.metrics.estimate import Estimate, over_draws
from scratchlab.report.run.contexts import curve
from scratchlab.report.run.kinds.interface import Origin, Section, snippet
from scratchlab.result import Result

ESTIMATE = ("value", "low", "high", "n", "how")


def section(result: Result, confusions: Sequence[Confusion]) -> Section:
    """One chart over the contexts, the paired differences of heads, and where the numbers come from."""
    del confusions
    shot, queries = result.head.rows[0].context.values()
    rows = f'units.parquet, rows head = "{result.leading}", shot, queries'
    over = "mean and interval over episodes (metrics/episodes.py, over_episodes)"
    origins = [
        Origin(
            "Accuracy",
            f"{rows}; column value",
            f"share of an episode's known queries whose own class scores highest (metrics/episodes.py, episode_accuracy); {over}",
        )
    ]
    if "AUROC" in result.head.rows[0].metrics:
        definition = f"area under the ROC curve of known against unknown queries, by their best score (episode_auroc); {over}"
        origins.append(Origin("AUROC", f"{rows}; column auroc", definition))
    computed = 'over_draws(units["value"].to_list(), "episode")'
    again = snippet(result, f', pl.col("shot") == {shot}, pl.col("queries") == "{queries}"', computed, over_draws)
    differences = [{**one, "estimate": Estimate(**{name: one[name] for name in ESTIMATE})} for one in result.facts["differences"]]
    return Section("Episodes", origins, again, {"differences": differences}, {"accuracy": curve(result, "accuracy", 420, ["accuracy"])})
