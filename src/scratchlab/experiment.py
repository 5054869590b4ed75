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
from pathlib import Path
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
from scratchlab.data.samplers.catalog import SAMPLERS
from scratchlab.data.sources.catalog import SOURCES, Source
from scratchlab.evaluation.catalog import EVALUATIONS
from scratchlab.learn import parallel
from scratchlab.learn.checkpoints import CheckpointStore, NullStore
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.incremental import Components
from scratchlab.learn.losses.catalog import LOSSES, Losses
from scratchlab.learn.methods.catalog import METHODS
from scratchlab.learn.methods.interface import Method
from scratchlab.learn.optimizers import OPTIMIZERS
from scratchlab.learn.schedules import SCHEDULES
from scratchlab.learn.scoring import Scoring
from scratchlab.learn.settings import Training
from scratchlab.learn.training import Trainer
from scratchlab.model.encoders.catalog import ENCODERS
from scratchlab.model.frontends.catalog import FRONTENDS
from scratchlab.model.interface import Frontend
from scratchlab.model.streams import over_streams
from scratchlab.model.temporal.catalog import TEMPORALS
from scratchlab.observe.kernels import table
from scratchlab.observe.ledger import Ledger
from scratchlab.observe.probes import OBSERVED, Probe
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
    "sampler": One(SAMPLERS, "shuffled"),
    "optimizer": One(OPTIMIZERS, "sgd"),
    "schedule": One(SCHEDULES, "cosine"),
    "observe": Several(OBSERVED),
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
    ledger: Ledger | None


def assemble(recipe: Recipe, store: CheckpointStore) -> Pipeline:
    """Builds every part. Raises Problem for settings that are wrong or do not go together."""

    def part(section: str, *supplied: Any) -> Any:
        return recipe.build(section, SECTIONS, *supplied)

    training: Training = part("training")
    torch.manual_seed(recipe.seed)
    source: Source = part("data")

    def embedder_of(frontend: Frontend) -> Embedder:
        encoder = part("streams", functools.partial(part, "encoder"), frontend.form)
        temporal = part("temporal", encoder.dim, encoder.channels)
        return Embedder(frontend, encoder, temporal, part("augment", source.form).values()).to(training.device)

    def build_embedder(seed: int) -> Embedder:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return embedder_of(part("frontend", source.form))

    embedder = embedder_of(part("frontend", source.form))
    sampler = part("sampler", training.batch)
    trainer = Trainer(recipe.seed, training, functools.partial(part, "optimizer"), functools.partial(part, "schedule"), sampler, store)
    similarities: dict[str, Similarity] = part("similarity")
    for name, similarity in similarities.items():
        similarity.fits(name, embedder.streams)
    losses = Losses(part("loss", similarities))
    losses.fits(embedder.streams, sampler)
    scoring = part("scoring", similarities)
    method: Method = part("method", Components(embedder, trainer, similarities, losses, scoring, build_embedder))
    trainer.plan(method.groups, method.rates, method.phases)
    observed: dict[str, Probe | Ledger] = part("observe", embedder)
    probes = {name: one for name, one in observed.items() if not isinstance(one, Ledger)}
    ledgers = [one for one in observed.values() if isinstance(one, Ledger)]
    if len(ledgers) > 1:
        raise Problem("[observe] names two ledgers, which would be the same file; leave one out.")
    protocol: Protocol = part("protocol", recipe.seed)
    ledger = next(iter(ledgers), None)
    return Pipeline(source, part("noise"), protocol, embedder, similarities, method, trainer, probes, ledger)


def check(recipe: Recipe) -> None:
    """Raises Problem for settings that are wrong or do not go together, before a folder is made or data is read."""
    initialise(assemble(recipe, NullStore()))


def reopened(recipe: Recipe, run: Run) -> Pipeline:
    """The parts of a run, with the embedder as it was learned. Raises Problem where its weights are missing or do not fit the recipe."""
    pipeline, kept, path = assemble(recipe, NullStore()), run.load_arrays("weights"), run.folder / "weights.safetensors"
    if kept is None:
        advice = "run its recipe again with --again" if run.state() == "finished" else f"`scratchlab resume {run.folder.name}` goes on"
        raise Problem(f"{path} is missing, without which this run, which is {run.state()}, cannot be looked into; {advice}.")
    _load(
        pipeline.embedder,
        kept[0],
        f"{path} does not fit {run.folder / 'recipe.toml'}: these are the weights of another recipe, or of older code.",
    )
    pipeline.embedder.eval()
    return pipeline


def initialise(pipeline: Pipeline) -> None:
    """Begins from the embedder of the run `training.init_from`. Raises Problem where that is not there or does not fit."""
    if not (folder := pipeline.trainer.settings.init_from):
        return
    path = Path(folder) / "weights.safetensors"
    kept = Run(Path(folder)).load_arrays("weights")
    if kept is None:
        raise Problem(f"training.init_from = '{folder}' is not the folder of a finished run: there is no {path}.")
    _load(
        pipeline.embedder,
        kept[0],
        f"training.init_from = '{folder}' does not fit: its embedder has other weights than this recipe's; "
        "[frontend], [encoder], [streams] and [temporal] must be the same.",
    )


def _load(embedder: Embedder, arrays: dict[str, Any], otherwise: str) -> None:
    """Puts a run's learned weights into an embedder. Raises Problem with this sentence where they do not fit."""
    own = "embedder."
    try:
        embedder.load_state_dict({name[len(own) :]: torch.from_numpy(x) for name, x in arrays.items() if name.startswith(own)})
    except RuntimeError:
        raise Problem(otherwise) from None


def perform(recipe: Recipe, run: Run, console: Console) -> None:
    """Does what the recipe says, from where the run's folder says, and leaves everything there."""
    leads = parallel.rank() == 0
    quiet = Console(quiet=True)
    with run.writing() if leads else contextlib.nullcontext(), ProgressBar(console if leads else quiet) as bar:
        pipeline = assemble(recipe, run)
        pipeline.trainer.settings.settle()
        pipeline.trainer.observers = [Records(run), bar] if leads else []
        pipeline.trainer.probes = {**pipeline.probes} if leads else {}
        if pipeline.ledger:
            pipeline.ledger.run, pipeline.trainer.ledger = run, pipeline.ledger
        if run.load_checkpoint() is None:
            initialise(pipeline)

        samples = pipeline.source.read()
        plan = pipeline.protocol.plan(samples)
        given = given_labels(pipeline.noise, samples, plan.split, recipe.seed) if pipeline.noise else None
        if given is not None:
            samples = given.shown(samples)
            if leads:
                run.save_table("noise", given.table())
        view = plan.split.view(samples)
        pipeline.trainer.sampler.fits(view.train.labels, samples.classes)
        _read_once(samples, plan.rows, bar)
        pipeline.method.learn(view)
        if pipeline.ledger and leads:
            pipeline.ledger.close()
        result = EVALUATIONS[pipeline.protocol.kind](plan, pipeline.method, samples, bar)
        if leads:
            if given is not None:
                result = _with_noise(_with_last_epoch(result, recipe, run, samples, plan, bar), recipe, given, run)
            _leave(run, pipeline, samples, plan, result)


def _read_once(samples: Samples, rows: Rows, bar: ProgressBar) -> None:
    """Loads every input that will be needed: a damaged file is told now, not after hours; what is decoded stays so."""
    for positions in bar.over(list(in_order(len(rows), READING)), "reading the inputs"):
        samples.load(rows[positions])


@dataclass(frozen=True)
class _LastEpoch:
    """A run's checkpoint without the weights that validation chose, so that a trainer that goes on from it ends with the last epoch's."""

    run: Run

    def load_checkpoint(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Arrays and facts of the checkpoint, or None."""
        if (kept := self.run.load_checkpoint()) is None:
            return None
        return {name: array for name, array in kept[0].items() if not name.startswith("best/")}, kept[1]

    def save_checkpoint(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        """Does nothing: training is over."""


def _with_last_epoch(result: Result, recipe: Recipe, run: Run, samples: Samples, plan: Plan, bar: ProgressBar) -> Result:
    """The result with heads `last.NAME`, which answer with the weights of the last epoch, where validation chose the epoch.

    Under label noise the two may be far apart, and either alone misleads.
    """
    pipeline = assemble(recipe, store := _LastEpoch(run))
    if pipeline.trainer.settings.select == "last" or store.load_checkpoint() is None:
        return result
    pipeline.method.learn(plan.split.view(samples))
    last = EVALUATIONS[pipeline.protocol.kind](plan, pipeline.method, samples, bar)
    note = (
        "Heads last.NAME answer with the weights of the last epoch, others with those of the epoch that validation on given labels chose."
    )
    headline = f"{result.headline}; with the weights of the last epoch {last.head.headline}"
    return replace(result.beside(last, "last"), headline=headline, notes=(*result.notes, note))


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
