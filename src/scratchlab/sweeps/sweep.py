"""A sweep: the runs of a plan, made where they are missing, and the table of what came of them.

Its runs lie where `scratchlab run` puts them, under the same names: one that is there already is not made again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from scratchlab.store.run import Run
from scratchlab.sweeps.axes import shown
from scratchlab.sweeps.curves import OF_EPOCH, Curve, curves, kernel
from scratchlab.sweeps.folder import Folder
from scratchlab.sweeps.plan import Plan
from scratchlab.sweeps.work import OVER, Order, State, state


class Sweep:
    """The runs of a plan in a folder of runs."""

    def __init__(self, plan: Plan, runs: Path) -> None:
        self.plan = plan
        self.folder = Folder(runs / "sweeps" / f"{plan.name}-{plan.key}")
        self.orders = [Order(job.recipe, plan.title, runs) for job in plan.jobs]
        self._numbers: dict[Path, dict[str, Any]] = {}  # of runs that are over, whose folders are read once

    def states(self) -> list[State]:
        """Of each run, in the plan's order."""
        return [state(order) for order in self.orders]

    def missing(self) -> list[Order]:
        """What is to be made: also what failed, for reasons of its surroundings, and what another process seems to be making."""
        return [order for order, found in zip(self.orders, self.states(), strict=True) if found not in OVER]

    def table(self) -> pl.DataFrame:
        """A row a run: the axes, the seed, the state, the run's name, and its numbers, empty where it has none."""
        rows: list[dict[str, Any]] = []
        for job, order, found in zip(self.plan.jobs, self.orders, self.states(), strict=True):
            known = {name: shown(value) for name, value in job.cell.items()}
            known |= {"seed": str(job.recipe.seed), "state": found, "run": order.run.folder.name}
            if found in OVER and order.run.folder not in self._numbers:
                self._numbers[order.run.folder] = numbers(order.run)
            rows.append(known | self._numbers.get(order.run.folder, {}))
        columns = [*self.plan.axes, "seed", "state", "run"]
        columns += [name for name in dict.fromkeys(name for row in rows for name in row) if name not in columns]
        return pl.DataFrame({name: [row.get(name) for row in rows] for name in columns}, strict=False)

    def curves(self) -> list[dict[str, Curve]]:
        """Of each run, in the plan's order; nothing of one that is not there."""
        return [curves(order.run) if order.run.there else {} for order in self.orders]

    def write(self) -> None:
        """Writes the table into the sweep's folder."""
        self.folder.write(self.table(), self.plan.title, self.plan.together)


def numbers(run: Run) -> dict[str, Any]:
    """What a run came to: the epoch whose weights were kept (the last one where it diverged), and what each head answered in the end.

    `test.HEAD` is joint accuracy on the base session's queries, `last.HEAD` that of the last session where there are several.
    """
    records, summary = run.records(), run.json("summary")
    found: dict[str, Any] = {}
    if records:
        chosen = [record for record in records if record.get("kept")] if summary else records
        last = (chosen or records)[-1]
        found |= {"epoch": last["epoch"] + 1} | {called: last[name] for name, called in OF_EPOCH.items() if name in last}
    for head, told in summary["heads"].items() if summary else ():
        sessions = told["sessions"]
        found[f"test.{head}"] = sessions[0]["accuracy"]["value"]
        if len(sessions) > 1:
            found[f"last.{head}"] = sessions[-1]["accuracy"]["value"]
    return found | kernels(run)


def kernels(run: Run) -> dict[str, float | None]:
    """Where layers were read: `cka.SET.LAYER`, debiased CKA with the labels in the last reading, and of the queries."""
    if not (run.folder / "kernels.parquet").is_file():
        return {}
    rows = run.table("kernels").filter(pl.col("kind") == "target")
    last = rows.filter((pl.col("epoch") == pl.col("epoch").max()) | pl.col("epoch").is_null())
    return {kernel(row): row["debiased"] for row in last.iter_rows(named=True)}
