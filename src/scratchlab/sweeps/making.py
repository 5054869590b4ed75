"""The runs of a study: a recipe under several settings, or a plan; missing runs are executed on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console

from scratchlab import recipe as recipes
from scratchlab import shelf
from scratchlab.checks import Problem
from scratchlab.pipeline import SECTIONS, Pipeline, check, reopened
from scratchlab.recipe import Recipe
from scratchlab.report.study import options
from scratchlab.report.sweep import page
from scratchlab.store.run import Run
from scratchlab.sweeps.engines.local import Local
from scratchlab.sweeps.plan import read_plan
from scratchlab.sweeps.progress import complete, finished_runs
from scratchlab.sweeps.sweep import Sweep
from scratchlab.sweeps.work import Job


def of_recipe(doc: str | None, recipe: str) -> argparse.ArgumentParser:
    """The command line of a study that varies a recipe."""
    parser = _add_run_options(options(doc))
    parser.add_argument("--recipe", default=recipe, help="the baseline recipe, whose data and training all runs share")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--folds", nargs="+", default=[""], help="settings under each of which every seed is run, as in protocol.test=['theo']"
    )
    return parser


def of_plan(doc: str | None, plan: str) -> argparse.ArgumentParser:
    """The command line of a study of a sweep."""
    parser = _add_run_options(options(doc))
    parser.add_argument("--plan", default=plan, help="a plan that varies the same settings: its name or file")
    parser.add_argument("--repeated", type=int, help="number of seeds, in place of the plan's")
    return parser


def _add_run_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs; existing runs are not repeated")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time, one thread each")
    return parser


def shared(given: argparse.Namespace) -> list[str]:
    """The settings of the command line, which apply to all runs."""
    return [*([f"data.root={given.root}"] if given.root else []), *given.settings]


def resolved(name: str, settings: Iterable[str]) -> Recipe:
    """The recipe of this name or path with these settings, as after `-s`, and every other setting filled in."""
    path = shelf.find(name)
    return recipes.resolve(recipes.overridden(shelf.read(path), list(settings)), SECTIONS, path.stem)


def runs_of(given: argparse.Namespace, rows: Mapping[str, Iterable[str]]) -> dict[str, list[Run]]:
    """The runs of every row of a table under each seed and fold; the row's settings come first, then those of the command line.

    All recipes are checked before the first run begins. Raises Problem for a run that failed or diverged.
    """
    repetitions = [[f"seed={seed}", *([fold] if fold else [])] for seed in given.seeds for fold in given.folds]
    needed = [resolved(given.recipe, [*own, *shared(given), *repetition]) for own in rows.values() for repetition in repetitions]
    for recipe in needed:
        check(recipe)
    runs = iter(finished_runs([Job(recipe, "", given.runs) for recipe in needed], Local(given.workers), Console()))
    return {row: [next(runs) for _ in repetitions] for row in rows}


def run_sweep(given: argparse.Namespace) -> Sweep:
    """The sweep of a plan, after its missing runs are executed and its table and page written; a diverged run counts as a result.

    Raises Problem with the error message of a run that failed.
    """
    sweep = Sweep(read_plan(shelf.find_plan(given.plan), shared(given), given.repeated), given.runs)
    for failed in complete(sweep, Local(given.workers), Console()):
        raise Problem(f"{failed.job.run.folder} is {failed.state}: {failed.message}")
    page.write(sweep.view_with_curves(), sweep.folder.path / "sweep.html")
    return sweep


def trained_pipeline(run: Run) -> Pipeline:
    """The pipeline of a finished run, with its trained embedder."""
    return reopened(run.resolved(SECTIONS), run)
