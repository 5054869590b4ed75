"""Class-incremental sessions: joint accuracy of base and new classes after every session, over the draws of the shots."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.checks import counted
from scratchlab.data.protocols.sessions import SessionsPlan
from scratchlab.evaluation.answers import Answers
from scratchlab.metrics.estimate import over_draws, over_groups, undefined
from scratchlab.metrics.sessions import SessionMetrics, average_accuracy, performance_drop, session_metrics
from scratchlab.result import Head, Layout, Metrics, Result, Row
from scratchlab.types import Inputs, Rows, Samples, Scores, Split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scratchlab.evaluation.interface import Progress
    from scratchlab.learn.methods.interface import Method

BASE, NEW = "base", "new"
METRICS = ("accuracy", "balanced", "base", "new", "harmonic")
"""Of one session, in the order in which they are shown."""
NOTES = ("Accuracies are joint: every answer is chosen among all classes known so far; 'balanced' weighs classes alike.",)


@dataclass(frozen=True)
class Answered:
    """One head's answers after one session of one draw; session 0 is the base, whose draw is -1."""

    session: int
    draw: int
    classes: Rows
    answers: Answers
    metrics: SessionMetrics


def evaluate(plan: SessionsPlan, method: Method, samples: Samples, progress: Progress) -> Result:
    """Asks after the base session and after every session of every draw."""
    found = Collected(plan, samples)
    found.add(0, -1, plan.split, _scored(method, plan.split.inputs(samples)))
    for draw, splits in enumerate(progress.over(plan.draws, "draws of the shots")):
        learner = method.branch()
        for session, split in enumerate(splits, 1):
            learner.learn(split.view(samples))
            found.add(session, draw, split, _scored(learner, split.inputs(samples)))
        found.relate(splits[-1], learner.similarity_to_base().cpu().numpy())
    return found.result()


def _scored(method: Method, inputs: Inputs) -> dict[str, Scores]:
    """By head, those of the linear baseline last."""
    return {**method.score(inputs), **method.baselines.score(inputs)}


class Collected:
    """Collects answers by head, and how similar new classes are to the base."""

    def __init__(self, plan: SessionsPlan, samples: Samples) -> None:
        self.plan, self.samples, self.base_classes = plan, samples, plan.split.classes
        self.answered: dict[str, list[Answered]] = defaultdict(list)
        self.similar: dict[str, list[npt.NDArray[np.float32]]] = defaultdict(list)

    def add(self, session: int, draw: int, split: Split, heads: Mapping[str, Scores]) -> None:
        """Joins the truth to what each head answered."""
        for head, scores in heads.items():
            one = Answers.join(split, scores, self.samples)
            metrics = session_metrics(one.predicted, one.truth, self.base_classes)
            self.answered[head].append(Answered(session, draw, split.classes, one, metrics))

    def relate(self, split: Split, similarity: npt.NDArray[np.float32]) -> None:
        """Keeps how similar a draw's new classes are to the base classes, `[new, base]`, once its last session is learned."""
        for label, row in zip(split.classes[len(self.base_classes) :], similarity, strict=True):
            self.similar[self.samples.classes[label]].append(row)

    def result(self) -> Result:
        """Of each head the sessions with their intervals, the average and the drop."""
        heads = {head: self._head(found) for head, found in self.answered.items()}
        leading, last = next(iter(heads.items()))
        found = self.answered[leading]
        return Result(
            "sessions",
            f"{leading} head: {_headline(last)}",
            heads,
            Layout("query", "accuracy", ("session",), "draw", "part", self.plan.block),
            self._classes(found),
            NOTES,
            {"nearest": {name: self._nearest(np.stack(rows)) for name, rows in self.similar.items()}},
            scan=self.units().lazy,
        )

    def _classes(self, found: list[Answered]) -> dict[str, str]:
        """Of every class, in order of arrival, the session in which it was learned."""
        classes: dict[str, str] = {}
        for one in found:
            labels: list[int] = one.classes.tolist()
            for label in labels:
                classes.setdefault(self.samples.classes[label], f"session {one.session}" if one.session else BASE)
        return classes

    def _nearest(self, found: npt.NDArray[np.float32]) -> dict[str, Any]:
        """Similarity of one new class `[draws, base]`: the base class most often the nearest, in which share of the draws, and how similar
        on average over all of them."""
        counts = np.bincount(found.argmax(1), minlength=found.shape[1])
        most = int(counts.argmax())
        return {
            "base": self.samples.classes[int(self.base_classes[most])],
            "share": float(counts[most] / len(found)),
            "similarity": float(found[:, most].mean(dtype=np.float64)),
        }

    def _head(self, found: list[Answered]) -> Head:
        sessions: dict[int, list[Answered]] = defaultdict(list)
        for one in found:
            sessions[one.session].append(one)
        rows = tuple(self._row(number, sessions[number]) for number in sorted(sessions))
        paths: dict[int, list[float]] = defaultdict(lambda: [sessions[0][0].metrics.accuracy])
        for one in found:
            if one.session > 0:
                paths[one.draw].append(one.metrics.accuracy)
        average = over_draws([average_accuracy(path) for path in paths.values()])
        drop = over_draws([performance_drop(path) for path in paths.values()], within=(-1.0, 1.0))
        first, last = rows[0].metrics, rows[-1].metrics
        return Head(
            {"final_accuracy": last["accuracy"], "base_accuracy": first["accuracy"], "average_accuracy": average, "performance_drop": drop},
            rows,
        )

    def _row(self, session: int, found: list[Answered]) -> Row:
        counts = {"classes": len(found[0].classes), "queries": len(found[0].answers.rows)}
        if session == 0:
            return Row({"session": 0}, counts, self._base(found[0].answers), found[0].answers.chance)
        metrics: Metrics = {}
        for name in METRICS:
            values = [getattr(one.metrics, name) for one in found]
            metrics[name] = undefined(f"no query is of a class that '{name}' counts") if None in values else over_draws(values)
        return Row({"session": session}, counts, metrics, found[0].answers.chance)

    def _base(self, found: Answers) -> Metrics:
        """Session 0: nothing was drawn, so the interval is over groups of queries."""
        right, groups = found.predicted == found.truth, self.plan.groups[found.rows]
        whole, balanced = over_groups(right, groups), over_groups(right, groups, found.truth)
        none_yet = undefined("the base session has no new classes")
        return {"accuracy": whole, "balanced": balanced, "base": whole, "new": none_yet, "harmonic": none_yet}

    def units(self) -> pl.DataFrame:
        """One row a query, session, draw and head."""
        return pl.concat([self._units(head, one) for head, found in self.answered.items() for one in found])

    def _units(self, head: str, one: Answered) -> pl.DataFrame:
        of_base = np.isin(one.answers.truth, self.base_classes)
        table = one.answers.units(head, self.plan, self.samples)
        return table.with_columns(
            session=pl.lit(one.session, pl.Int16),
            draw=pl.lit(one.draw, pl.Int16),
            part=pl.Series(np.where(of_base, BASE, NEW)).cast(pl.Enum([BASE, NEW])),
        )


def _headline(head: Head) -> str:
    """`98.9 % [98.1, 99.6] on 6 base classes, 86.6 % [86.1, 87.1] on all 10 after session 2`."""
    first, last = head.rows[0], head.rows[-1]
    told = f"{first.metrics['accuracy']} on {counted(first.counts['classes'], 'base class')}"
    after = f"{last.metrics['accuracy']} on all {last.counts['classes']} after session {last.context['session']}"
    return f"{told}, {after}" if len(head.rows) > 1 else told
