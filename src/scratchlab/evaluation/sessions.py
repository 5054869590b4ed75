"""Class-incremental sessions: joint accuracy of base and new classes after every session, over the draws of the shots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.checks import counted
from scratchlab.data.protocols.sessions import SessionsPlan
from scratchlab.evaluation.predictions import Predictions
from scratchlab.evaluation.unknown import NO_QUERIES, UnknownQueries
from scratchlab.metrics.estimate import Estimate, over_draws, over_groups, undefined
from scratchlab.metrics.open_set import OpenSet
from scratchlab.metrics.sessions import SessionMetrics, average_accuracy, performance_drop, session_metrics
from scratchlab.result import Head, Layout, Metrics, Result, Row
from scratchlab.types import Inputs, Rows, Samples, Scores, Split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scratchlab.evaluation.interface import Progress
    from scratchlab.learn.methods.interface import Method

BASE, NEW = "base", "new"
METRICS = ("accuracy", "balanced", "base", "new", "harmonic")
"""Metrics of one session, in the order of tables."""
NOTES = (
    "Accuracies are joint: every answer is chosen among all classes known so far; 'balanced' weighs classes alike.",
    "Unknown are the queries of classes that are learned later; the threshold at which 5 % of them are accepted is chosen on half of the "
    "groups and judged on the other half.",
)


@dataclass(frozen=True)
class SessionPredictions:
    """One head's predictions after one session of one draw; session 0 is the base session, with draw -1."""

    session: int
    draw: int
    classes: Rows
    predictions: Predictions
    metrics: SessionMetrics
    unknown: OpenSet


def evaluate(plan: SessionsPlan, method: Method, samples: Samples, progress: Progress) -> Result:
    """Score the queries after the base session and after every session of every draw, and those of classes that are learned later."""
    collected = Collected(plan, samples)

    def add(session: int, draw: int, learner: Method, split: Split, later: Sequence[Split]) -> None:
        scores = _scored(learner, split.inputs(samples))
        collected.add(session, draw, split, scores, UnknownQueries.of(partial(_scored, learner), split, later, samples))

    add(0, -1, method, plan.split, plan.draws[0] if plan.draws else ())
    for draw, splits in enumerate(progress.over(plan.draws, "draws of the shots")):
        learner = method.branch()
        for session, split in enumerate(splits, 1):
            learner.learn(split.view(samples))
            add(session, draw, learner, split, splits[session:])
        collected.relate(splits[-1], learner.similarity_to_base().cpu().numpy())
    return collected.result()


def _scored(method: Method, inputs: Inputs) -> dict[str, Scores]:
    """Scores by head, those of the linear baseline last."""
    return {**method.score(inputs), **method.baselines.score(inputs)}


class Collected:
    """Collects predictions by head, and similarities of new classes to base classes."""

    def __init__(self, plan: SessionsPlan, samples: Samples) -> None:
        self.plan, self.samples, self.base_classes = plan, samples, plan.split.classes
        self.by_head: dict[str, list[SessionPredictions]] = defaultdict(list)
        self.similarities: dict[str, list[npt.NDArray[np.float32]]] = defaultdict(list)

    def add(self, session: int, draw: int, split: Split, heads: Mapping[str, Scores], unknown: UnknownQueries = NO_QUERIES) -> None:
        """Add the scores of every head after one session, and evaluate them with the true labels."""
        for head, scores in heads.items():
            predictions = Predictions.join(split, scores, self.samples)
            metrics = session_metrics(predictions.predicted, predictions.truth, self.base_classes)
            apart = unknown.metrics(head, predictions, self.plan.groups, interval=session == 0)
            self.by_head[head].append(SessionPredictions(session, draw, split.classes, predictions, metrics, apart))

    def relate(self, split: Split, similarity: npt.NDArray[np.float32]) -> None:
        """Add the similarities `[new, base]` of a draw's new classes to the base classes, after the draw's last session."""
        for label, row in zip(split.classes[len(self.base_classes) :], similarity, strict=True):
            self.similarities[self.samples.classes[label]].append(row)

    def result(self) -> Result:
        """The result: for each head, all sessions with intervals, the average accuracy and the performance drop."""
        heads = {head: self._head(sessions) for head, sessions in self.by_head.items()}
        leading, first = next(iter(heads.items()))
        return Result(
            "sessions",
            f"{leading} head: {_headline(first)}",
            heads,
            Layout("query", "accuracy", ("session",), "draw", "part", self.plan.block),
            self._classes(self.by_head[leading]),
            NOTES,
            {"nearest": {name: self._nearest(np.stack(rows)) for name, rows in self.similarities.items()}},
            scan=self.units().lazy,
        )

    def _classes(self, sessions: list[SessionPredictions]) -> dict[str, str]:
        """The session in which each class was learned, in this order."""
        classes: dict[str, str] = {}
        for session in sessions:
            labels: list[int] = session.classes.tolist()
            for label in labels:
                classes.setdefault(self.samples.classes[label], f"session {session.session}" if session.session else BASE)
        return classes

    def _nearest(self, similarity: npt.NDArray[np.float32]) -> dict[str, Any]:
        """The nearest base class of one new class, given its similarities `[draws, base]`: the class that is nearest in most draws, the
        fraction of these draws (`share`), and its mean similarity over all draws."""
        counts = np.bincount(similarity.argmax(1), minlength=similarity.shape[1])
        most = int(counts.argmax())
        return {
            "base": self.samples.classes[int(self.base_classes[most])],
            "share": float(counts[most] / len(similarity)),
            "similarity": float(similarity[:, most].mean(dtype=np.float64)),
        }

    def _head(self, predictions: list[SessionPredictions]) -> Head:
        sessions: dict[int, list[SessionPredictions]] = defaultdict(list)
        for one in predictions:
            sessions[one.session].append(one)
        rows = tuple(self._row(number, sessions[number]) for number in sorted(sessions))
        paths: dict[int, list[float]] = defaultdict(lambda: [sessions[0][0].metrics.accuracy])
        for one in predictions:
            if one.session > 0:
                paths[one.draw].append(one.metrics.accuracy)
        average = over_draws([average_accuracy(path) for path in paths.values()])
        drop = over_draws([performance_drop(path) for path in paths.values()], within=(-1.0, 1.0))
        first, last = rows[0].metrics, rows[-1].metrics
        return Head(
            {"final_accuracy": last["accuracy"], "base_accuracy": first["accuracy"], "average_accuracy": average, "performance_drop": drop},
            rows,
        )

    def _row(self, session: int, draws: list[SessionPredictions]) -> Row:
        counts = {"classes": len(draws[0].classes), "queries": len(draws[0].predictions.rows)}
        if session == 0:
            metrics = {**self._base(draws[0].predictions), "unknown_auroc": draws[0].unknown.auroc, "known_lost": draws[0].unknown.lost}
            return Row({"session": 0}, counts, metrics, draws[0].predictions.chance)
        metrics: Metrics = {}
        for name in METRICS:
            values = [getattr(draw.metrics, name) for draw in draws]
            metrics[name] = undefined(f"there is no query of the classes that '{name}' is over") if None in values else over_draws(values)
        metrics |= {
            "unknown_auroc": _mean([draw.unknown.auroc for draw in draws]),
            "known_lost": _mean([draw.unknown.lost for draw in draws]),
        }
        return Row({"session": session}, counts, metrics, draws[0].predictions.chance)

    def _base(self, predictions: Predictions) -> Metrics:
        """Metrics of session 0, where no shots are drawn, so that intervals are over groups of queries."""
        correct, groups = predictions.predicted == predictions.truth, self.plan.groups[predictions.rows]
        accuracy, balanced = over_groups(correct, groups), over_groups(correct, groups, predictions.truth)
        no_new = undefined("the base session has no new classes")
        return {"accuracy": accuracy, "balanced": balanced, "base": accuracy, "new": no_new, "harmonic": no_new}

    def units(self) -> pl.DataFrame:
        """A table with one row per query, session, draw and head."""
        return pl.concat([self._units(head, session) for head, sessions in self.by_head.items() for session in sessions])

    def _units(self, head: str, session: SessionPredictions) -> pl.DataFrame:
        of_base = np.isin(session.predictions.truth, self.base_classes)
        table = session.predictions.units(head, self.plan, self.samples)
        return table.with_columns(
            session=pl.lit(session.session, pl.Int16),
            draw=pl.lit(session.draw, pl.Int16),
            part=pl.Series(np.where(of_base, BASE, NEW)).cast(pl.Enum([BASE, NEW])),
        )


def _mean(draws: Sequence[Estimate]) -> Estimate:
    """The mean over the draws; undefined where one of them is, for its reason."""
    values = [one.value for one in draws if one.value is not None]
    return over_draws(values) if len(values) == len(draws) else next(one for one in draws if one.value is None)


def _headline(head: Head) -> str:
    """`98.9 % [98.1, 99.6] on 6 base classes, 86.6 % [86.1, 87.1] on all 10 after session 2`."""
    first, last = head.rows[0], head.rows[-1]
    before = f"{first.metrics['accuracy']} on {counted(first.counts['classes'], 'base class')}"
    after = f"{last.metrics['accuracy']} on all {last.counts['classes']} after session {last.context['session']}"
    return f"{before}, {after}" if len(head.rows) > 1 else before
