"""Two processes give the same results as one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from scratchlab.data.samplers.class_balanced import ClassBalanced
from scratchlab.data.samplers.episodes import Episodes
from scratchlab.data.samplers.interface import Sampler
from scratchlab.learn import parallel
from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.learner import Learner
from scratchlab.learn.losses.prototypical import Prototypical
from scratchlab.learn.methods.cec import CEC
from scratchlab.learn.methods.co_teaching import CoTeaching
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.encoders.mlp import MLP
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.types import TrainingView
from tests.learning.conftest import FORM, MemoryStore, RecordingObserver, components, embedder, in_two_processes, learner, problem, trainer

PHASES = {"co_teaching": "warm-up 1, co-teaching 2", "cec": "classifier 2, episodes 2"}


SAMPLERS: dict[str, Sampler] = {
    "class_balanced": ClassBalanced(0, classes=3, rows=8),
    "episodes": Episodes(0, way=3, shot=3, query=4, episodes=6),
    "prototypical": Episodes(0, way=3, shot=3, query=4, episodes=6),
}


class LossLedger:
    """A ledger in memory: the last loss of each row, in the first process."""

    def begin(self, ids: object, epoch: int, unfinished: object) -> None:
        self.loss = np.full(120, np.nan)

    def record(self, positions: np.ndarray, facts: Mapping[str, np.ndarray]) -> None:
        self.loss[positions] = facts["loss"]

    def unfinished(self) -> dict[str, object]:
        return {}

    def epoch(self, epoch: int, phase: str) -> None:
        pass


def learner_of(kind: str) -> Learner:
    torch.manual_seed(0)
    if kind == "co_teaching":
        view = TrainingView(problem(), problem(40, seed=1), problem(0), np.arange(4))
        parts = components(embedder(MLP(FORM, hidden=[32, 16])), trainer(MemoryStore(), RecordingObserver()))
        return CoTeaching(parts, tau=0.3, ramp=1).co_teaching_learner(view)
    if kind == "cec":
        view = TrainingView(problem(), problem(40, seed=1), problem(0), np.arange(4))
        parts = components(embedder(MLP(FORM, hidden=[32, 16])), trainer(MemoryStore(), RecordingObserver()))
        return CEC(parts, episodes_per_epoch=6, shot=2, query=4, dropout=0.0).cec_learner(view)
    if kind == "prototypical":
        criterion = Prototypical({"one_to_one": SIMILARITIES["one_to_one"]()})
        return ClassLearner(embedder(Conv4(FORM, channels=8)), problem(), np.arange(4), criterion)
    return learner("mlp" if kind in SAMPLERS else kind)


def trained(kind: str) -> tuple[dict[str, np.ndarray], list[dict[str, Any]], np.ndarray]:
    """Weights, records, and the last loss of each row."""
    torch.set_num_threads(1)
    model, watch, rows = learner_of(kind), RecordingObserver(), LossLedger()
    training = trainer(MemoryStore(), watch, epochs=3, batch=24, sampler=SAMPLERS.get(kind), phases=PHASES.get(kind, ""))
    training.ledger = rows
    training.train(model, problem(), problem(40, seed=1))
    weights = {name: tensor.numpy().copy() for name, tensor in model.module.state_dict().items()}
    return weights, watch.records, rows.loss if parallel.rank() == 0 else np.zeros(0)


def work(rank: int, kind: str, folder: str) -> None:
    assert parallel.broadcast(f"from {rank}") == "from 0"
    weights, records, rows = trained(kind)
    np.savez(Path(folder) / f"{rank}.npz", metrics=metrics_of(records), rows=rows, **weights)


def metrics_of(records: list[dict[str, Any]]) -> list[list[float]]:
    return [[record[name] for name in ("loss", "valid_loss", "valid_accuracy")] for record in records]


@pytest.mark.parametrize("kind", ["mlp", "conv4", *SAMPLERS, "co_teaching", "cec"])
def test_two_processes_give_the_result_of_one(kind: str, tmp_path: Path) -> None:
    """Batch statistics, gradients, validation and ledger are those of the whole batch; conv4 has batch normalisation."""
    in_two_processes(work, kind, str(tmp_path))
    first, second = (dict(np.load(tmp_path / f"{rank}.npz")) for rank in (0, 1))
    alone, records, rows = trained(kind)
    assert np.allclose(first.pop("metrics"), metrics_of(records), rtol=1e-4, atol=1e-6)
    assert np.allclose(first.pop("rows"), rows, rtol=1e-3, atol=1e-5, equal_nan=True)
    assert np.isfinite(rows).any()
    second.pop("metrics"), second.pop("rows")
    for name, expected in alone.items():
        assert np.array_equal(first[name], second[name]), name
        assert np.allclose(first[name], expected, rtol=1e-3, atol=1e-4), name
