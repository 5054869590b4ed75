"""The section of few-shot episodes: accuracy by number of shots, and paired differences between heads."""

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
        "Each episode is one value, because its queries share a support set and are not independent. The interval shows the uncertainty "
        "of the mean over episodes, all drawn from the same test classes and rows; more episodes make it narrower. The trained weights "
        "are the same throughout, so it does not show the variation with other classes or training seeds."
    )
}


def section(result: Result, confusions: Sequence[Confusion]) -> Section:
    """The section: one chart over the contexts, the paired differences between heads, and the origins of the numbers."""
    del confusions
    shot, queries = result.head.rows[0].context.values()
    rows = f'units.parquet, rows head = "{result.leading}", shot, queries'
    over = "mean and interval over episodes (metrics/estimate.py, over_draws)"
    origins = [
        Origin(
            "Accuracy",
            f"{rows}; column value",
            f"fraction of an episode's known queries whose own class scores highest (metrics/episodes.py, episode_accuracy); {over}",
        )
    ]
    if "AUROC" in result.head.rows[0].metrics:
        definition = f"area under the ROC curve of known against unknown queries, by their highest score (episode_auroc); {over}"
        origins.append(Origin("AUROC", f"{rows}; column auroc", definition))
    computed = 'over_draws(units["value"].to_list(), "episode")'
    code = snippet(result, f', pl.col("shot") == {shot}, pl.col("queries") == "{queries}"', computed, over_draws)
    figures = {"accuracy": curve(result, "accuracy", 420, ["accuracy"])}
    return Section("Episodes", origins, code, {"differences": _differences(result)}, figures, MEANINGS)


def _differences(result: Result) -> dict[str, dict[str, Estimate]]:
    """By other head and context: accuracy of the leading head minus that of the other, in the same episodes."""
    differences: dict[str, dict[str, Estimate]] = {}
    for fact in result.facts["differences"]:
        context = f"{fact['shot']} shot, {fact['queries']}"
        differences.setdefault(fact["against"], {})[context] = Estimate(**{name: fact[name] for name in ESTIMATE})
    return differences
