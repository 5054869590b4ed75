"""Many runs for one table: each is made once, some at a time, and found again when the study is started again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from scratchlab import recipe as recipes
from scratchlab import shelf
from scratchlab.experiment import SECTIONS, check
from scratchlab.recipe import Recipe
from scratchlab.store.run import Run
from scratchlab.sweeps.engines.local import Local
from scratchlab.sweeps.work import Order, state


def common(asked: argparse.Namespace) -> tuple[str, ...]:
    """The settings that every run of the study has."""
    return (*([f"data.root={asked.root}"] if asked.root else []), *asked.settings)


def trainings(asked: argparse.Namespace) -> list[tuple[str, ...]]:
    """The settings of each repetition: every seed under every fold, the folds of a seed next to each other."""
    return [(f"seed={seed}", *([fold] if fold else [])) for seed in asked.seeds for fold in asked.folds]


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
    missing = {order.run.folder: order for order in orders if state(order) != "finished"}  # two jobs may be one run in other words
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("runs", total=len(missing))
        for ending in Local(workers).made(list(missing.values())):
            if ending.state != "finished":
                sys.exit(f"{ending.order.run.folder}: {ending.state}: {ending.words}")
            bar.advance(task)
    return [order.run for order in orders]
