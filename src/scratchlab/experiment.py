"""READ FIRST: a whole run on one page.

    source -> protocol -> (label noise) -> front-end -> encoder -> method -> evaluation -> run -> report

The method sees training rows with the labels given to them, reference labels and query inputs. True labels
of what label noise changed, and labels of queries, are used only by the evaluation, which the protocol names,
and to score the ledger.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console

from scratchlab.analysis import ledger
from scratchlab.data.batches import in_order
from scratchlab.data.noise.given import GivenLabels, given_labels
from scratchlab.evaluation.catalog import EVALUATIONS
from scratchlab.learn import parallel
from scratchlab.observe.kernels import table
from scratchlab.observe.progress import ProgressBar
from scratchlab.observe.records import Records
from scratchlab.pipeline import Pipeline, assemble, initialise
from scratchlab.recipe import Recipe
from scratchlab.result import Result
from scratchlab.store.run import Run
from scratchlab.types import Inputs, Plan, Rows, Samples

READING = 256  # inputs looked at together, before anything is trained


def perform(recipe: Recipe, run: Run, console: Console) -> None:
    """Trains and evaluates as the recipe says, resuming from the run's checkpoint if there is one; all results are left in its folder."""
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
            initialise(pipeline, recipe)

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
    run.update_status("finished", state="finished")
    run.drop_arrays("checkpoint")
