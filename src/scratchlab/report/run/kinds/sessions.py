"""The section of class-incremental sessions: accuracy on base and new classes, and the base class most similar to each new class."""

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

UNKNOWN = ("unknown_auroc", "known_lost")  # metrics that have a table of their own
SHOWN = {"accuracy": 420, "base": 280, "new": 280}  # metrics that have a chart, and its height in pixels

MEANINGS = {
    "mean over": (
        "The shots of the new classes were drawn several times, and everything after training was repeated with each draw. "
        "The interval shows the uncertainty of the mean over draws. The trained weights are the same in every draw, "
        "so it does not show the variation with other groups (such as speakers) or training seeds."
    )
}


@dataclass(frozen=True)
class NearestBaseClass:
    """A new class and the base class it is most similar to.

    share: fraction of the draws in which it is. predicted: how many of its `total` queries each head classified as that base class. most:
    the base class that the first head predicted most often (empty: none).
    """

    name: str
    base: str
    share: float
    similarity: float
    predicted: tuple[int, ...]
    total: int
    most: str

    @property
    def follows(self) -> bool:
        """Whether the first head confuses it most often with its most similar base class."""
        return self.most == self.base


def section(result: Result, confusions: Sequence[Confusion]) -> Section:
    """The section: charts over the sessions, the nearest base classes, and the origins of the numbers."""
    later, last = len(result.head.rows) - 1, result.head.rows[-1].context["session"]
    base = [name for name, part in result.classes.items() if part == BASE]
    figures: dict[str, Figure] = {}
    if later:
        figures = {name: curve(result, name, height, list(SHOWN)) for name, height in SHOWN.items()}
    similar = nearest(result, base, confusions)
    unknown = [name for name in UNKNOWN if name in result.head.rows[0].metrics]  # runs of before have none
    about = {"later": counted(later, "session"), "base": len(base), "nearest": similar, "unknown": unknown}
    computed = 'over_draws(units.group_by("draw", maintain_order=True).agg(pl.col("value").mean())["value"].to_list())'
    code = snippet(result, f', pl.col("session") == {last}', computed, over_draws)
    return Section("Sessions", _origins(result, int(last), similar=bool(similar)), code, about, figures, MEANINGS)


def nearest(result: Result, base: Sequence[str], confusions: Sequence[Confusion]) -> list[NearestBaseClass]:
    """The nearest base class of every new class, in order of arrival; counts are of the last session."""
    place = {name: i for i, name in enumerate(result.classes)}
    classes: list[NearestBaseClass] = []
    for name, fact in result.facts.get("nearest", {}).items():
        row, column = place[name], place[fact["base"]]
        of_base = confusions[0].counts[row, : len(base)]
        most = base[int(of_base.argmax())] if of_base.any() else ""
        predicted = tuple(int(head.counts[row, column]) for head in confusions)
        classes.append(NearestBaseClass(name, **fact, predicted=predicted, total=int(confusions[0].counts[row].sum()), most=most))
    return classes


def _origins(result: Result, last: int, *, similar: bool) -> list[Origin]:
    rows = f'units.parquet, rows head = "{result.leading}", session'
    right = "fraction of rows with answer = truth"
    return [
        Origin("Base accuracy", f"{rows} = 0; columns truth, answer, group", f"{right}; interval: metrics/estimate.py, over_groups"),
        Origin(
            "Final accuracy",
            f"{rows} = {last}; columns truth, answer, draw",
            f"{right} in each draw, among all classes seen so far (metrics/sessions.py, session_metrics); "
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
                    "(learn/incremental.py, similarity_to_base); "
                    "the nearest class has the largest similarity in most draws; its similarity is averaged over all draws",
                )
            ]
            if similar
            else []
        ),
    ]
