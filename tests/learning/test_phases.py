"""Training phases: their setting, what changes between them, and resuming a run with two networks and two phases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from scratchlab.checks import Diverged, Problem
from scratchlab.learn.learner import Evaluate, Learner, StepResult, TrainingBatch
from scratchlab.learn.methods.co_teaching import CoTeaching, CoTeachingLearner
from scratchlab.learn.phases import SINGLE, Phase, PhaseKind, parse_phases, plan_phases, scheduled_epochs
from scratchlab.models.encoders.mlp import MLP
from scratchlab.observe.ledger import Ledger
from scratchlab.recipe import Recipe
from scratchlab.store.run import Run
from scratchlab.types import TrainingView
from tests.learning.conftest import FORM, MemoryStore, RecordingObserver, components, embedder, learner, problem, trainer, whole_batch

PHASES = "warm-up 2, co-teaching 2"

# -- the setting in a recipe --------------------------------------------------------------------------------


def test_phases_are_parsed_into_names_and_epochs() -> None:
    assert parse_phases("") == []
    assert parse_phases("one 1,two 2, one 1,  two again 3") == [("one", 1), ("two", 2), ("one", 1), ("two again", 3)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("warm-up", r"training.phases: 'warm-up' is not a name and a number of epochs; write phases = \"warm-up 10, robust 50\""),
        ("warm-up 10,", "'' is not a name and a number of epochs"),
        ("warm-up ten", "'warm-up ten' is not a name"),
        ("10", "'10' is not a name"),
        ("warm-up 0, co-teaching 3", "the phase 'warm-up' has 0 epochs; give it at least one, or leave it out"),
        ("warm-up -1", "'warm-up -1' is not a name"),
    ],
)
def test_malformed_phases_raise_problems(text: str, message: str) -> None:
    with pytest.raises(Problem, match=message):
        parse_phases(text)


def test_unknown_phases_raise_problems_before_training() -> None:
    co_teaching = CoTeaching(components(embedder(MLP(FORM, hidden=[8])), trainer(MemoryStore(), RecordingObserver())), tau=0.2)
    training = trainer(MemoryStore(), RecordingObserver(), phases="warmup 2, co-teaching 3")
    with pytest.raises(Problem, match=r"names 'warmup', but the phases of this method are: warm-up, co-teaching. Did you mean 'warm-up'"):
        training.plan(co_teaching.groups, co_teaching.rates, co_teaching.phases)
    with pytest.raises(Problem, match=r"names 'robust', but this method has no phases; set training.epochs instead"):
        trainer(MemoryStore(), RecordingObserver(), phases="robust 3").train(learner(), problem(), problem(0))


def test_the_recipes_schedule_counts_phases_without_their_own() -> None:
    own = PhaseKind(schedule=lambda share: 100 * share, epochs=5)
    kinds = {"a": PhaseKind(), "b": own, "never": PhaseKind(epochs=0)}
    assert [(phase.name, phase.epochs, phase.first) for phase in plan_phases([], 7, kinds)] == [("a", 7, 0), ("b", 5, 7)]
    phases = plan_phases([("a", 2), ("b", 4), ("a", 3)], 7, kinds)
    assert [(phase.first, phase.end, phase.scheduled) for phase in phases] == [(0, 2, 0), (2, 6, 2), (6, 9, 2)]
    assert scheduled_epochs(phases) == 5
    identity: Callable[[float], float] = lambda position: position  # noqa: E731
    factors = [phase.factor(identity, phase.first + 1, 0.5) for phase in phases]
    assert factors == [1.5, 100 * 1.5 / 4, 2 + 1.5]
    (single,) = plan_phases([], 3, SINGLE)
    assert single.factor(identity, 2, 0.25) == 2.25


# -- what changes between phases --------------------------------------------------------------------------


class Halves(Learner):
    """Two layers, each trained in its own phases; averages the losses of all rows before each epoch."""

    def __init__(self) -> None:
        self.phases = {"first": PhaseKind(groups=("first",)), "second": PhaseKind(groups=("second",), selects=False), "both": PhaseKind()}
        torch.manual_seed(0)
        self.module = nn.Module()
        self.module.first, self.module.second = nn.Linear(256, 8), nn.Linear(8, 4)
        self.module.register_buffer("average", torch.zeros(120))
        self.calls: list[tuple[int, str]] = []
        self.kept: list[dict[str, Tensor]] = []

    def groups(self) -> dict[str, list[nn.Parameter]]:
        return {name: list(getattr(self.module, name).parameters()) for name in ("first", "second")}

    def losses(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        logits = self.module.second(self.module.first(torch.from_numpy(batch.inputs.values).flatten(1)))
        target = torch.from_numpy(batch.labels)
        return nn.functional.cross_entropy(logits, target, reduction="none"), logits.argmax(1) == target

    def training_step(self, batch: TrainingBatch) -> StepResult:
        weight = 1 / (1 + self.module.average[torch.from_numpy(batch.positions)])
        return StepResult(weight * self.losses(batch)[0], {"weight": weight})

    def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        return self.losses(batch)

    def begin_epoch(self, epoch: int, phase: Phase, evaluate: Evaluate) -> None:
        self.calls.append((epoch, phase.name))
        self.kept.append({name: tensor.clone() for name, tensor in self.module.state_dict().items()})
        self.module.average.mul_(0.5).add_(0.5 * evaluate(lambda batch: self.losses(batch)[0]))


def test_phases_train_their_groups_and_a_phase_without_selection_keeps_its_last_epoch() -> None:
    model, watch = Halves(), RecordingObserver()
    trainer(MemoryStore(), watch, phases="first 2, second 2, both 1", rate=0.02).train(model, problem(), problem(40, seed=1))
    assert model.calls == [(0, "first"), (1, "first"), (2, "second"), (3, "second"), (4, "both")]
    assert [record["phase"] for record in watch.records] == ["first", "first", "second", "second", "both"]
    assert [record["kept"] for record in watch.records][2:] == [True] * 3
    moved = [
        {name for name in ("first.weight", "second.weight") if not torch.equal(before[name], after[name])}
        for before, after in zip(model.kept, [*model.kept[1:], model.module.state_dict()], strict=True)
    ]
    assert moved == [{"first.weight"}, {"first.weight"}, {"second.weight"}, {"second.weight"}, {"first.weight", "second.weight"}]
    assert [sorted(name for name, rate in record["rates"].items() if rate) for record in watch.records[1:]] == [
        ["first"],
        ["second"],
        ["second"],
        ["first", "second"],
    ]


def test_a_phase_without_selection_starts_from_the_selected_weights() -> None:
    class Worse(Halves):
        """Its validation loss rises with each epoch."""

        def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
            loss, right = super().validation_step(batch)
            return loss + batch.epoch, right

    model, watch = Worse(), RecordingObserver()
    trainer(MemoryStore(), watch, phases="first 3, second 1", rate=0.02).train(model, problem(), problem(40, seed=1))
    assert [record["kept"] for record in watch.records] == [True, False, False, True]
    assert torch.equal(model.kept[3]["first.weight"], model.kept[1]["first.weight"]), "the weights after the first epoch"


def test_begin_epoch_sees_all_training_rows_in_evaluation_mode() -> None:
    model = Halves()
    trainer(MemoryStore(), RecordingObserver(), phases="both 1").train(model, problem(), problem(0))
    with torch.no_grad():
        model.module.load_state_dict(model.kept[0])
        expected = 0.5 * model.losses(whole_batch(problem()))[0]
    trainer(MemoryStore(), RecordingObserver(), phases="both 1", rate=1e-30).train(repeated := Halves(), problem(), problem(0))
    assert torch.allclose(repeated.module.average, expected)


@pytest.mark.parametrize("stop", [(0, 2), (1, 4), (2, 0), (2, 3), (4, 1)])
def test_state_from_begin_epoch_is_resumed(stop: tuple[int, int]) -> None:
    phases, valid = "first 2, second 2, both 1", problem(40, seed=1)
    uninterrupted, interrupted, store = RecordingObserver(), RecordingObserver(stop), MemoryStore()
    trainer(MemoryStore(), uninterrupted, phases=phases, rate=0.02).train(whole := Halves(), problem(), valid)
    with pytest.raises(InterruptedError):
        trainer(store, interrupted, phases=phases, rate=0.02).train(Halves(), problem(), valid)
    interrupted.stop = None
    trainer(store, interrupted, phases=phases, rate=0.02).train(other := Halves(), problem(), valid)
    assert interrupted.records == uninterrupted.records
    expected, actual = whole.module.state_dict(), other.module.state_dict()
    assert all(torch.equal(expected[name], actual[name]) for name in expected)
    assert float(actual["average"].sum()) > 0


def test_a_phase_without_trained_groups_raises_a_problem() -> None:
    with pytest.raises(Problem, match=r"Every rate is 0 \(second\) in phase second, so nothing would be trained"):
        trainer(MemoryStore(), RecordingObserver(), phases="first 1, second 1", rates={"second": 0.0}).train(
            Halves(), problem(), problem(0)
        )


# -- two networks, two phases -----------------------------------------------------------------------------


def co_teaching(seed: int) -> CoTeachingLearner:
    """A learner of two networks on `problem`."""
    torch.manual_seed(seed)
    method = CoTeaching(components(embedder(MLP(FORM, hidden=[32, 16])), trainer(MemoryStore(), RecordingObserver())), tau=0.3, ramp=1)
    return method.co_teaching_learner(TrainingView(problem(), problem(40, seed=1), problem(0), np.arange(4)))


def train_in(run: Run, watch: RecordingObserver, seed: int, **settings: Any) -> CoTeachingLearner:
    """Trains in a run's folder, with a ledger, from its last checkpoint on."""
    model, training = co_teaching(seed), trainer(run, watch, phases=PHASES, **settings)
    training.ledger = ledger = Ledger(None)
    ledger.run = run
    training.train(model, problem(), problem(40, seed=1))
    ledger.close()
    return model


def new_run(folder: Path) -> Run:
    return Run.create(folder, Recipe("two-networks", 0, {}))


@pytest.mark.parametrize("stop", [(0, 1), (1, 3), (2, 0), (2, 3), (3, 4)])
def test_resuming_in_either_phase_is_bit_exact(stop: tuple[int, int], tmp_path: Path) -> None:
    """Equal records, ledger and weights of both networks."""
    uninterrupted, interrupted = RecordingObserver(), RecordingObserver(stop)
    whole = train_in(first := new_run(tmp_path / "whole"), uninterrupted, 0)
    run = new_run(tmp_path / "broken")
    with pytest.raises(InterruptedError):
        train_in(run, interrupted, 0)
    interrupted.stop = None
    other = train_in(run, interrupted, 99)
    assert interrupted.records == uninterrupted.records
    assert [record["phase"] for record in uninterrupted.records] == ["warm-up", "warm-up", "co-teaching", "co-teaching"]
    assert first.table("ledger").equals(run.table("ledger"))
    expected, actual = whole.module.state_dict(), other.module.state_dict()
    assert any(name.startswith("network1.body") for name in expected)
    assert all(torch.equal(expected[name], actual[name]) for name in expected)
    assert not torch.equal(expected["network0.class_weights.vector"], expected["network1.class_weights.vector"])
    queries = problem(20, seed=2)
    assert torch.equal(*(model.networks[0].embedder.vectors(queries) for model in (whole, other)))


KILLED = """
import os, signal, sys
from pathlib import Path
import torch
from scratchlab.store.run import Run
from tests.learning.conftest import RecordingObserver
from tests.learning.test_phases import train_in

class Strikes(RecordingObserver):
    def step(self, epoch, step, loss):
        if (epoch, step) == tuple(map(int, sys.argv[2:4])):
            os.kill(os.getpid(), signal.SIGKILL)

torch.set_num_threads(1)
train_in(Run(Path(sys.argv[1])), Strikes(), int(sys.argv[4]))
"""


def test_a_run_killed_in_each_phase_can_be_resumed(tmp_path: Path) -> None:
    """The same run is killed once in each phase, and a third process finishes it."""
    whole = train_in(first := new_run(tmp_path / "whole"), RecordingObserver(), 0)
    run = new_run(tmp_path / "killed")
    for seed, (epoch, step) in enumerate([("1", "2"), ("3", "1")]):
        command = [sys.executable, "-c", KILLED, str(run.folder), epoch, step, str(seed)]
        ended = subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=120, check=False)
        assert ended.returncode == -signal.SIGKILL
    kept = run.load_checkpoint()
    assert kept is not None
    assert (kept[1]["epoch"], kept[1]["step"], kept[1]["phase"]) == (3, 1, "co-teaching")
    other = train_in(run, RecordingObserver(), 99)
    assert first.table("ledger").equals(run.table("ledger"))
    expected, actual = whole.module.state_dict(), other.module.state_dict()
    assert all(torch.equal(expected[name], actual[name]) for name in expected)


def test_a_non_finite_value_is_located_in_its_network_and_phase() -> None:
    """The second network fails in the second phase."""
    model = co_teaching(0)

    def spoil(module: nn.Module, given: Any, made: Tensor) -> Tensor:
        return made / 0 if spoilt else made

    model.networks[1].embedder.encoder.layers[1].register_forward_hook(spoil)  # type: ignore[union-attr, operator, index]

    class Spoils(RecordingObserver):
        def epoch(self, record: dict[str, Any]) -> None:
            nonlocal spoilt
            spoilt = record["epoch"] == 1

    spoilt = False
    with pytest.raises(Diverged, match=r"in epoch 3 of phase co-teaching, step 1 \(25 of 25 samples; .*network1.body.encoder") as raised:
        trainer(MemoryStore(), Spoils(), phases=PHASES).train(model, problem(), problem(40, seed=1))
    assert raised.value.facts is not None
    assert raised.value.facts["phase"] == "co-teaching"
    assert raised.value.facts["layer"].startswith("network1.body.encoder")
    assert set(raised.value.facts["rates"]) == {"network0.body", "network0.readout", "network1.body", "network1.readout"}
