"""The one epoch loop. Plain torch; resumes to the last bit; the same under one process or several.

Nothing random has a state: the order of an epoch, the augmentation of a row and the dropout of a step are functions of
(seed, epoch, row or step). So a checkpoint holds only weights, optimiser state, the best weights so far and the place.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from scratchlab.checks import Diverged, Problem, counted, listing
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.data.batches import in_order, shuffled, spread
from scratchlab.learn import checkpoints, parallel
from scratchlab.learn.diagnosis import Step, What, broken, diverged, gradients_are_finite
from scratchlab.learn.schedules import Schedule
from scratchlab.learn.settings import Training
from scratchlab.learn.stopping import Stop, stoppable
from scratchlab.types import Batch, LabelledInputs, Rows


class Learner(Protocol):
    """What a method shows of itself to be trained."""

    module: nn.Module

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters by the name under which a recipe gives their rate."""
        ...

    def losses(self, batch: Batch, labels: Rows, rng: RowRNG) -> Tensor:
        """One loss for each input, `[n]`, with augmentation."""
        ...

    def judged(self, batch: Batch, labels: Rows) -> tuple[Tensor, Tensor]:
        """Validation: loss `[n]` and whether the answer is right `[n]`, without augmentation."""
        ...


class Observer(Protocol):
    """Whoever watches: a progress bar, the run's folder. Must not change the training."""

    def begin(self, rates: dict[str, float], epochs: int, steps: int, epoch: int) -> None:
        """Training starts at `epoch`, 0 unless it was interrupted, with these rates by group."""
        ...

    def step(self, epoch: int, step: int, loss: float) -> None:
        """One step is done; both count from 0."""
        ...

    def epoch(self, record: dict[str, Any]) -> None:
        """One epoch is done; what is known of it."""
        ...


class Probe(Protocol):
    """Whoever reads what is being trained, for the record. Must not change the training."""

    def begin(self, train: LabelledInputs, valid: LabelledInputs) -> list[dict[str, Any]]:
        """What is to be recorded before the first step; the weights are as they begin also where training goes on from a checkpoint."""
        ...

    def read(self, epoch: float, step: int) -> list[dict[str, Any]]:
        """What is to be recorded once so many epochs, 1.5 in the middle of the second, and so many steps in all are done."""
        ...


class Memory(Protocol):
    """Where a checkpoint lies: arrays by name and a few facts. A run is one."""

    def load_checkpoint(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The last checkpoint, or None."""
        ...

    def save_checkpoint(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        """Replaces the last checkpoint, atomically."""
        ...


class Forgetful:
    """A memory that keeps nothing, for training that is over in a moment."""

    def load_checkpoint(self) -> None:
        """There is none."""

    def save_checkpoint(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        """Lets go of it."""


@dataclass
class Place:
    """How far training has come, and what it has found: all that a checkpoint says in numbers."""

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    seen: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    best: tuple[float, float] | None = None

    @classmethod
    def told(cls, facts: dict[str, Any]) -> Place:
        """The place that a checkpoint's facts tell."""
        best = facts.pop("best")
        return cls(**facts, best=tuple(best) if best else None)


@dataclass
class Trainer:
    """Trains learners: the settings, what they are watched by and where they are kept."""

    seed: int
    settings: Training
    optimizer: Callable[[list[dict[str, Any]]], torch.optim.Optimizer]
    schedule: Schedule
    memory: Memory
    observers: list[Observer] = field(default_factory=list[Observer])
    probes: dict[str, Probe] = field(default_factory=dict[str, Probe])

    def train(self, learner: Learner, train: LabelledInputs, valid: LabelledInputs) -> None:
        """Trains from where the memory says, and leaves the learner with the weights of the chosen epoch.

        Raises Diverged with a diagnosis when loss or weights are no longer finite, and KeyboardInterrupt between two steps, with a
        checkpoint saved, when somebody asks to stop.
        """
        world = parallel.world()
        if min(self.settings.batch, len(train)) < 2 * world:
            raise Problem(
                f"training.batch = {self.settings.batch} over {len(train)} training rows is too small for {counted(world, 'process')}; "
                "a step needs at least two rows in each."
            )
        with stoppable() as stop:
            _Course(self, learner, train, valid, stop).run()


class _Course:
    """One training from beginning to end, or from a checkpoint to the end."""

    def __init__(self, trainer: Trainer, learner: Learner, train: LabelledInputs, valid: LabelledInputs, stop: Stop) -> None:
        self.trainer, self.settings, self.learner, self.stop = trainer, trainer.settings, learner, stop
        self.labelled, self.judged, self.valid = train, train.some(spread(len(train), self.settings.judged)), valid
        groups = learner.groups()
        self.rates = self.settings.group_rates(groups)
        for name, rate in self.rates.items():
            for parameter in groups[name]:
                parameter.requires_grad_(rate > 0)
        moving = [name for name, rate in self.rates.items() if rate > 0]
        self.parameters = [parameter for name in moving for parameter in groups[name]]
        self.optimizer = trainer.optimizer([{"params": groups[name], "lr": self.rates[name], "name": name} for name in moving])
        self.readings: dict[str, list[dict[str, Any]]]  # since the last record
        self.readings = {name: probe.begin(train, valid) for name, probe in trainer.probes.items()}
        self.place, self.best = Place(), dict[str, Tensor]()
        if (kept := trainer.memory.load_checkpoint()) is not None:
            self.best = checkpoints.restore(kept[0], learner.module, self.optimizer)
            self.readings |= checkpoints.readings(kept[0], trainer.probes)
            self.place = Place.told(dict(kept[1]))
        self.saved = time.monotonic()

    def run(self) -> None:
        """Every epoch that is left; then the chosen weights."""
        steps = len(shuffled(len(self.labelled), self.settings.batch, self.trainer.seed, 0))
        for observer in self.trainer.observers:
            observer.begin(self.rates, self.settings.epochs, steps, self.place.epoch)
        while self.place.epoch < self.settings.epochs:
            self._epoch()
            self._judge()
        if self.best:
            self.learner.module.load_state_dict(self.best)
        self.learner.module.eval()

    def _epoch(self) -> None:
        """The steps of this epoch that are left."""
        place, batches = self.place, shuffled(len(self.labelled), self.settings.batch, self.trainer.seed, self.place.epoch)
        _train_mode(self.learner.module)
        wall, cpu = time.monotonic() - place.seconds, time.process_time() - place.cpu_seconds
        for positions in batches[place.step :]:
            factor = self.trainer.schedule(place.epoch + place.step / len(batches))
            for group in self.optimizer.param_groups:
                group["lr"] = self.rates[group["name"]] * factor
            loss, stopping = self._step(positions)
            place.loss_sum += loss * len(positions)
            place.seen += len(positions)
            place.step += 1
            place.seconds, place.cpu_seconds = time.monotonic() - wall, time.process_time() - cpu
            if self._read(len(batches)):
                wall, cpu = time.monotonic() - place.seconds, time.process_time() - place.cpu_seconds
            for observer in self.trainer.observers:
                observer.step(place.epoch, place.step - 1, loss)
            if stopping or place.step < len(batches):
                self._save(at_once=stopping)
            if stopping:
                raise KeyboardInterrupt

    def _read(self, steps: int) -> bool:
        """Readings after a step of an epoch of so many; whether there were any, whose time is none of the training's."""
        place = self.place
        found = {
            name: probe.read(place.epoch + place.step / steps, place.epoch * steps + place.step)
            for name, probe in self.trainer.probes.items()
        }
        for name, rows in found.items():
            self.readings[name] += rows
        return any(found.values())

    def _step(self, positions: Rows) -> tuple[float, bool]:
        """One step on a batch: the mean loss over all processes, and whether any of them was asked to stop."""
        total = self._losses(positions).float().sum() / len(positions)
        told = parallel.summed(torch.stack([total.detach(), total.new_tensor(float(self.stop.asked))]))
        mean, stopping = float(told[0]), float(told[1])
        if not math.isfinite(mean):
            del total  # and its graph: the step is about to be repeated
            raise self._diverged("loss", positions)
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        parallel.sum_gradients(self.parameters)
        if not gradients_are_finite(self.parameters):
            raise self._diverged("gradient", positions)
        if self.settings.clip:
            nn.utils.clip_grad_norm_(self.parameters, self.settings.clip)
        self.optimizer.step()
        return mean, stopping > 0

    def _losses(self, positions: Rows) -> Tensor:
        """The losses of this process's part of a batch; the same whenever they are asked for, unless the weights have moved."""
        seed, place, train = self.trainer.seed, self.place, self.labelled
        mine = positions[parallel.rank() :: parallel.world()]
        torch.manual_seed(hash((seed, place.epoch, place.step, parallel.rank())) & 0x7FFFFFFF)
        with self.settings.autocast():
            return self.learner.losses(train.batch(mine), train.labels[mine], RowRNG(seed, place.epoch, train.rows[mine]))

    def _diverged(self, what: What, positions: Rows) -> Diverged:
        """Why the step on this batch has no finite loss or gradient."""
        mine = positions[parallel.rank() :: parallel.world()]
        return self._why(what, self.labelled, mine, lambda: self._losses(positions), len(positions), self.place.step)

    def _why(self, what: What, rows: LabelledInputs, mine: Rows, losses: Callable[[], Tensor], count: int, number: int) -> Diverged:
        """Why these losses of this process's part of batch `number`, of `count` rows in all, are not finite."""
        rates = {group["name"]: float(group["lr"]) for group in self.optimizer.param_groups}
        return diverged(what, Step(self.learner.module, rows.batch(mine), rows.ids[mine], losses, count, rates, self.place.epoch, number))

    def _judge(self) -> None:
        """Ends an epoch: its record, whether its weights are the ones to keep so far, and the place after it."""
        place, module = self.place, self.learner.module
        record = self._record()
        if weights := broken(module):
            raise Diverged(
                f"After epoch {place.epoch + 1} the weights {listing(weights, 3)} are not finite; lower the rates or set training.clip."
            )
        merit = self.settings.merit(record)
        record["kept"] = merit is None or place.best is None or merit > place.best
        if merit is not None and record["kept"]:
            place.best = merit
            self.best = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
        self.place = Place(epoch=place.epoch + 1, best=place.best)
        for observer in self.trainer.observers:
            observer.epoch(record)
        self._save(at_once=self.place.epoch == self.settings.epochs)

    def _record(self) -> dict[str, Any]:
        """What is known of an epoch once it is over."""
        place = self.place
        record: dict[str, Any] = {"epoch": place.epoch, "loss": place.loss_sum / place.seen}
        if len(self.judged):
            record["train_accuracy"] = self._judgement("training loss", self.judged)[1]
        if len(self.valid):
            record["valid_loss"], record["valid_accuracy"] = self._judgement("validation loss", self.valid)
        middle = self.trainer.schedule(place.epoch + 0.5)
        record["rates"] = {name: rate * middle for name, rate in self.rates.items()}
        record |= self.readings
        self.readings = {name: [] for name in self.readings}
        return record | {"seconds": round(place.seconds, 3), "cpu_seconds": round(place.cpu_seconds, 3), "inputs": place.seen}

    @torch.no_grad()
    def _judgement(self, what: What, rows: LabelledInputs) -> tuple[float, float]:
        """Loss and accuracy on these rows, each counting once. Raises Diverged where the loss is not finite."""
        self.learner.module.eval()
        sums, spoilt = torch.zeros(2, dtype=torch.float64), None
        for number, positions in enumerate(in_order(len(rows), self.settings.batch)):
            mine = positions[parallel.rank() :: parallel.world()]
            if len(mine):
                losses, right = self._answers(rows, mine)
                sums += torch.stack([losses.cpu().double().sum(), right.cpu().double().sum()])
                spoilt = spoilt or (None if sums[0].isfinite() else (number, mine))
        loss, accuracy = parallel.summed(sums) / len(rows)
        if not loss.isfinite():
            number, mine = spoilt or (0, np.zeros(1, dtype=np.int64))  # it was in another process: any row will do here
            raise self._why(what, rows, mine, lambda: self._answers(rows, mine)[0], len(mine), number)
        return float(loss), float(accuracy)

    def _answers(self, rows: LabelledInputs, mine: Rows) -> tuple[Tensor, Tensor]:
        """Losses of some of these rows, and which are answered rightly, without augmentation."""
        return self.learner.judged(rows.batch(mine), rows.labels[mine])

    def _save(self, *, at_once: bool) -> None:
        """A checkpoint, if it is time for one."""
        if at_once or time.monotonic() - self.saved >= self.settings.checkpoint_seconds:
            if parallel.rank() == 0:
                arrays = checkpoints.packed(self.learner.module, self.optimizer, self.best, self.readings)
                self.trainer.memory.save_checkpoint(arrays, asdict(self.place))
            self.saved = time.monotonic()


def _train_mode(module: nn.Module) -> None:
    """Training mode for everything but what is frozen as a whole: its running statistics and dropout stand still as well."""
    module.train()
    for part in module.modules():
        parameters = list(part.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            part.eval()
