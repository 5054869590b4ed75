"""READ FIRST: a whole run on one page.

    source -> protocol -> front-end -> encoder -> scores -> metrics -> run -> report

The method sees training rows, reference labels and query inputs. The truth about the queries joins here, afterwards.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from rich.console import Console

from scratchlab.analysis.outcome import Outcome
from scratchlab.checks import Problem
from scratchlab.data.augment.catalog import AUGMENTS
from scratchlab.data.batches import in_order
from scratchlab.data.protocols.catalog import PROTOCOLS, Protocol
from scratchlab.data.sources.catalog import SOURCES, Source
from scratchlab.learn import parallel
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.incremental import Kit
from scratchlab.learn.losses.catalog import LOSSES, Losses
from scratchlab.learn.methods.catalog import METHODS
from scratchlab.learn.methods.interface import Method
from scratchlab.learn.optimizers import OPTIMIZERS
from scratchlab.learn.schedules import SCHEDULES
from scratchlab.learn.scoring import Scoring
from scratchlab.learn.settings import Training
from scratchlab.learn.training import Forgetful, Memory, Trainer
from scratchlab.model.encoders.catalog import ENCODERS
from scratchlab.model.frontends.catalog import FRONTENDS
from scratchlab.model.streams import over_streams
from scratchlab.model.temporal.catalog import TEMPORALS
from scratchlab.observe.gauges import GAUGES, Gauge
from scratchlab.observe.kernels import table
from scratchlab.observe.progress import ProgressBar
from scratchlab.observe.records import Records
from scratchlab.recipe import Fixed, One, Recipe, Sections, Several
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.interface import Similarity
from scratchlab.store.run import Run
from scratchlab.types import Samples, Stage

READING = 256  # inputs looked at together, before anything is trained

SECTIONS: Sections = {
    "data": One(SOURCES, "mnist"),
    "protocol": One(PROTOCOLS, "sessions"),
    "augment": Several(AUGMENTS),
    "frontend": One(FRONTENDS, "log_mel"),
    "encoder": One(ENCODERS, "bc_resnet"),
    "streams": Fixed(over_streams),
    "temporal": One(TEMPORALS, "frames"),
    "similarity": Several(SIMILARITIES, ("cosine",)),
    "loss": Several(LOSSES, ("cross_entropy",)),
    "scoring": Fixed(Scoring),
    "method": One(METHODS, "prototypes"),
    "training": Fixed(Training),
    "optimizer": One(OPTIMIZERS, "sgd"),
    "schedule": One(SCHEDULES, "cosine"),
    "observe": Several(GAUGES),
}


@dataclass
class Bench:
    """The parts of a run, built from its recipe and fitting together; no data has been read yet."""

    source: Source
    protocol: Protocol
    embedder: Embedder
    similarities: dict[str, Similarity]
    method: Method
    trainer: Trainer
    gauges: dict[str, Gauge]


def assemble(recipe: Recipe, memory: Memory) -> Bench:
    """Builds every part. Raises Problem for settings that are wrong or do not go together."""

    def part(section: str, *supplied: Any) -> Any:
        return recipe.build(section, SECTIONS, *supplied)

    training: Training = part("training")
    torch.manual_seed(recipe.seed)
    source: Source = part("data")
    frontend = part("frontend", source.form)
    encoder = part("streams", functools.partial(part, "encoder"), frontend.form)
    temporal = part("temporal", encoder.dim, encoder.channels)
    embedder = Embedder(frontend, encoder, temporal, part("augment", source.form).values()).to(training.device)
    trainer = Trainer(recipe.seed, training, functools.partial(part, "optimizer"), part("schedule", training.epochs), memory)
    similarities: dict[str, Similarity] = part("similarity")
    for name, similarity in similarities.items():
        similarity.fits(name, embedder.streams)
    losses = Losses(part("loss", similarities))
    losses.fits(embedder.streams)
    method: Method = part("method", Kit(embedder, trainer, similarities, losses, part("scoring", similarities)))
    training.group_rates(method.groups)
    return Bench(source, part("protocol", recipe.seed), embedder, similarities, method, trainer, part("observe", embedder))


def check(recipe: Recipe) -> None:
    """Raises Problem for settings that are wrong or do not go together, before a folder is made or data is read."""
    assemble(recipe, Forgetful())


def reopened(recipe: Recipe, run: Run) -> Bench:
    """The parts of a run, with the embedder as it was learned. Raises Problem where its weights are missing or do not fit the recipe."""
    bench, kept, path = assemble(recipe, Forgetful()), run.load_arrays("weights"), run.folder / "weights.safetensors"
    if kept is None:
        advice = "run its recipe again with --again" if run.state() == "finished" else f"`scratchlab resume {run.folder.name}` goes on"
        raise Problem(f"{path} is missing, without which this run, which is {run.state()}, cannot be looked into; {advice}.")
    own = "embedder."
    try:
        bench.embedder.load_state_dict({name[len(own) :]: torch.from_numpy(x) for name, x in kept[0].items() if name.startswith(own)})
    except RuntimeError:
        raise Problem(
            f"{path} does not fit {run.folder / 'recipe.toml'}: these are the weights of another recipe, or of older code."
        ) from None
    bench.embedder.eval()
    return bench


def perform(recipe: Recipe, run: Run, console: Console) -> None:
    """Does what the recipe says, from where the run's folder says, and leaves everything there."""
    leads = parallel.rank() == 0
    quiet = Console(quiet=True)
    with run.writing() if leads else contextlib.nullcontext(), ProgressBar(console if leads else quiet) as bar:
        bench = assemble(recipe, run)
        bench.trainer.settings.settle()
        bench.trainer.observers = [Records(run), bar] if leads else []
        bench.trainer.gauges = {**bench.gauges} if leads else {}

        samples = bench.source.read()
        base = bench.protocol.base(samples)
        draws = [list(bench.protocol.later(samples, draw)) for draw in range(bench.protocol.draws)]
        _read_once(samples, [base, *itertools.chain(*draws)], bar)

        outcome = Outcome(samples, base.classes)
        bench.method.learn(base.seen(samples))
        outcome.add(base, bench.method.score(base.asked(samples)))
        for stages in bar.over(draws, "draws of the shots"):
            learner = bench.method.branch()
            for stage in stages:
                learner.learn(stage.seen(samples))
                outcome.add(stage, learner.score(stage.asked(samples)))
            outcome.relate(stages[-1], learner.resemblance().cpu().numpy())
        if leads:
            readings = {name: gauge.last(base.asked(samples), base.truth(samples)) for name, gauge in bench.gauges.items()}
            _leave(run, bench.method, base, outcome, readings)


def _read_once(samples: Samples, stages: list[Stage], bar: ProgressBar) -> None:
    """Loads every input that will be needed: a damaged file is told now, not after hours; what is decoded stays so."""
    needed = np.unique(np.concatenate([rows for stage in stages for rows in (stage.train, stage.valid, stage.reference, stage.query)]))
    for positions in bar.over(list(in_order(len(needed), READING)), "reading the inputs"):
        samples.load(needed[positions])


def _leave(run: Run, method: Method, base: Stage, outcome: Outcome, readings: dict[str, list[dict[str, Any]]]) -> None:
    """Everything worth keeping; the run is finished when all of it is there."""
    samples = outcome.samples
    run.save_arrays("embeddings", {"vectors": method.vectors(base.asked(samples)).cpu().numpy()}, {"ids": samples.ids[base.query].tolist()})
    run.save_arrays("weights", {name: tensor.cpu().numpy() for name, tensor in method.tensors().items()})
    run.save_table("predictions", outcome.predictions())
    for name, last in readings.items():
        run.save_table(name, table([row for record in run.records() for row in record[name]] + last))
    run.save_json("summary", {**outcome.summary(), "chosen": method.facts()})
    run.tell("finished", state="finished")
    run.drop_arrays("checkpoint")
