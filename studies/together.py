"""Many runs for one table: each is made once, two at a time, and found again when the study is started again."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from scratchlab import recipe as recipes
from scratchlab import shelf
from scratchlab.checks import Problem
from scratchlab.experiment import SECTIONS, check
from scratchlab.metrics.crossed import over_crossed
from scratchlab.metrics.estimate import Estimate
from scratchlab.recipe import Recipe
from scratchlab.store.run import Run


def parser(doc: str | None, recipe: str) -> argparse.ArgumentParser:
    """What every study may be asked."""
    found = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    found.add_argument("--recipe", default=recipe, help="the plain baseline, whose data and training all runs share")
    found.add_argument("--root", default="", help="folder of the data: data.root of the recipe")
    found.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    found.add_argument("--folds", nargs="+", default=[""], help="settings each seed is repeated under, as in protocol.test=['theo']")
    found.add_argument("--set", "-s", action="append", default=[], dest="settings", help="section.setting=value for every run")
    found.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs; those that are there are not made again")
    found.add_argument("--workers", type=int, default=2, help="runs at a time, one thread each")
    found.add_argument("--page", type=Path, help="a Markdown file: the tables between its two marks are replaced")
    return found


def common(asked: argparse.Namespace) -> tuple[str, ...]:
    """The settings that every run of the study has."""
    return (*([f"data.root={asked.root}"] if asked.root else []), *asked.settings)


def trainings(asked: argparse.Namespace) -> list[tuple[str, ...]]:
    """The settings of each repetition: every seed under every fold."""
    return [(f"seed={seed}", *([fold] if fold else [])) for seed in asked.seeds for fold in asked.folds]


def leave(text: str, page: Path | None) -> None:
    """Prints the tables, and puts them between the page's two marks; a page that is not there yet is made of nothing else."""
    sys.stdout.write(text)
    if page is None:
        return
    there = page.read_text(encoding="utf-8") if page.exists() else f"# {page.stem}\n\n<!-- table -->\n<!-- end of table -->\n"
    before, begin, rest = there.partition("<!-- table -->\n")
    _, end, after = rest.partition("<!-- end of table -->")
    if not begin or not end:
        raise Problem(f"{page} has no lines '<!-- table -->' and '<!-- end of table -->' to write between.")
    page.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}", encoding="utf-8")


def spoken(main: Callable[[], None]) -> None:
    """Does the study; what does not fit is one sentence, as on the command line."""
    try:
        main()
    except Problem as problem:
        sys.exit(f"scratchlab: {problem}")


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


@dataclass(frozen=True)
class Counts:
    """Answers of several trainings, `[trainings, draws, groups]`: how many were right, and how many were asked."""

    right: npt.NDArray[np.float64]
    asked: npt.NDArray[np.float64]

    def share(self) -> Estimate:
        """Accuracy."""
        return over_crossed(self.right, self.asked, ("trainings", "draws", "groups of queries"))

    def gain_over(self, other: Counts) -> Estimate:
        """Accuracy less that of another on the same trainings, draws and queries."""
        return over_crossed(self.right - other.right, self.asked, ("trainings", "draws", "groups of queries"))


def counted(runs: list[Run], head: str, which: str) -> Counts:
    """What a head of several runs (one a training) answered in the last session; `which`: "all", "base" or "new" classes; "session 0"."""
    rights: list[npt.NDArray[np.float64]] = []
    askeds: list[npt.NDArray[np.float64]] = []
    for run in runs:
        summary = run.json("summary")
        base = summary["classes"][: summary["base_classes"]]
        rows = (
            run.table("predictions")
            .filter(pl.col("head") == head)
            .with_columns(pl.col("truth").cast(pl.String).is_in(base).alias("of_base"))
        )
        session = 0 if which == "session 0" else rows["session"].max()
        rows = rows.filter(pl.col("session") == session)
        rows = rows.filter(pl.col("of_base")) if which == "base" else rows.filter(~pl.col("of_base")) if which == "new" else rows
        counts = (
            rows.group_by("draw", "group")
            .agg((pl.col("truth") == pl.col("predicted")).sum().cast(pl.Float64).alias("right"), pl.len().cast(pl.Float64).alias("asked"))
            .sort("draw", "group")
        )
        draws, groups = counts["draw"].n_unique(), counts["group"].n_unique()
        rights.append(counts["right"].to_numpy().reshape(draws, groups))
        askeds.append(counts["asked"].to_numpy().reshape(draws, groups))
    return Counts(np.stack(rights), np.stack(askeds))


def percent(estimate: Estimate) -> str:
    """`72.1 [70.5, 73.7]`, in per cent or points."""
    if estimate.value is None:
        return estimate.how
    if estimate.low is None or estimate.high is None:
        return f"{100 * estimate.value:.1f}"
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def points(estimate: Estimate) -> str:
    """A difference in points, with its sign."""
    text = percent(estimate)
    return text if estimate.value is None or estimate.value < 0 else f"+{text}"


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
