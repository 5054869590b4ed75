"""READ FIRST: a whole run on one page.

    source -> protocol -> (label noise) -> front-end -> encoder -> method -> evaluation -> run -> report

The method sees training rows with the labels given to them, reference labels and query inputs. True labels
of what label noise changed, and labels of queries, are used only by the evaluation, which the protocol names,
and to score the ledger.
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, replace
from typing import Any

import torch
from rich.console import Console

from scratchlab.analysis import ledger
from scratchlab.checks import Problem
from scratchlab.data.augment.catalog import AUGMENTS
from scratchlab.data.batches import in_order
from scratchlab.data.noise.catalog import NOISES
from scratchlab.data.noise.given import GivenLabels, Noise, given_labels
from scratchlab.data.protocols.catalog import PROTOCOLS, Protocol
from scratchlab.data.sources.catalog import SOURCES, Source
from scratchlab.evaluation.catalog import EVALUATIONS
from scratchlab.learn import parallel
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.incremental import Components
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
from scratchlab.observe.kernels import table
from scratchlab.observe.probes import PROBES, Probe
from scratchlab.observe.progress import ProgressBar
from scratchlab.observe.records import Records
from scratchlab.recipe import Fixed, One, Recipe, Sections, Several
from scratchlab.result import Result
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.interface import Similarity
from scratchlab.store.run import Run
from scratchlab.types import Inputs, Plan, Rows, Samples

READING = 256  # inputs looked at together, before anything is trained

SECTIONS: Sections = {
    "data": One(SOURCES, "mnist"),
    "noise": One(NOISES, "none"),
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
    "observe": Several(PROBES),
}


@dataclass
class Pipeline:
    """The parts of a run, built from its recipe and fitting together; no data has been read yet."""

    source: Source
    noise: Noise | None
    protocol: Protocol
    embedder: Embedder
    similarities: dict[str, Similarity]
    method: Method
    trainer: Trainer
    probes: dict[str, Probe]


def assemble(recipe: Recipe, memory: Memory) -> Pipeline:
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
    method: Method = part("method", Components(embedder, trainer, similarities, losses, part("scoring", similarities)))
    training.group_rates(method.groups)
    return Pipeline(
        source, part("noise"), part("protocol", recipe.seed), embedder, similarities, method, trainer, part("observe", embedder)
    )


def check(recipe: Recipe) -> None:
    """Raises Problem for settings that are wrong or do not go together, before a folder is made or data is read."""
    assemble(recipe, Forgetful())


def reopened(recipe: Recipe, run: Run) -> Pipeline:
    """The parts of a run, with the embedder as it was learned. Raises Problem where its weights are missing or do not fit the recipe."""
    pipeline, kept, path = assemble(recipe, Forgetful()), run.load_arrays("weights"), run.folder / "weights.safetensors"
    if kept is None:
        advice = "run its recipe again with --again" if run.state() == "finished" else f"`scratchlab resume {run.folder.name}` goes on"
        raise Problem(f"{path} is missing, without which this run, which is {run.state()}, cannot be looked into; {advice}.")
    own = "embedder."
    try:
        pipeline.embedder.load_state_dict({name[len(own) :]: torch.from_numpy(x) for name, x in kept[0].items() if name.startswith(own)})
    except RuntimeError:
        raise Problem(
            f"{path} does not fit {run.folder / 'recipe.toml'}: these are the weights of another recipe, or of older code."
        ) from None
    pipeline.embedder.eval()
    return pipeline


def perform(recipe: Recipe, run: Run, console: Console) -> None:
    """Does what the recipe says, from where the run's folder says, and leaves everything there."""
    leads = parallel.rank() == 0
    quiet = Console(quiet=True)
    with run.writing() if leads else contextlib.nullcontext(), ProgressBar(console if leads else quiet) as bar:
        pipeline = assemble(recipe, run)
        pipeline.trainer.settings.settle()
        pipeline.trainer.observers = [Records(run), bar] if leads else []
        pipeline.trainer.probes = {**pipeline.probes} if leads else {}

        samples = pipeline.source.read()
        plan = pipeline.protocol.plan(samples)
        given = given_labels(pipeline.noise, samples, plan.split, recipe.seed) if pipeline.noise else None
        if given is not None:
            samples = given.shown(samples)
            if leads:
                run.save_table("noise", given.table())
        _read_once(samples, plan.rows, bar)
        pipeline.method.learn(plan.split.view(samples))
        result = EVALUATIONS[pipeline.protocol.kind](plan, pipeline.method, samples, bar)
        if leads:
            _leave(run, pipeline, samples, plan, result if given is None else _with_noise(result, recipe, given, run))


def _read_once(samples: Samples, rows: Rows, bar: ProgressBar) -> None:
    """Loads every input that will be needed: a damaged file is told now, not after hours; what is decoded stays so."""
    for positions in bar.over(list(in_order(len(rows), READING)), "reading the inputs"):
        samples.load(rows[positions])


def _with_noise(result: Result, recipe: Recipe, given: GivenLabels, run: Run) -> Result:
    """The result, with what label noise did as a fact, and how well the ledger tells right labels from wrong ones."""
    facts = {"settings": recipe.values["noise"], **given.facts()}
    if (run.folder / "ledger.parquet").exists():
        facts["ledger"] = ledger.facts(run.table("ledger"), given.table())
    return replace(result, facts={**result.facts, "noise": facts})


def _leave(run: Run, pipeline: Pipeline, samples: Samples, plan: Plan, result: Result) -> None:
    """Everything worth keeping; the run is finished when all of it is there."""
    method, queries = pipeline.method, Inputs(plan.queries, samples.load)
    run.save_arrays("embeddings", {"vectors": method.vectors(queries).cpu().numpy()}, {"ids": samples.ids[plan.queries].tolist()})
    run.save_arrays("weights", {name: tensor.cpu().numpy() for name, tensor in method.tensors().items()})
    for name, probe in pipeline.probes.items():
        last = probe.last(queries, samples.labels[plan.queries])
        run.save_table(name, table([row for record in run.records() for row in record[name]] + last))
    run.save_result(replace(result, facts={**result.facts, "chosen": method.facts()}))
    run.tell("finished", state="finished")
    run.drop_arrays("checkpoint")
