"""A small learning problem for tests: noisy images of four classes, in memory; and helpers to train on it."""

from __future__ import annotations

import contextlib
import copy
import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp

from scratchlab.data.samplers.interface import Sampler
from scratchlab.data.samplers.shuffled import Shuffled
from scratchlab.learn import parallel
from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.components import Components
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.learner import TrainingBatch
from scratchlab.learn.losses.catalog import LOSSES, Losses
from scratchlab.learn.losses.cross_entropy import CrossEntropy
from scratchlab.learn.optimizers import sgd
from scratchlab.learn.phases import Phase, PhaseKind
from scratchlab.learn.schedules import cosine
from scratchlab.learn.scoring import Scoring
from scratchlab.learn.settings import Training
from scratchlab.learn.training import Trainer
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.encoders.mlp import MLP
from scratchlab.models.frontends.pixels import Pixels
from scratchlab.models.interface import Encoder
from scratchlab.models.temporal.frames import Frames
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.types import Batch, Image, LabelledInputs

FORM = Image(1, 16, 16)


def problem(n: int = 120, seed: int = 0) -> LabelledInputs:
    """Images of four classes, which differ in the position of a bar."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 4
    values = rng.normal(0, 0.4, (n, 1, 16, 16)).astype(np.float32)
    for i, label in enumerate(labels):
        values[i, 0, 4 * label : 4 * label + 2] += 1
    return LabelledInputs(
        np.arange(n), lambda rows: Batch(values[rows], np.full(len(rows), 16)), labels, np.array([f"bar{i}" for i in range(n)])
    )


class MemoryStore:
    """A checkpoint store in memory."""

    def __init__(self) -> None:
        self.checkpoint: tuple[dict[str, Any], dict[str, Any]] | None = None
        self.saves = 0

    def load_checkpoint(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        return self.checkpoint

    def save_checkpoint(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        self.checkpoint = ({name: array.copy() for name, array in arrays.items()}, facts)
        self.saves += 1


class RecordingObserver:
    """Collects the records of epochs, and can abort training at a step, as a kill would."""

    def __init__(self, stop: tuple[int, int] | None = None) -> None:
        self.records: list[dict[str, Any]] = []
        self.stop = stop

    def begin(self, rates: dict[str, float], steps: Sequence[int], epoch: int) -> None:
        self.records = [record for record in self.records if record["epoch"] < epoch]

    def step(self, epoch: int, step: int, loss: float) -> None:
        if (epoch, step) == self.stop:
            raise InterruptedError

    def epoch(self, record: dict[str, Any]) -> None:
        self.records.append({key: value for key, value in record.items() if "seconds" not in key})


def embedder(encoder: Encoder, form: Image = FORM) -> Embedder:
    return Embedder(Pixels(form), encoder, Frames(encoder.dim, encoder.channels))


def learner(kind: str = "conv4", seed: int = 0) -> ClassLearner:
    torch.manual_seed(seed)
    encoder = Conv4(FORM, channels=8) if kind == "conv4" else MLP(FORM, hidden=[32, 16])
    return ClassLearner(embedder(encoder), problem(), np.arange(4), CrossEntropy({"cosine": SIMILARITIES["cosine"]()}))


def embedder_builder(embedder: Embedder) -> Callable[[int], Embedder]:
    """A function that builds embedders with the same architecture and other initial weights."""

    def build(seed: int) -> Embedder:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            built = copy.deepcopy(embedder)
            for module in built.modules():
                if callable(reset := getattr(module, "reset_parameters", None)):
                    reset()
            return built

    return build


def components(embedder: Embedder, trainer: Trainer, *names: str, loss: str = "cross_entropy", **scoring: Any) -> Components:
    """The components of a method with these similarities, of which the first is trained."""
    similarities = {name: SIMILARITIES[name]() for name in names or ("cosine",)}
    losses = Losses({loss: LOSSES[loss](similarities)})
    losses.fits(embedder.streams, trainer.sampler)
    return Components(embedder, None, trainer, similarities, losses, Scoring(similarities, **scoring), embedder_builder(embedder))


def trainer(
    store: MemoryStore,
    watch: RecordingObserver,
    optimizer: Callable[..., torch.optim.Optimizer] = sgd,
    sampler: Sampler | None = None,
    **settings: Any,
) -> Trainer:
    training = Training(**{"epochs": 4, "batch": 25, "rate": 0.05, "checkpoint_seconds": 0.0, "device": "cpu", **settings})
    schedule = lambda epochs: cosine(epochs, warmup=min(1.0, epochs / 2))  # noqa: E731
    return Trainer(3, training, lambda groups: optimizer(groups), schedule, sampler or Shuffled(training.batch), store, [watch])


def whole_batch(rows: LabelledInputs, seed: int | None = None, **more: Any) -> TrainingBatch:
    """All these rows, or those at the given positions, as one batch; without a seed, an evaluation batch."""
    positions = more.pop("positions", np.arange(len(rows)))
    defaults = {"epoch": 0, "step": 0, "phase": Phase("", 1, PhaseKind()), "seed": seed}
    return TrainingBatch(rows, positions, np.arange(len(positions)), len(positions), **{**defaults, **more})


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def free_port() -> int:
    """A free port in a range of this test worker, outside the system's range for outgoing connections."""
    first = 20_000 + 500 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in range(first + os.getpid() % 400, first + 500):
        with socket.socket() as candidate, contextlib.suppress(OSError):
            candidate.bind(("127.0.0.1", port))
            return port
    raise AssertionError(f"no free port among {first} to {first + 499}")


def in_two_processes(work: Callable[..., None], *arguments: object, tries: int = 3) -> None:
    """Calls `work(rank, *arguments)` in two processes that train together.

    On a busy machine, gloo's threads abort a process in a few percent of starts ("terminate called without an active exception"). This is
    not what is tested, so it is retried.
    """
    for remaining in reversed(range(tries)):
        try:
            mp.spawn(_work_together, args=(free_port(), work, arguments), nprocs=2)
            return
        except mp.ProcessExitedException:
            if not remaining:
                raise


def _work_together(rank: int, port: int, work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "RANK": str(rank), "WORLD_SIZE": "2", "GLOO_SOCKET_IFNAME": "lo"}
    torch.set_num_threads(1)
    with parallel.processes():
        work(rank, *arguments)
