"""READ FIRST: a whole run on one page.

    source -> protocol -> (label noise) -> front-end -> encoder -> method -> evaluation -> run -> report

The method gets training rows with their given labels, reference rows with labels, and query inputs. True
labels (where label noise changed them) and query labels are used only by the evaluation, which the protocol
names, and to score the ledger.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from rich.console import Console
from rich.text import Text

from scratchlab.analysis import ledger
from scratchlab.analysis.warnings import warnings
from scratchlab.checks import Problem
from scratchlab.data.batches import in_order
from scratchlab.data.noise.given import GivenLabels, Noise, given_labels
from scratchlab.data.protocols.catalog import Protocol
from scratchlab.data.protocols.pools import check_samples
from scratchlab.evaluation.catalog import EVALUATIONS
from scratchlab.learn import parallel
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.stopping import terminable
from scratchlab.observe.kernels import table
from scratchlab.observe.progress import ProgressBar
from scratchlab.observe.records import Records
from scratchlab.pipeline import Pipeline, assemble, initialise
from scratchlab.recipe import Recipe
from scratchlab.result import BASELINES, Result
from scratchlab.store.run import Run
from scratchlab.types import Inputs, Plan, Rows, Samples, TrainingView

READ_BATCH = 256  # inputs per batch when all inputs are loaded once, before training


def run(
    method: Incremental, data: Samples, protocol: Protocol, *, noise: Noise | None = None, seed: int = 0, progress: bool = True
) -> Result:
    """Trains a method on what the protocol gives it of the data, and evaluates it as the protocol says: a run without a folder.

    seed: of training (order, augmentation, label noise); the protocol has its own, and initial weights are those of the method. noise:
    changes given labels of training and validation rows. Raises Problem where the parts do not fit each other or the data, and for a
    method that has learned already.

    >>> from scratchlab import data, methods, models, protocols
    >>> digits = data.SklearnDigits().read()
    >>> method = methods.Prototypes(models.Conv4(digits.form, channels=4), training={"epochs": 1})
    >>> result = run(method, digits, protocols.ClosedSet(), progress=False)
    >>> result.kind, list(result.heads), round(result.heads["features.linear"].headline.value, 2)
    ('closed_set', ['cosine', 'trained', 'features.linear'], 0.95)
    """
    check_samples(data)
    if not isinstance(cast(object, method), Incremental):
        raise Problem(
            f"run takes a method around an encoder, as in scratchlab.methods.Prototypes(encoder); this is {type(method).__name__}."
        )
    trainer, frontend = method.components.trainer, method.embedder.frontend
    if data.form != frontend.input_form:
        name, same = type(frontend).__name__, type(data.form) is type(frontend.input_form)
        advice = f"build {name}({data.form})" if same else "give the method another encoder and front-end"
        raise Problem(f"The data are {data.form}, but the front-end {name} was built for {frontend.input_form}; {advice}.")
    if len(method.classes):
        raise Problem(f"This {type(method).__name__} has learned already; a run begins with a new one.")
    trainer.seed, threads = seed, torch.get_num_threads()
    try:
        with ProgressBar(Console(stderr=True, quiet=not progress)) as bar:
            trainer.settings.configure_process()
            trainer.observers = [bar]
            trainer.plan(method.groups, method.rates, method.phases)
            plan = protocol.plan(data)
            given = given_labels(noise, data, plan.split, seed) if noise else None
            samples = given.apply(data) if given else data
            view = plan.split.view(samples)
            trainer.sampler.fits(view.train.labels, samples.classes)
            method.learn(view)
            result = EVALUATIONS[protocol.kind](plan, method, samples, bar)
            found = warnings(result, bar.records)
            for warning in found:
                bar.console.print(Text(f"Warning: {warning}", "bold yellow"))
            return replace(result, warnings=found)
    finally:
        torch.set_num_threads(threads)


def perform(recipe: Recipe, run: Run, console: Console) -> None:
    """Trains and evaluates a recipe, resuming from the run's checkpoint if there is one, and writes all results into the run's folder.

    Ctrl-C and SIGTERM stop it: between two steps while it trains, at once otherwise. Raises KeyboardInterrupt then.
    """
    is_main = parallel.rank() == 0
    quiet = Console(quiet=True)
    with terminable(), run.writing() if is_main else contextlib.nullcontext(), ProgressBar(console if is_main else quiet) as bar:
        pipeline = assemble(recipe, run)
        pipeline.trainer.settings.configure_process()
        pipeline.trainer.observers = [Records(run), bar] if is_main else []
        pipeline.trainer.probes = {**pipeline.probes} if is_main else {}
        if pipeline.ledger:
            pipeline.ledger.run, pipeline.trainer.ledger = run, pipeline.ledger
        resumes = run.load_checkpoint() is not None
        if not resumes:
            initialise(pipeline, recipe)

        samples = pipeline.source.read()
        plan = pipeline.protocol.plan(samples)
        given = given_labels(pipeline.noise, samples, plan.split, recipe.seed) if pipeline.noise else None
        if given is not None:
            samples = given.apply(samples)
        view = plan.split.view(samples)
        _check_unchanged(run, view, is_main, resumes)
        if given is not None and is_main:
            run.save_table("noise", given.table())
        pipeline.trainer.sampler.fits(view.train.labels, samples.classes)
        _load_all(samples, plan.rows, bar)
        pipeline.method.learn(view)
        if pipeline.ledger and is_main:
            pipeline.ledger.close()
        result = EVALUATIONS[pipeline.protocol.kind](plan, pipeline.method, samples, bar)
        if is_main:
            if given is not None:
                result = _with_noise(_with_last_epoch(result, recipe, run, samples, plan, bar), recipe, given, run)
            _save_results(run, pipeline, samples, plan, result)


def _check_unchanged(run: Run, view: TrainingView, is_main: bool, resumes: bool) -> None:
    """Raises Problem if a resumed run would continue with other rows or labels than it began with; a new run records them."""
    digest = hashlib.sha256()
    for part in (view.train, view.valid):
        digest.update(json.dumps([part.ids.tolist(), part.labels.tolist()]).encode())
    known = run.json("rows")
    if not resumes:
        if is_main:
            run.save_json("rows", {"sha256": digest.hexdigest(), "training": len(view.train), "validation": len(view.valid)})
    elif known is not None and known["sha256"] != digest.hexdigest():
        raise Problem(
            f"The training and validation rows, or the labels given to them, are not those that {run.folder} began with: it had "
            f"{known['training']} and {known['validation']} rows, now there are {len(view.train)} and {len(view.valid)}. Resuming would "
            f"mix two trainings; restore the data, or begin anew with `scratchlab run {run.folder / 'recipe.toml'} --again`."
        )


def _load_all(samples: Samples, rows: Rows, bar: ProgressBar) -> None:
    """Loads all inputs of the plan once, so that damaged files are reported before training and decoded inputs are cached."""
    for positions in bar.over(list(in_order(len(rows), READ_BATCH)), "reading the inputs"):
        samples.load(rows[positions])


@dataclass(frozen=True)
class _LastEpoch:
    """A run's checkpoint without the weights selected by validation, so that a trainer that resumes from it has those of the last epoch."""

    run: Run

    def load_checkpoint(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Arrays and facts of the checkpoint, or None."""
        if (checkpoint := self.run.load_checkpoint()) is None:
            return None
        arrays, facts = checkpoint
        return {name: array for name, array in arrays.items() if not name.startswith("best/")}, facts

    def save_checkpoint(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        """Does nothing: training is finished."""


def _with_last_epoch(result: Result, recipe: Recipe, run: Run, samples: Samples, plan: Plan, bar: ProgressBar) -> Result:
    """The result with additional heads `last.NAME` that use the weights of the last epoch, if validation selected the epoch.

    Under label noise the two may differ much, so that either alone would be misleading.
    """
    pipeline = assemble(recipe, store := _LastEpoch(run))
    if pipeline.trainer.settings.select == "last" or not len(plan.split.valid) or store.load_checkpoint() is None:
        return result
    pipeline.method.learn(plan.split.view(samples))
    last = EVALUATIONS[pipeline.protocol.kind](plan, pipeline.method, samples, bar)
    note = "Heads last.NAME use the weights of the last epoch, the others those of the epoch selected by validation on given labels."
    headline = f"{result.headline}; with the weights of the last epoch {last.head.headline}"
    return replace(
        result.with_heads_of(last, "last", [head for head in last.heads if not head.startswith(BASELINES)]),
        headline=headline,
        notes=(*result.notes, note),
    )


def _with_noise(result: Result, recipe: Recipe, given: GivenLabels, run: Run) -> Result:
    """The result with facts on label noise: what it changed, and how well the ledger separates correct from wrong labels."""
    facts = {"settings": recipe.values["noise"], **given.facts()}
    if (run.folder / "ledger.parquet").exists():
        facts["ledger"] = ledger.facts(run.table("ledger"), given.table())
    return replace(result, facts={**result.facts, "noise": facts})


def _save_results(run: Run, pipeline: Pipeline, samples: Samples, plan: Plan, result: Result) -> None:
    """Saves embeddings, weights, probes and the result; then marks the run as finished and deletes its checkpoint.

    The weights are those after the plan's `later` splits, with the references of all classes, so that the run can answer for new inputs.
    """
    method, queries = pipeline.method, Inputs(plan.queries, samples.load)
    run.save_arrays("embeddings", {"vectors": method.vectors(queries).cpu().numpy()}, {"ids": samples.ids[plan.queries].tolist()})
    whole = method.branch()
    for split in plan.later:
        whole.learn(split.view(samples))
    run.save_arrays("weights", {name: tensor.cpu().numpy() for name, tensor in whole.tensors().items()})
    for name, probe in pipeline.probes.items():
        last = probe.read_queries(queries, samples.labels[plan.queries])
        run.save_table(name, table([row for record in run.records() for row in record[name]] + last))
    run.save_result(replace(result, facts={**result.facts, "chosen": method.facts()}, warnings=warnings(result, run.records())))
    run.update_status("finished", state="finished")
    run.drop_arrays("checkpoint")
