"""The one epoch loop. Plain torch; resumes to the last bit; the same under one process or several.

Nothing random has a state: the batches of an epoch, the augmentation of a row and the dropout of a step are functions of
(seed, epoch, row or step). So a checkpoint holds only weights, optimiser state, the best weights so far and the state of the training.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from scratchlab.checks import Diverged, Problem, counted, listing
from scratchlab.data.batches import in_order, spread
from scratchlab.data.samplers.episodes import Episodes, validation_episodes
from scratchlab.data.samplers.interface import Episode, Sampler
from scratchlab.learn import checkpoints, parallel
from scratchlab.learn.checkpoints import CheckpointStore, TrainState
from scratchlab.learn.diagnosis import FailedStep, What, broken, diverged, gradients_are_finite
from scratchlab.learn.learner import Learner, StepResult, TrainingBatch
from scratchlab.learn.observers import Ledger, Observer, Probe
from scratchlab.learn.phases import Phase, PhaseKinds, plan_phases, scheduled_epochs
from scratchlab.learn.schedules import Schedule, constant
from scratchlab.learn.settings import Training
from scratchlab.learn.stopping import StopRequest, stoppable
from scratchlab.types import LabelledInputs, Rows

USUAL_EPISODE = Episodes(0).episode  # of validation, where training has no episodes


@dataclass
class Trainer:
    """Trains learners: the settings, who watches, and where checkpoints are kept. schedule: that of the recipe, for so many epochs."""

    seed: int
    settings: Training
    optimizer: Callable[[list[dict[str, Any]]], torch.optim.Optimizer]
    schedule: Callable[[int], Schedule]
    sampler: Sampler
    store: CheckpointStore
    observers: list[Observer] = field(default_factory=list[Observer])
    probes: dict[str, Probe] = field(default_factory=dict[str, Probe])
    ledger: Ledger | None = None

    def plan(self, groups: Sequence[str], rates: Mapping[str, float], kinds: PhaseKinds) -> tuple[dict[str, float], list[Phase], Schedule]:
        """Rates by group, phases, and the factor of the rates over the scheduled epochs. Raises Problem for settings that do not fit."""
        phases = plan_phases(self.settings.phases, self.settings.epochs, kinds)
        epochs = scheduled_epochs(phases)
        schedule = self.schedule(epochs) if epochs else constant(1)
        return self.settings.group_rates(groups, rates, phases), phases, schedule

    def train(self, learner: Learner, train: LabelledInputs, valid: LabelledInputs) -> None:
        """Trains from the last checkpoint on, and leaves the learner with the weights of the chosen epoch.

        Raises Diverged with a diagnosis when loss or weights are no longer finite, and KeyboardInterrupt between two steps, with a
        checkpoint saved, when somebody asks to stop.
        """
        with stoppable() as stop:
            _Course(self, learner, train, valid, stop).run()


@dataclass(frozen=True)
class _Evaluation:
    """Rows on which loss and accuracy are measured, the batches they come in, and their layout where these are episodes."""

    what: What
    rows: LabelledInputs
    batches: list[Rows]
    episode: Episode | None


class _Course:
    """One training from beginning to end, or from a checkpoint to the end."""

    def __init__(self, trainer: Trainer, learner: Learner, train: LabelledInputs, valid: LabelledInputs, stop: StopRequest) -> None:
        self.trainer, self.settings, self.learner, self.stop = trainer, trainer.settings, learner, stop
        self.train, self.valid = train, valid
        self.groups = learner.groups()
        self.rates, self.phases, self.schedule = trainer.plan(list(self.groups), learner.rates, learner.phases)
        learning = [name for name, rate in self.rates.items() if rate > 0]
        self.optimizer = trainer.optimizer([{"params": self.groups[name], "lr": self.rates[name], "name": name} for name in learning])
        self.steps = [self._steps_of(phase) for phase in self.phases for _ in range(phase.epochs)]
        self.evaluations = {phase.first: self._evaluations(phase) for phase in self.phases}
        self.readings: checkpoints.Readings  # since the last record
        self.readings = {name: probe.begin(train, valid) for name, probe in trainer.probes.items()}
        self.state, self.best = TrainState(), dict[str, Tensor]()
        self._restore()
        self.saved = time.monotonic()

    def _restore(self) -> None:
        """Goes back to the last checkpoint, if there is one."""
        unfinished: dict[str, Any] = {}
        if (kept := self.trainer.store.load_checkpoint()) is not None:
            arrays, facts = kept
            self.best = checkpoints.restore(arrays, self.learner.module, self.optimizer)
            self.readings |= checkpoints.unpack_readings(arrays, self.trainer.probes)
            unfinished = checkpoints.under("ledger/", arrays)
            self.state = TrainState.from_facts(facts)
        if self.trainer.ledger is not None and parallel.rank() == 0:
            self.trainer.ledger.begin(self.train.ids, self.state.epoch, unfinished)

    def _steps_of(self, phase: Phase) -> int:
        """Steps of each epoch of a phase. Raises Problem where a step has too few rows for all processes."""
        batches, world = self._batches(phase, phase.first), parallel.world()
        if len(batches[0]) < 2 * world:
            raise Problem(
                f"training.batch = {self.settings.batch} over {len(self.train)} training rows is too small for "
                f"{counted(world, 'process')}; a step needs at least two rows in each."
            )
        return len(batches)

    def _sampler(self, phase: Phase) -> Sampler:
        return phase.kind.sampler or self.trainer.sampler

    def _batches(self, phase: Phase, epoch: int) -> list[Rows]:
        return self._sampler(phase).batches(self.train.labels, self.trainer.seed, epoch)

    def _evaluations(self, phase: Phase) -> list[_Evaluation]:
        """What is measured after each epoch of a phase."""
        some = self.train.some(spread(len(self.train), self.settings.judged))
        measured: dict[What, LabelledInputs] = {"training loss": some, "validation loss": self.valid}
        return [self._evaluation(what, rows, phase) for what, rows in measured.items() if len(rows)]

    def _evaluation(self, what: What, rows: LabelledInputs, phase: Phase) -> _Evaluation:
        if not self.learner.validates_by_episodes(rows.labels, phase):
            return _Evaluation(what, rows, list(in_order(len(rows), self.settings.batch)), None)
        wanted = self._sampler(phase).episode or USUAL_EPISODE
        return _Evaluation(what, rows, *validation_episodes(rows.labels, wanted, self.trainer.seed))

    # -- the way through ------------------------------------------------------------------------------

    def run(self) -> None:
        """Every epoch that is left; then the chosen weights."""
        for observer in self.trainer.observers:
            observer.begin(self.rates, self.steps, self.state.epoch)
        for phase in self.phases:
            if self.state.epoch < phase.end:
                self._begin(phase)
            while self.state.epoch < phase.end:
                self._epoch(phase)
                self._finish(phase)
        if self.best:
            self.learner.module.load_state_dict(self.best)
        self.learner.module.eval()

    def _begin(self, phase: Phase) -> None:
        """Enters a phase, or goes on in it: only its groups learn; where nothing is to be chosen, from the weights chosen before."""
        self.phase = phase
        self.learning = [name for name, rate in self.rates.items() if rate > 0 and name in (phase.kind.groups or self.rates)]
        for name in self.rates:
            for parameter in self.groups[name]:
                parameter.requires_grad_(name in self.learning)
        self.parameters = [parameter for name in self.learning for parameter in self.groups[name]]
        if self.best and not phase.kind.selects:
            self.learner.module.load_state_dict(self.best)
            self.best, self.state.best = {}, None
        self.state.phase = phase.name

    def _epoch(self, phase: Phase) -> None:
        """The steps of this epoch that are left."""
        state, batches = self.state, self._batches(phase, self.state.epoch)
        wall, cpu = time.monotonic() - state.seconds, time.process_time() - state.cpu_seconds
        if state.step == 0:
            torch.manual_seed(hash((self.trainer.seed, state.epoch)) & 0x7FFFFFFF)
            self.learner.begin_epoch(state.epoch, phase, self._over_training_rows)
        _train_mode(self.learner.module)
        for positions in batches[state.step :]:
            factor = phase.factor(self.schedule, state.epoch, state.step / len(batches))
            for group in self.optimizer.param_groups:
                group["lr"] = self.rates[group["name"]] * factor
            loss, stopping = self._step(positions)
            state.loss_sum += loss * len(positions)
            state.inputs += len(positions)
            state.step += 1
            state.seconds, state.cpu_seconds = time.monotonic() - wall, time.process_time() - cpu
            if self._read():
                wall, cpu = time.monotonic() - state.seconds, time.process_time() - state.cpu_seconds
            for observer in self.trainer.observers:
                observer.step(state.epoch, state.step - 1, loss)
            if stopping or state.step < len(batches):
                self._save(at_once=stopping)
            if stopping:
                raise KeyboardInterrupt

    def _read(self) -> bool:
        """Takes the readings due after this step; returns whether there were any, whose time is not counted as training."""
        if not self.trainer.probes:
            return False
        state = self.state
        epoch, step = state.epoch + state.step / self.steps[state.epoch], sum(self.steps[: state.epoch]) + state.step
        found = {name: probe.read(epoch, step) for name, probe in self.trainer.probes.items()}
        for name, rows in found.items():
            self.readings[name] += rows
        return any(found.values())

    def _step(self, positions: Rows) -> tuple[float, bool]:
        """One step on a batch: the mean loss over all processes, and whether any of them was asked to stop."""
        batch = self._training_batch(positions)
        result = self._result(batch)
        total = result.loss.float().sum() / len(positions)
        summed = parallel.summed(torch.stack([total.detach(), total.new_tensor(float(self.stop.asked))]))
        mean, stopping = float(summed[0]), float(summed[1])
        if not math.isfinite(mean):
            del total, result  # and their graph: the step is about to be repeated
            raise self._diverged("loss", batch)
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        parallel.sum_gradients(self.parameters)
        if not gradients_are_finite(self.parameters):
            raise self._diverged("gradient", batch)
        if self.settings.clip:
            nn.utils.clip_grad_norm_(self.parameters, self.settings.clip)
        self.optimizer.step()
        self._record_facts(positions, result)
        return mean, stopping > 0

    def _training_batch(self, positions: Rows) -> TrainingBatch:
        episode = self._sampler(self.phase).episode
        return self._batch(self.train, positions, self.state.step, seed=self.trainer.seed, episode=episode)

    def _batch(self, rows: LabelledInputs, positions: Rows, step: int, **more: Any) -> TrainingBatch:
        """This process's part: every world-th row."""
        places = np.arange(parallel.rank(), len(positions), parallel.world())
        return TrainingBatch(rows, positions[places], places, len(positions), self.state.epoch, step, self.phase, **more)

    def _result(self, batch: TrainingBatch) -> StepResult:
        """What the learner makes of a batch; the same whenever it is called, unless the weights have moved."""
        torch.manual_seed(hash((self.trainer.seed, batch.epoch, batch.step, parallel.rank())) & 0x7FFFFFFF)
        with self.settings.autocast():
            return self.learner.training_step(batch)

    def _record_facts(self, positions: Rows, result: StepResult) -> None:
        """Hands the step's facts of all processes to the ledger, and adds up its counts."""
        for name, count in result.counts.items():
            self.state.counts[name] = self.state.counts.get(name, 0) + count
        if self.trainer.ledger is not None:
            facts = {"loss": result.loss, **result.facts}
            values = parallel.joined(torch.stack([fact.detach().float() for fact in facts.values()], 1)).cpu().numpy()
            if parallel.rank() == 0:
                self.trainer.ledger.record(positions, dict(zip(facts, values.T, strict=True)))

    def _diverged(self, what: What, batch: TrainingBatch) -> Diverged:
        """Why the loss or gradient of this batch is not finite; batches of an evaluation have no seed."""
        result = self._result if batch.seed is not None else self._answers
        rates = {group["name"]: float(group["lr"]) for group in self.optimizer.param_groups if group["name"] in self.learning}
        phase = self.phase.name if len(self.phases) > 1 else ""
        return diverged(what, FailedStep(self.learner.module, batch, lambda: result(batch).loss, rates, phase))

    def _finish(self, phase: Phase) -> None:
        """Ends an epoch: its record, whether its weights are the ones to keep so far, and the state after it."""
        state, module = self.state, self.learner.module
        record = self._record(phase)
        if weights := broken(module):
            raise Diverged(
                f"After epoch {state.epoch + 1} the weights {listing(weights, 3)} are not finite; lower the rates or set training.clip."
            )
        merit = self.settings.merit(record) if phase.kind.selects else None
        record["kept"] = merit is None or state.best is None or merit > state.best
        if merit is not None and record["kept"]:
            state.best = merit
            self.best = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
        for observer in self.trainer.observers:
            observer.epoch(record)
        if self.trainer.ledger is not None and parallel.rank() == 0:
            self.trainer.ledger.epoch(state.epoch, record.get("phase", ""))
        self.state = TrainState(epoch=state.epoch + 1, phase=phase.name, best=state.best)
        self._save(at_once=self.state.epoch == phase.end)

    def _record(self, phase: Phase) -> dict[str, Any]:
        """What is known of an epoch once it is over."""
        state = self.state
        record: dict[str, Any] = {"epoch": state.epoch}
        if len(self.phases) > 1:
            record |= {"phase": phase.name, "selects": phase.kind.selects}
        record["loss"] = state.loss_sum / state.inputs
        for evaluation in self.evaluations[phase.first]:
            loss, accuracy = self._evaluated(evaluation)
            measured = {"valid_loss": loss, "valid_accuracy": accuracy}
            record |= measured if evaluation.what == "validation loss" else {"train_accuracy": accuracy}
        middle = phase.factor(self.schedule, state.epoch, 0.5)
        record["rates"] = {name: rate * middle if name in self.learning else 0.0 for name, rate in self.rates.items()}
        record |= {**state.counts, **self.readings}
        self.readings = {name: [] for name in self.readings}
        return record | {"seconds": round(state.seconds, 3), "cpu_seconds": round(state.cpu_seconds, 3), "inputs": state.inputs}

    # -- evaluation -----------------------------------------------------------------------------------

    @torch.no_grad()
    def _evaluated(self, evaluation: _Evaluation) -> tuple[float, float]:
        """Loss and accuracy on these rows; of episodes, on their queries. Raises Diverged where the loss is not finite."""
        self.learner.module.eval()
        sums, spoilt = torch.zeros(3, dtype=torch.float64), len(evaluation.batches)
        for number, positions in enumerate(evaluation.batches):
            batch = self._batch(evaluation.rows, positions, number, episode=evaluation.episode)
            if len(batch):
                loss, right = self.learner.validation_step(batch)
                if batch.episode is not None:
                    queries = torch.from_numpy(~batch.support).to(loss.device)
                    loss, right = loss[queries], right[queries]
                sums += torch.stack([loss.cpu().double().sum(), right.cpu().double().sum(), torch.tensor(len(loss)).double()])
                spoilt = spoilt if sums[0].isfinite() else min(spoilt, number)
        loss, accuracy, count = (float(one) for one in parallel.summed(sums))
        if not math.isfinite(loss):
            number = min(parallel.from_all(spoilt))  # every process takes part, with its share of the first batch that was not finite
            batch = self._batch(evaluation.rows, evaluation.batches[number], number, episode=evaluation.episode)
            if not len(batch):
                batch = self._batch(evaluation.rows, evaluation.batches[0], number, episode=evaluation.episode)  # any rows will do here
            raise self._diverged(evaluation.what, batch)
        return loss / count, accuracy / count

    def _answers(self, batch: TrainingBatch) -> StepResult:
        """The losses of a batch of an evaluation."""
        return StepResult(self.learner.validation_step(batch)[0])

    @torch.no_grad()
    def _over_training_rows(self, function: Callable[[TrainingBatch], Tensor]) -> Tensor:
        """See `learner.Evaluate`."""
        self.learner.module.eval()
        batches = (self._batch(self.train, positions, 0) for positions in in_order(len(self.train), self.settings.batch))
        return torch.cat([parallel.joined(function(batch)) for batch in batches])

    def _save(self, *, at_once: bool) -> None:
        """A checkpoint, if it is time for one."""
        if at_once or time.monotonic() - self.saved >= self.settings.checkpoint_seconds:
            if parallel.rank() == 0:
                arrays = checkpoints.pack(self.learner.module, self.optimizer, self.best, self.readings)
                if self.trainer.ledger is not None:
                    arrays |= {f"ledger/{name}": array for name, array in self.trainer.ledger.unfinished().items()}
                self.trainer.store.save_checkpoint(arrays, asdict(self.state))
            self.saved = time.monotonic()


def _train_mode(module: nn.Module) -> None:
    """Training mode for everything but what is frozen as a whole: its running statistics and dropout stand still as well."""
    module.train()
    for part in module.modules():
        parameters = list(part.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            part.eval()
