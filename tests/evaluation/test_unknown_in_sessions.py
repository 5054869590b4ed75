"""Queries of classes that are learned later: scored after the known ones, by what is known then, without effect on other metrics."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import scratchlab as sl
from scratchlab.evaluation import sessions
from scratchlab.types import Inputs, Samples, Scores, TrainingView

METRICS = ("unknown_auroc", "known_lost")


class Silent:
    def over(self, items: Iterable[Any], what: str) -> Iterable[Any]:
        del what
        return items


class Oracle:
    """A method that knows all labels: 2 for the true class, 1 or 3 for the best of a query of none that it knows."""

    def __init__(self, samples: Samples, unknown: float) -> None:
        self.samples, self.unknown, self.classes = samples, unknown, np.empty(0, np.int64)
        self.asked: list[np.ndarray] = []
        self.baselines = SimpleNamespace(score=lambda inputs: {})

    def branch(self) -> Oracle:
        return copy.copy(self)

    def learn(self, view: TrainingView) -> None:
        self.classes = view.classes

    def score(self, inputs: Inputs) -> dict[str, Scores]:
        self.asked.append(inputs.rows)
        truth = self.samples.labels[inputs.rows]
        values = np.float32(2) * (truth[:, None] == self.classes)
        values[~np.isin(truth, self.classes), 0] = self.unknown
        return {"oracle": Scores(values.astype(np.float32), self.classes)}

    def similarity_to_base(self) -> Any:
        import torch

        return torch.zeros(len(self.classes) - 4, 4)


def run(unknown: float) -> tuple[Any, Oracle, Any]:
    samples = sl.data.SklearnDigits().read()
    plan = sl.protocols.Sessions(base=4, way=2, shot=3, sessions=2, draws=2).plan(samples)
    method = Oracle(samples, unknown)
    method.learn(plan.split.view(samples))
    return sessions.evaluate(plan, method, samples, Silent()), method, plan  # type: ignore[arg-type]


def test_a_method_that_tells_them_apart() -> None:
    result, method, plan = run(unknown=1.0)
    rows = result.heads["oracle"].rows
    for row in rows[:-1]:
        assert [row.metrics[name].value for name in METRICS] == [1, 0]
    for name in METRICS:
        assert str(rows[-1].metrics[name]) == "undefined, because there is no query of an unknown word"
    assert "chosen on half of the groups" in " ".join(result.notes)
    known, later = plan.draws[0][0].query, np.setdiff1d(plan.draws[0][1].query, plan.draws[0][0].query)
    assert any(np.array_equal(asked, known) for asked in method.asked)
    assert any(np.array_equal(asked, later) for asked in method.asked), "in the order in which the last session asks them"
    assert all(
        set(asked) <= set(plan.split.query) or not set(asked) & set(plan.split.query) or len(asked) >= len(known) for asked in method.asked
    )


def test_a_method_that_is_surest_of_what_it_does_not_know() -> None:
    """Other metrics are as before."""
    good, bad = run(unknown=1.0)[0], run(unknown=3.0)[0]
    for row, other in zip(good.heads["oracle"].rows, bad.heads["oracle"].rows, strict=True):
        assert {name: one for name, one in row.metrics.items() if name not in METRICS} == {
            name: one for name, one in other.metrics.items() if name not in METRICS
        }
    assert [bad.heads["oracle"].rows[1].metrics[name].value for name in METRICS] == [0, 1]


@pytest.mark.parametrize("session", [0, 1])
def test_the_numbers_are_those_of_the_metric(session: int) -> None:
    """By hand: random scores, the same query's score in both."""
    rng = np.random.default_rng(0)
    samples = sl.data.SklearnDigits().read()
    noise = rng.normal(size=(len(samples), 10)).astype(np.float32)
    plan = sl.protocols.Sessions(base=4, way=2, shot=3, sessions=2, draws=1).plan(samples)

    class Noisy(Oracle):
        def score(self, inputs: Inputs) -> dict[str, Scores]:
            sure = 2 * (samples.labels[inputs.rows][:, None] == self.classes)
            return {"noisy": Scores(noise[inputs.rows][:, self.classes] + sure.astype(np.float32), self.classes)}

    method = Noisy(samples, 0.0)
    method.learn(plan.split.view(samples))
    result = sessions.evaluate(plan, method, samples, Silent())  # type: ignore[arg-type]
    split, last = [plan.split, *plan.draws[0]][session], plan.draws[0][-1].query
    unknown = last[~np.isin(samples.labels[last], split.classes)]
    method.classes = split.classes
    known_scores, unknown_scores = (method.score(Inputs(rows, samples.load))["noisy"].values for rows in (split.query, unknown))
    columns = [list(split.classes).index(label) for label in samples.labels[split.query]]
    groups = {"groups": plan.groups[split.query], "unknown_groups": plan.groups[unknown]}
    expected = sl.metrics.open_set(known_scores, columns, unknown_scores, **groups)
    row = result.heads["noisy"].rows[session]
    assert row.metrics["unknown_auroc"].value == pytest.approx(expected.auroc.value)
    assert row.metrics["known_lost"].value == pytest.approx(expected.lost.value)
    assert (row.metrics["known_lost"].low is None) == (session == 1), "one draw has no interval"
