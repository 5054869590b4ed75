"""A sweep: the runs of a plan, made where they are missing, and the table of what came of them.

Its runs lie where `scratchlab run` puts them, under the same names: one that is there already is not made again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from scratchlab.checks import Problem, listing
from scratchlab.report.sweep.cells import Swept
from scratchlab.store.run import Run
from scratchlab.sweeps.axes import Cell, shown
from scratchlab.sweeps.curves import OF_EPOCH, Curve, curves, kernel
from scratchlab.sweeps.folder import Folder
from scratchlab.sweeps.plan import Job, Plan
from scratchlab.sweeps.search import GOAL
from scratchlab.sweeps.trials import Trials
from scratchlab.sweeps.work import OVER, Order, State, state


class Sweep:
    """The runs of a plan in a folder of runs; of a search, as far as it has come. `note`: why, kept with each run that is made."""

    def __init__(self, plan: Plan, runs: Path, note: str = "") -> None:
        self.plan, self.runs, self.note = plan, runs, note
        self.folder = Folder(runs / "sweeps" / f"{plan.name}-{plan.key}")
        self.jobs: list[Job] = []
        self.orders: list[Order] = []
        self._numbers: dict[Path, dict[str, Any]] = {}  # of runs that are over, whose folders are read once
        self.trials = Trials(plan.search, self._orders_of, self._value_of) if plan.search else None
        if self.trials:
            self.trials.advance()
        else:
            self._add(plan.jobs)

    @property
    def total(self) -> int:
        """How many runs there are to be."""
        return len(self.plan.jobs) * (self.plan.search.trials if self.plan.search else 1)

    def _add(self, jobs: Iterable[Job]) -> list[Order]:
        """Takes them in, each once; their orders."""
        orders = [Order(job.recipe, self.plan.title, self.runs, self.note, job.changed) for job in jobs]
        there = {order.run.folder for order in self.orders}
        new = [(job, order) for job, order in zip(jobs, orders, strict=True) if order.run.folder not in there]
        self.jobs += [job for job, _ in new]
        self.orders += [order for _, order in new]
        return orders

    def _orders_of(self, cell: Cell) -> list[Order]:
        return self._add(self.plan.jobs_of(cell))

    def _value_of(self, orders: list[Order]) -> float | None:
        """The mean of the goal over the seeds of a trial; None where one of them has none. Raises Problem where it is no column at all."""
        goal = self.plan.search.goal if self.plan.search else ""
        found = [self._figures(order) for order in orders if state(order) == "finished"]
        for figures in found:
            if goal not in figures:
                told = listing(name for name in figures if GOAL.fullmatch(name))
                raise Problem(f"tpe.goal = '{goal}' is nothing that these runs tell; they tell {told}.")
        values = [figures[goal] for figures in found]
        return sum(values) / len(values) if len(values) == len(orders) and None not in values else None

    def coming(self) -> Iterable[Order]:
        """What is to be made: also what failed, for reasons of its surroundings, and what another process seems to be making."""
        return self.trials or self.missing()

    def states(self) -> list[State]:
        """Of each run, in the plan's order."""
        return [state(order) for order in self.orders]

    def missing(self) -> list[Order]:
        """What is not over."""
        return [order for order, found in zip(self.orders, self.states(), strict=True) if found not in OVER]

    def table(self) -> pl.DataFrame:
        """A row a run: the axes, the seed, the state, the run's name, and its numbers, empty where it has none."""
        rows: list[dict[str, Any]] = []
        for job, order, found in zip(self.jobs, self.orders, self.states(), strict=True):
            known = {name: shown(value) for name, value in job.cell.items()}
            known |= {"seed": str(job.recipe.seed), "state": found, "run": order.run.folder.name}
            rows.append(known | (self._figures(order) if found in OVER else {}))
        columns = [*self.plan.axes, "seed", "state", "run"]
        columns += [name for name in dict.fromkeys(name for row in rows for name in row) if name not in columns]
        return pl.DataFrame({name: [row.get(name) for row in rows] for name in columns}, strict=False)

    def _figures(self, order: Order) -> dict[str, Any]:
        """Of a run that is over."""
        if order.run.folder not in self._numbers:
            self._numbers[order.run.folder] = numbers(order.run)
        return self._numbers[order.run.folder]

    def curves(self) -> list[dict[str, Curve]]:
        """Of each run, in the plan's order; nothing of one that is not there."""
        return [curves(order.run) if order.run.there else {} for order in self.orders]

    def shown(self) -> Swept:
        """What a terminal needs to know of it."""
        goal = self.plan.search.goal if self.plan.search else ""
        return Swept(self.folder.path.name, self.plan.title, self.plan.together, self.table(), goal=goal)

    def drawn(self) -> Swept:
        """What its page needs: the curves as well."""
        return replace(self.shown(), curves=self.curves())

    def write(self) -> None:
        """Writes the table into the sweep's folder; of a search also the trials, as Optuna reads them."""
        self.folder.write(self.table(), self.plan.title, self.plan.together)
        if self.trials:
            self.trials.search.save(self.trials.known(), self.folder.path / "optuna.log")


def numbers(run: Run) -> dict[str, Any]:
    """What a finished run came to: the epoch whose weights were kept, its figures, and the metrics of each head.

    `test.HEAD` is the head's headline metric, `METRIC.HEAD` any other. Of one that diverged, nothing but the last epoch that it came
    through.
    """
    records, result = run.records(), run.result()
    if not result:
        return {"epoch": records[-1]["epoch"] + 1} if records else {}
    found: dict[str, Any] = {}
    if kept := [record for record in records if record["kept"]]:
        found |= {"epoch": kept[-1]["epoch"] + 1} | {called: kept[-1][name] for name, called in OF_EPOCH.items() if name in kept[-1]}
    for name, head in result.heads.items():
        headline, *others = head.metrics.items()
        found[f"test.{name}"] = headline[1].value
        found |= {f"{metric}.{name}": one.value for metric, one in others}
    return found | kernels(run, found.get("epoch"))


def kernels(run: Run, kept: int | None) -> dict[str, float | None]:
    """Where layers were read: `cka.SET.LAYER`, debiased CKA with the labels by the weights that were kept; None if none were read then."""
    if not (run.folder / "kernels.parquet").is_file():
        return {}
    rows = run.table("kernels").filter(pl.col("kind") == "target")
    found: dict[str, float | None] = {kernel(row): None for row in rows.iter_rows(named=True)}
    then = rows.filter((pl.col("epoch") == kept) | pl.col("epoch").is_null())  # those of queries, read in the end, have no epoch
    return found | {kernel(row): row["debiased"] for row in then.iter_rows(named=True)}
