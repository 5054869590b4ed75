"""Many runs for one table: each is made once, some at a time, and found again when the study is started again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from scratchlab import recipe as recipes
from scratchlab import shelf
from scratchlab.experiment import SECTIONS, check
from scratchlab.recipe import Recipe
from scratchlab.report.sweep import page
from scratchlab.store.run import Run
from scratchlab.sweeps.engines.local import Local
from scratchlab.sweeps.plan import planned
from scratchlab.sweeps.progress import completed, followed
from scratchlab.sweeps.sweep import Sweep
from scratchlab.sweeps.work import OVER, Order, state


def common(asked: argparse.Namespace) -> tuple[str, ...]:
    """The settings that every run of the study has."""
    return (*([f"data.root={asked.root}"] if asked.root else []), *asked.settings)


def trainings(asked: argparse.Namespace) -> list[tuple[str, ...]]:
    """The settings of each repetition: every seed under every fold, the folds of a seed next to each other."""
    return [(f"seed={seed}", *([fold] if fold else [])) for seed in asked.seeds for fold in asked.folds]


def swept(asked: argparse.Namespace) -> Sweep:
    """A sweep whose runs are all there: those that are missing are made first, `asked.workers` at a time; its table and page are written.

    What diverged is a result. Exits with the last words of a run that failed.
    """
    sweep = Sweep(planned(shelf.find_plan(asked.plan), common(asked), asked.repeated), asked.runs)
    failed = completed(sweep, Local(asked.workers), Console())
    if failed:
        sys.exit(f"{failed[0].order.run.folder} is {failed[0].state}: {failed[0].words}")
    page.write(sweep.drawn(), sweep.folder.path / "sweep.html")
    return sweep


@dataclass(frozen=True)
class Job:
    """One run of a study: a recipe by name or path, and settings as after `-s`."""

    recipe: str
    settings: tuple[str, ...]

    def resolved(self) -> Recipe:
        """With every setting filled in; raises Problem for what does not fit."""
        path = shelf.find(self.recipe)
        return recipes.resolve(recipes.overridden(shelf.read(path), list(self.settings)), SECTIONS, path.stem)

    def order(self, runs: Path) -> Order:
        """What an engine is asked for."""
        return Order(self.resolved(), "", runs)


def finished(jobs: Iterable[Job], runs: Path, workers: int) -> list[Run]:
    """The runs of these jobs, in their order; those that are not there yet are made, `workers` at a time, one thread each.

    Every recipe is checked before the first begins. Exits with the last words of a run that failed or diverged.
    """
    orders = [job.order(runs) for job in jobs]
    for order in orders:
        check(order.recipe)
    missing = {order.run.folder: order for order in orders if state(order) not in OVER}  # two jobs may be one run in other words
    words = {one.order.run.folder: one.words for one in followed(missing.values(), Local(workers), Console(), total=len(missing))}
    for order in orders:
        if (found := state(order)) != "finished":
            sys.exit(f"{order.run.folder} is {found}: {words.get(order.run.folder) or order.run.status['where']}")
    return [order.run for order in orders]
