"""A sweep: the runs of a plan, those that are missing, and the table of their results.

Its runs have the folders and names that `scratchlab run` gives them; a run that exists already is not repeated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from scratchlab.checks import Problem, listing
from scratchlab.report.sweep.cells import SweepView
from scratchlab.store.run import Run
from scratchlab.sweeps.axes import Cell, format_value
from scratchlab.sweeps.curves import EPOCH_COLUMNS, Curve, cka_column, curves
from scratchlab.sweeps.folder import Folder
from scratchlab.sweeps.plan import Plan, PlannedRun
from scratchlab.sweeps.search import GOAL
from scratchlab.sweeps.trials import Trials
from scratchlab.sweeps.work import OVER, Job, State, state


class Sweep:
    """The runs of a plan in a folder of runs; of a search, those drawn so far. `note`: why, stored with each new run."""

    def __init__(self, plan: Plan, runs: Path, note: str = "") -> None:
        self.plan, self.runs, self.note = plan, runs, note
        self.folder = Folder(runs / "sweeps" / f"{plan.name}-{plan.key}")
        self.planned: list[PlannedRun] = []
        self.jobs: list[Job] = []
        self._columns: dict[Path, dict[str, Any]] = {}  # results of runs that are over, read once
        self.trials = Trials(plan.search, self._jobs_of, self._value_of) if plan.search else None
        if self.trials:
            self.trials.advance()
        else:
            self._add(plan.runs)

    @property
    def total(self) -> int:
        """Number of runs that the plan has in all."""
        return len(self.plan.runs) * (self.plan.search.trials if self.plan.search else 1)

    def _add(self, planned: Iterable[PlannedRun]) -> list[Job]:
        """Adds the runs that are not in the sweep yet; returns the jobs of all of them."""
        jobs = [Job(run.recipe, self.plan.title, self.runs, self.note, run.changed) for run in planned]
        present = {job.run.folder for job in self.jobs}
        new = [(run, job) for run, job in zip(planned, jobs, strict=True) if job.run.folder not in present]
        self.planned += [run for run, _ in new]
        self.jobs += [job for _, job in new]
        return jobs

    def _jobs_of(self, cell: Cell) -> list[Job]:
        return self._add(self.plan.runs_of(cell))

    def _value_of(self, jobs: list[Job]) -> float | None:
        """The mean of the goal over the seeds of a trial; None if a seed lacks it. Raises Problem if the goal is not a column."""
        goal = self.plan.search.goal if self.plan.search else ""
        finished = [self._results(job) for job in jobs if state(job) == "finished"]
        for columns in finished:
            if goal not in columns:
                valid = listing(name for name in columns if GOAL.fullmatch(name))
                raise Problem(f"tpe.goal = '{goal}' is not a column of these runs; valid goals are {valid}.")
        values = [columns[goal] for columns in finished]
        return sum(values) / len(values) if len(values) == len(jobs) and None not in values else None

    def pending(self) -> Iterable[Job]:
        """The jobs to execute, among them failed runs, and runs that another process seems to be executing."""
        return self.trials or self.missing()

    def states(self) -> list[State]:
        """The state of each run, in the plan's order."""
        return [state(job) for job in self.jobs]

    def missing(self) -> list[Job]:
        """The jobs that have neither finished nor diverged."""
        return [job for job, current in zip(self.jobs, self.states(), strict=True) if current not in OVER]

    def table(self) -> pl.DataFrame:
        """One row per run: the axes, the seed, the state, the run's name, and its results, null where it has none."""
        rows: list[dict[str, Any]] = []
        for run, job, current in zip(self.planned, self.jobs, self.states(), strict=True):
            row = {name: format_value(value) for name, value in run.cell.items()}
            row |= {"seed": str(run.recipe.seed), "state": current, "run": job.run.folder.name}
            rows.append(row | (self._results(job) if current in OVER else {}))
        columns = [*self.plan.axes, "seed", "state", "run"]
        columns += [name for name in dict.fromkeys(name for row in rows for name in row) if name not in columns]
        return pl.DataFrame({name: [row.get(name) for row in rows] for name in columns}, strict=False)

    def _results(self, job: Job) -> dict[str, Any]:
        """The result columns of a run that is over."""
        if job.run.folder not in self._columns:
            self._columns[job.run.folder] = result_columns(job.run)
        return self._columns[job.run.folder]

    def curves(self) -> list[dict[str, Curve]]:
        """The curves of each run, in the plan's order; empty for a run that does not exist."""
        return [curves(job.run) if job.run.exists else {} for job in self.jobs]

    def view(self) -> SweepView:
        """The data that the terminal shows."""
        goal = self.plan.search.goal if self.plan.search else ""
        return SweepView(self.folder.path.name, self.plan.title, self.plan.together, self.table(), goal=goal)

    def view_with_curves(self) -> SweepView:
        """The data that the page shows: curves and links to the runs as well."""
        return replace(self.view(), curves=self.curves(), links=[self._link(job.run) for job in self.jobs])

    def _link(self, run: Run) -> str:
        """The path from the sweep's folder to the run's page, or to its folder if it has no page."""
        return f"../../{run.folder.name}/{'report.html' if (run.folder / 'report.html').is_file() else ''}"

    def write(self) -> None:
        """Writes the table into the sweep's folder and, for a search, its trials as an Optuna journal."""
        self.folder.write(self.table(), self.plan.title, self.plan.together)
        if self.trials:
            self.trials.search.save(self.trials.known(), self.folder.path / "optuna.log")


def result_columns(run: Run) -> dict[str, Any]:
    """The result columns of a run: the epoch whose weights were kept, its losses and accuracies, and the metrics of each head.

    `test.HEAD` is the head's headline metric, `METRIC.HEAD` any other. Of a run that diverged, only the last completed epoch.
    """
    records, result = run.records(), run.result()
    if not result:
        return {"epoch": records[-1]["epoch"] + 1} if records else {}
    columns: dict[str, Any] = {}
    if kept := [record for record in records if record["kept"]]:
        columns |= {"epoch": kept[-1]["epoch"] + 1} | {name: kept[-1][key] for key, name in EPOCH_COLUMNS.items() if key in kept[-1]}
    for name, head in result.heads.items():
        headline, *others = head.metrics.items()
        columns[f"test.{name}"] = headline[1].value
        columns |= {f"{metric}.{name}": estimate.value for metric, estimate in others}
    return columns | cka_columns(run, columns.get("epoch"))


def cka_columns(run: Run, kept: int | None) -> dict[str, float | None]:
    """`cka.SET.LAYER`: debiased CKA of a layer with the labels, in the epoch whose weights were kept; None if not measured in it.

    Empty if the run observed no layers.
    """
    if not (run.folder / "kernels.parquet").is_file():
        return {}
    rows = run.table("kernels").filter(pl.col("kind") == "target")
    columns: dict[str, float | None] = {cka_column(row): None for row in rows.iter_rows(named=True)}
    in_kept = rows.filter((pl.col("epoch") == kept) | pl.col("epoch").is_null())  # queries are measured after training, without an epoch
    return columns | {cka_column(row): row["debiased"] for row in in_kept.iter_rows(named=True)}
