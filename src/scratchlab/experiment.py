"""READ FIRST: a whole run on one page.

    source -> protocol -> front-end -> encoder -> scores -> metrics -> run -> report

The method sees training rows, reference labels and query inputs. The truth about the queries joins here, afterwards.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import torch
from rich.console import Console
from rich.progress import track

from scratchlab.analysis.outcome import Outcome
from scratchlab.data.augment.catalog import AUGMENTS
from scratchlab.data.protocols.catalog import PROTOCOLS, Protocol
from scratchlab.data.sources.catalog import SOURCES, Source
from scratchlab.learn import parallel
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.methods.catalog import METHODS
from scratchlab.learn.methods.interface import Method
from scratchlab.learn.optimizers import OPTIMIZERS
from scratchlab.learn.schedules import SCHEDULES
from scratchlab.learn.settings import Training
from scratchlab.learn.training import Trainer
from scratchlab.model.encoders.catalog import ENCODERS
from scratchlab.model.frontends.catalog import FRONTENDS
from scratchlab.observe.progress import ProgressBar
from scratchlab.recipe import Fixed, One, Recipe, Sections, Several
from scratchlab.store.run import Run

SECTIONS: Sections = {
    "data": One(SOURCES, "mnist"),
    "protocol": One(PROTOCOLS, "sessions"),
    "augment": Several(AUGMENTS),
    "frontend": One(FRONTENDS, "log_mel"),
    "encoder": One(ENCODERS, "bc_resnet"),
    "method": One(METHODS, "prototypes"),
    "training": Fixed(Training),
    "optimizer": One(OPTIMIZERS, "sgd"),
    "schedule": One(SCHEDULES, "cosine"),
}


@dataclass
class Bench:
    """The parts of a run, built from its recipe and fitting together; no data has been read yet."""

    source: Source
    protocol: Protocol
    method: Method
    trainer: Trainer


def assemble(recipe: Recipe, memory: Any) -> Bench:
    """Builds every part. Raises Problem for settings that are wrong or do not go together."""
    training: Training = recipe.build("training", SECTIONS)
    torch.set_num_threads(training.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(recipe.seed)
    source = recipe.build("data", SECTIONS)
    frontend = recipe.build("frontend", SECTIONS, source.form)
    encoder = recipe.build("encoder", SECTIONS, frontend.form)
    augments = recipe.build("augment", SECTIONS, source.form)
    embedder = Embedder(frontend, encoder, augments.values()).to(training.device)
    schedule = recipe.build("schedule", SECTIONS, training.epochs)
    trainer = Trainer(recipe.seed, training, lambda groups: recipe.build("optimizer", SECTIONS, groups), schedule, memory)
    method: Method = recipe.build("method", SECTIONS, embedder, trainer)
    training.group_rates(method.groups)
    return Bench(source, recipe.build("protocol", SECTIONS, recipe.seed), method, trainer)


def check(recipe: Recipe) -> None:
    """Raises Problem for settings that are wrong or do not go together, before a folder is made or data is read."""
    assemble(recipe, memory=None)


def perform(recipe: Recipe, run: Run, console: Console) -> None:
    """Does what the recipe says, from where the run's folder says, and leaves everything there."""
    leads = parallel.rank() == 0
    with run.writing() if leads else contextlib.nullcontext():
        bench = assemble(recipe, _Checkpoints(run))
        bench.trainer.observers = [_Records(run), ProgressBar(console)] if leads else []

        samples = bench.source.read()
        base = bench.protocol.base(samples)
        draws = [list(bench.protocol.later(samples, draw)) for draw in range(bench.protocol.draws)]
        outcome = Outcome(samples, base.classes)
        bench.method.learn(base.seen(samples))
        outcome.add(base, bench.method.score(base.asked(samples)))
        for stages in track(draws, "draws of the shots", console=console, disable=not (leads and console.is_terminal)):
            learner = bench.method.branch()
            for stage in stages:
                learner.learn(stage.seen(samples))
                outcome.add(stage, learner.score(stage.asked(samples)))

        if leads:
            vectors = bench.method.vectors(base.asked(samples)).cpu().numpy()
            run.save_arrays("embeddings", {"vectors": vectors}, {"ids": samples.ids[base.query].tolist()})
            run.save_arrays("weights", {name: tensor.cpu().numpy() for name, tensor in bench.method.tensors().items()})
            run.save_table("predictions", outcome.predictions())
            run.save_json("summary", outcome.summary())
            run.tell("finished", state="finished")
            run.drop_arrays("checkpoint")


@dataclass
class _Checkpoints:
    """A run's checkpoint, as the trainer knows it."""

    run: Run

    def load(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        return self.run.load_arrays("checkpoint")

    def save(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        self.run.save_arrays("checkpoint", arrays, facts)


@dataclass
class _Records:
    """An observer that writes the run's metrics and heartbeat."""

    run: Run
    epochs: int = 0

    def begin(self, rates: dict[str, float], epochs: int, steps: int, epoch: int) -> None:
        self.epochs = epochs
        self.run.rewind(epoch)

    def step(self, epoch: int, step: int, loss: float) -> None:
        self.run.tell(f"epoch {epoch + 1} of {self.epochs}, step {step + 1}, loss {loss:.3f}")

    def epoch(self, record: dict[str, Any]) -> None:
        self.run.append(record)
