"""What came of a run: every answer joined with the truth, and the headline made of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.analysis.summary import METRICS
from scratchlab.metrics.estimate import Estimate, over_draws, over_groups, undefined
from scratchlab.metrics.sessions import SessionMetrics, average_accuracy, performance_drop, session_metrics
from scratchlab.types import Rows, Samples, Scores, Stage

Likeness = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """One head's answers to the queries of one stage."""

    stage: Stage
    scores: Scores
    predicted: Rows
    metrics: SessionMetrics


class Outcome:
    """Collects answers by head; `summary` and `predictions` are what is kept of them."""

    def __init__(self, samples: Samples, base_classes: Rows) -> None:
        self.samples, self.base_classes = samples, base_classes
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        self.resemblances: dict[str, list[Likeness]] = defaultdict(list)

    def add(self, stage: Stage, heads: Mapping[str, Scores]) -> None:
        """Joins the truth to what each head answered."""
        truth = stage.truth(self.samples)
        for head, scores in heads.items():
            predicted = scores.predicted()
            self.answers[head].append(Answer(stage, scores, predicted, session_metrics(predicted, truth, self.base_classes)))

    def relate(self, stage: Stage, resemblance: Likeness) -> None:
        """Keeps how alike a draw's new classes are to the base classes, `[new, base]`, once its last stage is learned."""
        for label, row in zip(stage.classes[len(self.base_classes) :], resemblance, strict=True):
            self.resemblances[self.samples.classes[label]].append(row)

    def summary(self) -> dict[str, Any]:
        """The headline, ready for JSON: for each head the sessions with their intervals, the average and the drop."""
        order = max((answer.stage.classes for answers in self.answers.values() for answer in answers), key=len)
        return {
            "classes": [self.samples.classes[label] for label in order],
            "base_classes": len(self.base_classes),
            "head": next(iter(self.answers)),
            "heads": {head: self._head(answers) for head, answers in self.answers.items()},
            "nearest": {name: self._nearest(np.stack(found)) for name, found in self.resemblances.items()},
        }

    def _nearest(self, found: Likeness) -> dict[str, Any]:
        """Resemblance of one new class `[draws, base]`: the base class most often the nearest, in which share of the draws, how alike on
        average over all of them."""
        counts = np.bincount(found.argmax(1), minlength=found.shape[1])
        most = int(counts.argmax())
        return {
            "base": self.samples.classes[int(self.base_classes[most])],
            "share": float(counts[most] / len(found)),
            "similarity": float(found[:, most].mean(dtype=np.float64)),
        }

    def _head(self, answers: list[Answer]) -> dict[str, Any]:
        sessions: dict[int, list[Answer]] = defaultdict(list)
        for answer in answers:
            sessions[answer.stage.session].append(answer)
        draws: dict[int, list[float]] = defaultdict(list)
        for answer in answers:
            if answer.stage.session > 0:
                draws[answer.stage.draw].append(answer.metrics.accuracy)
        first = sessions[0][0].metrics.accuracy
        paths = [[first, *path] for path in draws.values()]
        alone = undefined("there is no session after the base")
        return {
            "sessions": [self._session(number, sessions[number]) for number in sorted(sessions)],
            "average": asdict(over_draws([average_accuracy(path) for path in paths]) if paths else alone),
            "drop": asdict(over_draws([performance_drop(path) for path in paths], within=(-1.0, 1.0)) if paths else alone),
        }

    def _session(self, number: int, answers: list[Answer]) -> dict[str, Any]:
        stage = answers[0].stage
        known: dict[str, Any] = {"session": number, "classes": len(stage.classes), "queries": len(stage.query)}
        if number == 0:
            return known | {name: asdict(estimate) for name, estimate in self._base(answers[0]).items()}
        for name in METRICS:
            values = [getattr(answer.metrics, name) for answer in answers]
            known[name] = asdict(undefined(f"no query is of a class that '{name}' counts") if None in values else over_draws(values))
        return known

    def _base(self, answer: Answer) -> dict[str, Estimate]:
        """Session 0: nothing was drawn, so the interval tells of other groups of queries."""
        rows = answer.stage.query
        right = answer.predicted == self.samples.labels[rows]
        whole = over_groups(right, self.samples.groups[rows])
        balanced = over_groups(right, self.samples.groups[rows], self.samples.labels[rows])
        none_yet = undefined("the base session has no new classes")
        return {"accuracy": whole, "balanced": balanced, "base": whole, "new": none_yet, "harmonic": none_yet}

    def predictions(self) -> pl.DataFrame:
        """One row a query, stage and head. `scores` follow the order of the summary's `classes`, as far as they were known."""
        classes = np.array(self.samples.classes)
        kind = pl.Enum(self.samples.classes)
        parts = [
            pl.DataFrame(
                {
                    "id": self.samples.ids[answer.stage.query],
                    "group": self.samples.groups[answer.stage.query],
                    "session": np.full(len(answer.predicted), answer.stage.session, dtype=np.int16),
                    "draw": np.full(len(answer.predicted), answer.stage.draw, dtype=np.int16),
                    "head": [head] * len(answer.predicted),
                    "truth": pl.Series(classes[answer.stage.truth(self.samples)], dtype=kind),
                    "predicted": pl.Series(classes[answer.predicted], dtype=kind),
                    "scores": pl.Series(answer.scores.values, dtype=pl.Array(pl.Float32, answer.scores.values.shape[1])).cast(
                        pl.List(pl.Float32)
                    ),
                }
            )
            for head, answers in self.answers.items()
            for answer in answers
        ]
        return pl.concat(parts)
