"""Many runs for one table: each is made once, some at a time, and found again when the study is started again."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from scratchlab import recipe as recipes
from scratchlab import shelf
from scratchlab.experiment import SECTIONS, check
from scratchlab.recipe import Recipe
from scratchlab.store.run import Run


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

    def run(self, runs: Path) -> Run:
        """Where it is, or will be."""
        resolved = self.resolved()
        return Run(runs / f"{resolved.name}-{resolved.key}")

    def done(self, runs: Path) -> bool:
        """Whether it is there and finished."""
        there = self.run(runs)
        return (there.folder / "status.json").is_file() and there.state() == "finished"

    def words(self, runs: Path) -> list[str]:
        """The command that makes it, or goes on with it after a kill."""
        there = self.run(runs).folder
        if (there / "status.json").is_file():
            return ["resume", str(there)]
        return ["run", self.recipe, *(word for setting in self.settings for word in ("-s", setting))]


def finished(jobs: Iterable[Job], runs: Path, workers: int) -> list[Run]:
    """The runs of these jobs, in their order; those that are not there yet are made, `workers` at a time, one thread each.

    Every recipe is checked before the first begins. Exits with the last words of a run that failed.
    """
    jobs = list(jobs)
    for job in jobs:
        check(job.resolved())
    places = {job.run(runs).folder: job for job in jobs}  # two jobs may be one run in other words
    missing = [job for job in places.values() if not job.done(runs)]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar, ThreadPoolExecutor(workers) as pool:
        task = bar.add_task("runs", total=len(missing))
        for future in as_completed([pool.submit(_make, job, runs) for job in missing]):
            if (words := future.result()) is not None:
                pool.shutdown(cancel_futures=True)
                sys.exit(words)
            bar.advance(task)
    return [job.run(runs) for job in jobs]


def _make(job: Job, runs: Path) -> str | None:
    """Makes a run in a process of its own; what it said last if it failed."""
    command = [sys.executable, "-m", "scratchlab", *job.words(runs), "--runs", str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
