"""The runs that a study needs: of a recipe under several settings, or of a plan; made where they are missing, on this machine."""

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
from scratchlab.sweeps.plan import planned
from scratchlab.sweeps.progress import completed, finished
from scratchlab.sweeps.sweep import Sweep
from scratchlab.sweeps.work import Order


def of_recipe(doc: str | None, recipe: str) -> argparse.ArgumentParser:
    """The command line of a study that varies a recipe."""
    parser = _making(options(doc))
    parser.add_argument("--recipe", default=recipe, help="the plain baseline, whose data and training all runs share")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--folds", nargs="+", default=[""], help="settings each seed is repeated under, as in protocol.test=['theo']")
    return parser


def of_plan(doc: str | None, plan: str) -> argparse.ArgumentParser:
    """The command line of a study of a sweep."""
    parser = _making(options(doc))
    parser.add_argument("--plan", default=plan, help="a plan of the same settings; its name or file")
    parser.add_argument("--repeated", type=int, help="how many seeds, rather than those of the plan")
    return parser


def _making(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs; those that are there are not made again")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time, one thread each")
    return parser


def shared(given: argparse.Namespace) -> list[str]:
    """The settings that the command line gives to all runs."""
    return [*([f"data.root={given.root}"] if given.root else []), *given.settings]


def resolved(name: str, settings: Iterable[str]) -> Recipe:
    """The recipe of this name or path under these settings, as after `-s`, with every setting filled in."""
    path = shelf.find(name)
    return recipes.resolve(recipes.overridden(shelf.read(path), list(settings)), SECTIONS, path.stem)


def runs_of(given: argparse.Namespace, rows: Mapping[str, Iterable[str]]) -> dict[str, list[Run]]:
    """The runs of every row of a table, its settings followed by those of the command line, under each seed and fold.

    Every recipe is checked before the first run begins. Raises Problem for a run that failed or diverged.
    """
    repeated = [[f"seed={seed}", *([fold] if fold else [])] for seed in given.seeds for fold in given.folds]
    needed = [resolved(given.recipe, [*own, *shared(given), *one]) for own in rows.values() for one in repeated]
    for one in needed:
        check(one)
    runs = iter(finished([Order(one, "", given.runs) for one in needed], Local(given.workers), Console()))
    return {row: [next(runs) for _ in repeated] for row in rows}


def swept(given: argparse.Namespace) -> Sweep:
    """The sweep of a plan, with its runs made where missing, and its table and page written; a run that diverged is a result.

    Raises Problem with the last words of a run that failed.
    """
    sweep = Sweep(planned(shelf.find_plan(given.plan), shared(given), given.repeated), given.runs)
    for failed in completed(sweep, Local(given.workers), Console()):
        raise Problem(f"{failed.order.run.folder} is {failed.state}: {failed.words}")
    page.write(sweep.drawn(), sweep.folder.path / "sweep.html")
    return sweep


def trained(run: Run) -> Pipeline:
    """The parts of a finished run, with the embedder as it was learned."""
    return reopened(recipes.resolve(run.recipe(), SECTIONS, run.status["recipe"]), run)
