"""The section of class-incremental sessions: what is kept of the base, what is learned, and which base class each new one resembles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scratchlab.analysis.confusion import Confusion
from scratchlab.checks import counted
from scratchlab.evaluation.sessions import BASE
from scratchlab.metrics.estimate import over_draws
from scratchlab.report.charts import Figure
from scratchlab.report.run.contexts import curve
from scratchlab.report.run.kinds.interface import Origin, Section, snippet
from scratchlab.result import Result

SHOWN = {"accuracy": 420, "base": 280, "new": 280}  # metrics that have a chart, and its height in pixels

MEANINGS = {
    "mean over": (
        "The labelled examples were drawn several times, and everything after the training was repeated with each draw. "
        "The interval says how well the mean over such draws is known. The trained weights are the same in every draw, "
        "so it says nothing about other speakers or seeds."
    )
}


@dataclass(frozen=True)
class NearestBaseClass:
    """A new class and the base class it is most similar to: in which share of the draws, and how similar; how many of its `total` queries
    each head answered with that base class, and which base class the first head answered most often (empty: none)."""

    name: str
    base: str
    share: float
    similarity: float
    answered: tuple[int, ...]
    total: int
    most: str

    @property
    def follows(self) -> bool:
        """Whether the first head confuses it most often with the base class it is most similar to."""
        return self.most == self.base


def section(result: Result, confusions: Sequence[Confusion]) -> Section:
    """Charts over the sessions, the nearest base classes, and where the numbers come from."""
    later, last = len(result.head.rows) - 1, result.head.rows[-1].context["session"]
    base = [name for name, part in result.classes.items() if part == BASE]
    figures: dict[str, Figure] = {}
    if later:
        figures = {name: curve(result, name, height, list(SHOWN)) for name, height in SHOWN.items()}
    similar = nearest(result, base, confusions)
    about = {"later": counted(later, "session"), "base": len(base), "nearest": similar}
    computed = 'over_draws(units.group_by("draw", maintain_order=True).agg(pl.col("value").mean())["value"].to_list())'
    again = snippet(result, f', pl.col("session") == {last}', computed, over_draws)
    return Section("Sessions", _origins(result, int(last), similar=bool(similar)), again, about, figures, MEANINGS)


def nearest(result: Result, base: Sequence[str], confusions: Sequence[Confusion]) -> list[NearestBaseClass]:
    """Of every new class, in order of arrival; the counts are those of the last session."""
    place = {name: i for i, name in enumerate(result.classes)}
    found: list[NearestBaseClass] = []
    for name, one in result.facts.get("nearest", {}).items():
        row, column = place[name], place[one["base"]]
        of_base = confusions[0].counts[row, : len(base)]
        most = base[int(of_base.argmax())] if of_base.any() else ""
        answered = tuple(int(head.counts[row, column]) for head in confusions)
        found.append(NearestBaseClass(name, **one, answered=answered, total=int(confusions[0].counts[row].sum()), most=most))
    return found


def _origins(result: Result, last: int, *, similar: bool) -> list[Origin]:
    rows = f'units.parquet, rows head = "{result.leading}", session'
    right = "share of rows with answer = truth"
    return [
        Origin("Base accuracy", f"{rows} = 0; columns truth, answer, group", f"{right}; interval: metrics/estimate.py, over_groups"),
        Origin(
            "Final accuracy",
            f"{rows} = {last}; columns truth, answer, draw",
            f"{right} of each draw, choosing among all classes known (metrics/sessions.py, session_metrics); "
            "mean and interval over the draws (metrics/estimate.py, over_draws)",
        ),
        Origin(
            "Average accuracy",
            f"{rows} = 0 to {last}",
            "mean over the sessions of each draw (metrics/sessions.py, average_accuracy); over_draws",
        ),
        Origin(
            "Performance drop",
            f"{rows} = 0 and {last}",
            "base accuracy minus final accuracy of each draw (metrics/sessions.py, performance_drop); over_draws",
        ),
        *(
            [
                Origin(
                    "Similarity to base classes",
                    "result.json, facts.nearest",
                    "mean similarity of a new class's references to each base class's prototype in each draw "
                    "(learn/incremental.py, similarity_to_base); the largest of each draw counted, the similarity averaged over all draws",
                )
            ]
            if similar
            else []
        ),
    ]
