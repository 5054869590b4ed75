"""The section of few-shot episodes: accuracy by size of support, and by how much the leading head is ahead in the same episodes."""

from __future__ import annotations

from collections.abc import Sequence

from scratchlab.analysis.confusion import Confusion
from scratchlab.metrics.estimate import Estimate, over_draws
from scratchlab.report.run.contexts import curve
from scratchlab.report.run.kinds.interface import Origin, Section, snippet
from scratchlab.result import Result

ESTIMATE = ("value", "low", "high", "n", "how")
MEANINGS = {
    "mean over": (
        "Each episode is one value, because its queries share a support set and are not independent. The interval says how well the mean "
        "over such episodes is known, all drawn from the same test classes and rows; more episodes make it narrower. The trained weights "
        "are the same throughout, so it says nothing about other classes or another training seed."
    )
}


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
    figures = {"accuracy": curve(result, "accuracy", 420, ["accuracy"])}
    return Section("Episodes", origins, again, {"differences": _differences(result)}, figures, MEANINGS)


def _differences(result: Result) -> dict[str, dict[str, Estimate]]:
    """By head and context, by how much the leading head is ahead of it in the same episodes."""
    found: dict[str, dict[str, Estimate]] = {}
    for one in result.facts["differences"]:
        context = f"{one['shot']} shot, {one['queries']}"
        found.setdefault(one["against"], {})[context] = Estimate(**{name: one[name] for name in ESTIMATE})
    return found
