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

import torch
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.data.augment.dice import Dice
from scratchlab.data.batches import in_order, shuffled
from scratchlab.learn import checkpoints, parallel
from scratchlab.learn.diagnosis import not_finite
from scratchlab.learn.schedules import Schedule
from scratchlab.learn.settings import Training
from scratchlab.types import Batch, Labelled, Rows


class Learner(Protocol):
    """What a method shows of itself to be trained."""

    module: nn.Module

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters by the name under which a recipe gives their rate."""
        ...

    def losses(self, batch: Batch, labels: Rows, dice: Dice) -> Tensor:
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

    def train(self, learner: Learner, train: Labelled, valid: Labelled) -> None:
        """Trains from where the memory says, and leaves the learner with the weights of the chosen epoch."""
        settings, world = self.settings, parallel.world()
        if min(settings.batch, len(train)) < 2 * world:
            raise Problem(
                f"training.batch = {settings.batch} over {len(train)} training rows is too small for {world} processes; "
                "give each of them at least two rows a step."
            )
        rates = settings.group_rates(learner.groups())
        names = [name for name, rate in rates.items() if rate > 0]
        parameters = {name: learner.groups()[name] for name in names}
        for name in rates.keys() - parameters.keys():
            for parameter in learner.groups()[name]:
                parameter.requires_grad_(False)
        every = [parameter for name in names for parameter in parameters[name]]
        optimizer = self.optimizer([{"params": parameters[name], "lr": rates[name], "name": name} for name in names])
        place, best = Place(), dict[str, Tensor]()
        if (kept := self.memory.load_checkpoint()) is not None:
            best = checkpoints.restore(kept[0], learner.module, optimizer)
            place = Place.told(dict(kept[1]))
        steps = len(shuffled(len(train), settings.batch, self.seed, 0))
        for observer in self.observers:
            observer.begin(rates, settings.epochs, steps, place.epoch)

        saved = time.monotonic()
        while place.epoch < settings.epochs:
            batches = shuffled(len(train), settings.batch, self.seed, place.epoch)
            learner.module.train()
            wall, cpu = time.monotonic() - place.seconds, time.process_time() - place.cpu_seconds
            while place.step < steps:
                factor = self.schedule(place.epoch + place.step / steps)
                for group in optimizer.param_groups:
                    group["lr"] = rates[group["name"]] * factor
                positions = batches[place.step]
                loss = self._step(learner, train, positions, place, optimizer, every)
                place.loss_sum += loss * len(positions)
                place.seen += len(positions)
                place.step += 1
                place.seconds, place.cpu_seconds = time.monotonic() - wall, time.process_time() - cpu
                for observer in self.observers:
                    observer.step(place.epoch, place.step - 1, loss)
                if place.step < steps and time.monotonic() - saved >= settings.checkpoint_seconds:
                    self._save(learner, optimizer, best, place)
                    saved = time.monotonic()
            record = self._record(place, rates, learner, valid)
            merit = settings.merit(record)
            record["kept"] = merit is None or place.best is None or merit > place.best
            if merit is not None and record["kept"]:
                place.best = merit
                best = {name: tensor.detach().clone() for name, tensor in learner.module.state_dict().items()}
            place = Place(epoch=place.epoch + 1, best=place.best)
            for observer in self.observers:
                observer.epoch(record)
            if place.epoch == settings.epochs or time.monotonic() - saved >= settings.checkpoint_seconds:
                self._save(learner, optimizer, best, place)
                saved = time.monotonic()
        if best:
            learner.module.load_state_dict(best)
        learner.module.eval()

    def _step(
        self, learner: Learner, train: Labelled, positions: Rows, place: Place, optimizer: torch.optim.Optimizer, every: list[nn.Parameter]
    ) -> float:
        """One step on a batch; the mean loss over all processes. Raises Problem with a diagnosis when it is not finite."""
        mine = positions[parallel.rank() :: parallel.world()]
        torch.manual_seed(hash((self.seed, place.epoch, place.step, parallel.rank())) & 0x7FFFFFFF)
        batch, labels = train.batch(mine), train.labels[mine]
        with self.settings.autocast():
            losses = learner.losses(batch, labels, Dice(self.seed, place.epoch, train.rows[mine]))
        total = losses.float().sum() / len(positions)
        mean = float(parallel.summed(total.detach().clone()))
        if not math.isfinite(mean):
            raise not_finite(learner.module, batch, losses, train.ids[mine], optimizer, place.epoch, place.step)
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        parallel.sum_gradients(every)
        if self.settings.clip:
            nn.utils.clip_grad_norm_(every, self.settings.clip)
        optimizer.step()
        return mean

    def _record(self, place: Place, rates: dict[str, float], learner: Learner, valid: Labelled) -> dict[str, Any]:
        """What is known of an epoch once it is over."""
        record: dict[str, Any] = {"epoch": place.epoch, "loss": place.loss_sum / place.seen}
        if len(valid):
            record |= self._validated(learner, valid)
        middle = self.schedule(place.epoch + 0.5)
        record["rates"] = {name: rate * middle for name, rate in rates.items()}
        return record | {"seconds": round(place.seconds, 3), "cpu_seconds": round(place.cpu_seconds, 3), "inputs": place.seen}

    @torch.no_grad()
    def _validated(self, learner: Learner, valid: Labelled) -> dict[str, float]:
        """Loss and accuracy on the validation rows, each counting once."""
        learner.module.eval()
        sums = torch.zeros(2, dtype=torch.float64)
        for positions in in_order(len(valid), self.settings.batch):
            mine = positions[parallel.rank() :: parallel.world()]
            if len(mine):
                losses, right = learner.judged(valid.batch(mine), valid.labels[mine])
                sums += torch.stack([losses.double().sum().cpu(), right.double().sum().cpu()])
        loss, accuracy = parallel.summed(sums) / len(valid)
        return {"valid_loss": float(loss), "valid_accuracy": float(accuracy)}

    def _save(self, learner: Learner, optimizer: torch.optim.Optimizer, best: dict[str, Tensor], place: Place) -> None:
        if parallel.rank() == 0:
            self.memory.save_checkpoint(checkpoints.packed(learner.module, optimizer, best), asdict(place))
