"""The training loop, in plain torch. Resuming is bit-exact; one process or several give the same result.

No random generator carries state from step to step: the batches of an epoch, the augmentation of a row and the dropout of a step are
functions of (seed, epoch, row or step). So a checkpoint holds only weights, optimiser state, the best weights so far and the progress.
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
from scratchlab.learn.diagnosis import FailedStep, Quantity, diverged, gradients_are_finite, nonfinite_weights
from scratchlab.learn.learner import Learner, StepResult, TrainingBatch
from scratchlab.learn.observers import Ledger, Observer, Probe
from scratchlab.learn.phases import Phase, PhaseKinds, plan_phases, scheduled_epochs
from scratchlab.learn.schedules import Schedule, constant
from scratchlab.learn.settings import Training
from scratchlab.learn.stopping import StopRequest, stoppable
from scratchlab.types import LabelledInputs, Rows

DEFAULT_EPISODE = Episodes(0).episode  # for validation by episodes, where the sampler has none


@dataclass
class Trainer:
    """Trains learners. schedule: builds the learning-rate schedule for a number of epochs; store: keeps the checkpoints."""

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
        """Learning rates by parameter group, the phases, and the schedule. Raises Problem for settings that do not fit together."""
        phases = plan_phases(self.settings.phases, self.settings.epochs, kinds)
        epochs = scheduled_epochs(phases)
        schedule = self.schedule(epochs) if epochs else constant(1)
        return self.settings.group_rates(groups, rates, phases), phases, schedule

    def train(self, learner: Learner, train: LabelledInputs, valid: LabelledInputs) -> None:
        """Trains from the last checkpoint on; afterwards the learner has the weights of the selected epoch.

        Raises Diverged, with a diagnosis, if loss, gradients or weights are not finite, and KeyboardInterrupt, after saving a checkpoint,
        if a stop is requested.
        """
        with stoppable() as stop:
            _TrainingRun(self, learner, train, valid, stop).run()


@dataclass(frozen=True)
class _Evaluation:
    """Rows on which loss and accuracy are measured, their batches, and the layout of the batches if these are episodes."""

    quantity: Quantity
    rows: LabelledInputs
    batches: list[Rows]
    episode: Episode | None


class _TrainingRun:
    """One training, from the start or from a checkpoint, to the end."""

    def __init__(self, trainer: Trainer, learner: Learner, train: LabelledInputs, valid: LabelledInputs, stop: StopRequest) -> None:
        self.trainer, self.settings, self.learner, self.stop = trainer, trainer.settings, learner, stop
        self.train, self.valid = train, valid
        self.groups = learner.groups()
        self.rates, self.phases, self.schedule = trainer.plan(list(self.groups), learner.rates, learner.phases)
        trained = [name for name, rate in self.rates.items() if rate > 0]
        self.optimizer = trainer.optimizer([{"params": self.groups[name], "lr": self.rates[name], "name": name} for name in trained])
        self.steps = [self._steps_per_epoch(phase) for phase in self.phases for _ in range(phase.epochs)]
        self.evaluations = {phase.first: self._evaluations(phase) for phase in self.phases}
        self.readings: checkpoints.Readings  # since the last epoch's record
        self.readings = {name: probe.begin(train, valid) for name, probe in trainer.probes.items()}
        self.state, self.best = TrainState(), dict[str, Tensor]()
        self._restore()
        self.saved = time.monotonic()

    def _restore(self) -> None:
        """Restores the last checkpoint, if there is one."""
        unfinished: dict[str, Any] = {}
        if (checkpoint := self.trainer.store.load_checkpoint()) is not None:
            arrays, facts = checkpoint
            self.best = checkpoints.restore(arrays, self.learner.module, self.optimizer)
            self.readings |= checkpoints.unpack_readings(arrays, self.trainer.probes)
            unfinished = checkpoints.with_prefix("ledger/", arrays)
            self.state = TrainState.from_facts(facts)
        if self.trainer.ledger is not None and parallel.rank() == 0:
            self.trainer.ledger.begin(self.train.ids, self.state.epoch, unfinished)

    def _steps_per_epoch(self, phase: Phase) -> int:
        """Number of steps in each epoch of a phase. Raises Problem if a step has fewer than two rows per process."""
        batches, processes = self._batches(phase, phase.first), parallel.world_size()
        if len(batches[0]) < 2 * processes:
            raise Problem(
                f"training.batch = {self.settings.batch} over {len(self.train)} training rows is too small for "
                f"{counted(processes, 'process')}; each process needs at least two rows per step."
            )
        return len(batches)

    def _sampler(self, phase: Phase) -> Sampler:
        return phase.kind.sampler or self.trainer.sampler

    def _batches(self, phase: Phase, epoch: int) -> list[Rows]:
        return self._sampler(phase).batches(self.train.labels, self.trainer.seed, epoch)

    def _evaluations(self, phase: Phase) -> list[_Evaluation]:
        """The evaluations after each epoch of a phase: on validation rows, and on `training.judged` training rows."""
        train_subset = self.train.some(spread(len(self.train), self.settings.judged))
        rows_of: dict[Quantity, LabelledInputs] = {"training loss": train_subset, "validation loss": self.valid}
        return [self._evaluation(quantity, rows, phase) for quantity, rows in rows_of.items() if len(rows)]

    def _evaluation(self, quantity: Quantity, rows: LabelledInputs, phase: Phase) -> _Evaluation:
        if not self.learner.validates_by_episodes(rows.labels, phase):
            return _Evaluation(quantity, rows, list(in_order(len(rows), self.settings.batch)), None)
        episode = self._sampler(phase).episode or DEFAULT_EPISODE
        return _Evaluation(quantity, rows, *validation_episodes(rows.labels, episode, self.trainer.seed))

    # -- training -------------------------------------------------------------------------------------

    def run(self) -> None:
        """Trains the remaining epochs, then loads the selected weights."""
        for observer in self.trainer.observers:
            observer.begin(self.rates, self.steps, self.state.epoch)
        for phase in self.phases:
            if self.state.epoch < phase.end:
                self._begin_phase(phase)
            while self.state.epoch < phase.end:
                self._train_epoch(phase)
                self._finish_epoch(phase)
        if self.best:
            self.learner.module.load_state_dict(self.best)
        self.learner.module.eval()

    def _begin_phase(self, phase: Phase) -> None:
        """Begins or resumes a phase: freezes other groups. A phase without selection starts from the weights selected before it."""
        self.phase = phase
        self.trained_groups = [name for name, rate in self.rates.items() if rate > 0 and name in (phase.kind.groups or self.rates)]
        for name in self.rates:
            for parameter in self.groups[name]:
                parameter.requires_grad_(name in self.trained_groups)
        self.parameters = [parameter for name in self.trained_groups for parameter in self.groups[name]]
        if self.best and not phase.kind.selects:
            self.learner.module.load_state_dict(self.best)
            self.best, self.state.best = {}, None
        self.state.phase = phase.name

    def _train_epoch(self, phase: Phase) -> None:
        """Trains the remaining steps of this epoch."""
        state, batches = self.state, self._batches(phase, self.state.epoch)
        wall, cpu = time.monotonic() - state.seconds, time.process_time() - state.cpu_seconds
        if state.step == 0:
            torch.manual_seed(hash((self.trainer.seed, state.epoch)) & 0x7FFFFFFF)
            self.learner.begin_epoch(state.epoch, phase, self._evaluate_training_rows)
        _train_mode(self.learner.module)
        for positions in batches[state.step :]:
            factor = phase.factor(self.schedule, state.epoch, state.step / len(batches))
            for group in self.optimizer.param_groups:
                group["lr"] = self.rates[group["name"]] * factor
            loss, stopping = self._train_step(positions)
            state.loss_sum += loss * len(positions)
            state.inputs += len(positions)
            state.step += 1
            state.seconds, state.cpu_seconds = time.monotonic() - wall, time.process_time() - cpu
            if self._read_probes():
                wall, cpu = time.monotonic() - state.seconds, time.process_time() - state.cpu_seconds
            for observer in self.trainer.observers:
                observer.step(state.epoch, state.step - 1, loss)
            if stopping or state.step < len(batches):
                self._save(at_once=stopping)
            if stopping:
                raise KeyboardInterrupt

    def _read_probes(self) -> bool:
        """Takes the readings due after this step; returns whether there were any, so that their time is not counted as training."""
        if not self.trainer.probes:
            return False
        state = self.state
        epoch, step = state.epoch + state.step / self.steps[state.epoch], sum(self.steps[: state.epoch]) + state.step
        readings = {name: probe.read(epoch, step) for name, probe in self.trainer.probes.items()}
        for name, rows in readings.items():
            self.readings[name] += rows
        return any(readings.values())

    def _train_step(self, positions: Rows) -> tuple[float, bool]:
        """One step on a batch: the mean loss over all processes, and whether a stop was requested in any of them."""
        batch = self._training_batch(positions)
        result = self._training_result(batch)
        total = result.loss.float().sum() / len(positions)
        summed = parallel.sum_over_processes(torch.stack([total.detach(), total.new_tensor(float(self.stop.requested))]))
        mean, stopping = float(summed[0]), float(summed[1])
        if not math.isfinite(mean):
            del total, result  # frees the graph, because the diagnosis repeats the step
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
        return self._local_batch(self.train, positions, self.state.step, seed=self.trainer.seed, episode=episode)

    def _local_batch(self, rows: LabelledInputs, positions: Rows, step: int, **more: Any) -> TrainingBatch:
        """This process's part of a batch: every world_size-th row."""
        places = np.arange(parallel.rank(), len(positions), parallel.world_size())
        return TrainingBatch(rows, positions[places], places, len(positions), self.state.epoch, step, self.phase, **more)

    def _training_result(self, batch: TrainingBatch) -> StepResult:
        """The learner's result for a batch; repeated calls give the same, as long as the weights are unchanged."""
        torch.manual_seed(hash((self.trainer.seed, batch.epoch, batch.step, parallel.rank())) & 0x7FFFFFFF)
        with self.settings.autocast():
            return self.learner.training_step(batch)

    def _record_facts(self, positions: Rows, result: StepResult) -> None:
        """Adds the step's counts to the epoch's, and passes its facts, of all processes, to the ledger."""
        for name, count in result.counts.items():
            self.state.counts[name] = self.state.counts.get(name, 0) + count
        if self.trainer.ledger is not None:
            facts = {"loss": result.loss, **result.facts}
            values = parallel.gather(torch.stack([fact.detach().float() for fact in facts.values()], 1)).cpu().numpy()
            if parallel.rank() == 0:
                self.trainer.ledger.record(positions, dict(zip(facts, values.T, strict=True)))

    def _diverged(self, quantity: Quantity, batch: TrainingBatch) -> Diverged:
        """The exception that says why the loss or gradient of this batch is not finite; evaluation batches have no seed."""
        result = self._training_result if batch.seed is not None else self._validation_result
        rates = {group["name"]: float(group["lr"]) for group in self.optimizer.param_groups if group["name"] in self.trained_groups}
        phase = self.phase.name if len(self.phases) > 1 else ""
        return diverged(quantity, FailedStep(self.learner.module, batch, lambda: result(batch).loss, rates, phase))

    def _finish_epoch(self, phase: Phase) -> None:
        """Ends an epoch: records it, keeps its weights if they are the best so far, and saves a checkpoint."""
        state, module = self.state, self.learner.module
        record = self._epoch_record(phase)
        if weights := nonfinite_weights(module):
            raise Diverged(
                f"After epoch {state.epoch + 1} the weights {listing(weights, 3)} are not finite; lower the rates or set training.clip."
            )
        score = self.settings.selection_score(record) if phase.kind.selects else None
        record["kept"] = score is None or state.best is None or score > state.best
        if score is not None and record["kept"]:
            state.best = score
            self.best = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
        for observer in self.trainer.observers:
            observer.epoch(record)
        if self.trainer.ledger is not None and parallel.rank() == 0:
            self.trainer.ledger.epoch(state.epoch, record.get("phase", ""))
        self.state = TrainState(epoch=state.epoch + 1, phase=phase.name, best=state.best)
        self._save(at_once=self.state.epoch == phase.end)

    def _epoch_record(self, phase: Phase) -> dict[str, Any]:
        """The record of an epoch: losses, accuracies, learning rates, counts, readings and time."""
        state = self.state
        record: dict[str, Any] = {"epoch": state.epoch}
        if len(self.phases) > 1:
            record |= {"phase": phase.name, "selects": phase.kind.selects}
        record["loss"] = state.loss_sum / state.inputs
        for evaluation in self.evaluations[phase.first]:
            loss, accuracy = self._evaluate(evaluation)
            measured = {"valid_loss": loss, "valid_accuracy": accuracy}
            record |= measured if evaluation.quantity == "validation loss" else {"train_accuracy": accuracy}
        middle = phase.factor(self.schedule, state.epoch, 0.5)
        record["rates"] = {name: rate * middle if name in self.trained_groups else 0.0 for name, rate in self.rates.items()}
        record |= {**state.counts, **self.readings}
        self.readings = {name: [] for name in self.readings}
        return record | {"seconds": round(state.seconds, 3), "cpu_seconds": round(state.cpu_seconds, 3), "inputs": state.inputs}

    # -- evaluation -----------------------------------------------------------------------------------

    @torch.no_grad()
    def _evaluate(self, evaluation: _Evaluation) -> tuple[float, float]:
        """Mean loss and accuracy on these rows; in episodes, on the queries. Raises Diverged if the loss is not finite."""
        self.learner.module.eval()
        sums, first_bad = torch.zeros(3, dtype=torch.float64), len(evaluation.batches)
        for number, positions in enumerate(evaluation.batches):
            batch = self._local_batch(evaluation.rows, positions, number, episode=evaluation.episode)
            if len(batch):
                loss, correct = self.learner.validation_step(batch)
                if batch.episode is not None:
                    queries = torch.from_numpy(~batch.support).to(loss.device)
                    loss, correct = loss[queries], correct[queries]
                sums += torch.stack([loss.cpu().double().sum(), correct.cpu().double().sum(), torch.tensor(len(loss)).double()])
                first_bad = first_bad if sums[0].isfinite() else min(first_bad, number)
        loss, accuracy, count = (float(total) for total in parallel.sum_over_processes(sums))
        if not math.isfinite(loss):
            number = min(parallel.gather_objects(first_bad))  # every process joins the diagnosis, with its part of this batch
            batch = self._local_batch(evaluation.rows, evaluation.batches[number], number, episode=evaluation.episode)
            if not len(batch):
                # this process has no row of that batch, but must take part: any rows will do
                batch = self._local_batch(evaluation.rows, evaluation.batches[0], number, episode=evaluation.episode)
            raise self._diverged(evaluation.quantity, batch)
        return loss / count, accuracy / count

    def _validation_result(self, batch: TrainingBatch) -> StepResult:
        """The losses of an evaluation batch."""
        return StepResult(self.learner.validation_step(batch)[0])

    @torch.no_grad()
    def _evaluate_training_rows(self, function: Callable[[TrainingBatch], Tensor]) -> Tensor:
        """Calls a function on all training rows; see `learner.Evaluate`."""
        self.learner.module.eval()
        batches = (self._local_batch(self.train, positions, 0) for positions in in_order(len(self.train), self.settings.batch))
        return torch.cat([parallel.gather(function(batch)) for batch in batches])

    def _save(self, *, at_once: bool) -> None:
        """Saves a checkpoint if one is due."""
        if at_once or time.monotonic() - self.saved >= self.settings.checkpoint_seconds:
            if parallel.rank() == 0:
                arrays = checkpoints.pack(self.learner.module, self.optimizer, self.best, self.readings)
                if self.trainer.ledger is not None:
                    arrays |= {f"ledger/{name}": array for name, array in self.trainer.ledger.unfinished().items()}
                self.trainer.store.save_checkpoint(arrays, asdict(self.state))
            self.saved = time.monotonic()


def _train_mode(module: nn.Module) -> None:
    """Training mode, except for modules that are entirely frozen: their running statistics and dropout are frozen too."""
    module.train()
    for part in module.modules():
        parameters = list(part.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            part.eval()
