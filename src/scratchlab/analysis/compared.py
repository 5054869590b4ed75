"""What is compared: a run and one of its heads; and what two must share to be compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.checks import Problem, listing, nearest
from scratchlab.recipe import Values
from scratchlab.result import Head, Result
from scratchlab.store.run import Run

DECISIVE = ("data", "protocol")  # the sections that, with the seed, decide what is asked and drawn
PLACES = {"root", "csv", "folder", "draws"}  # settings of these sections that change neither: where the files lie, how often is drawn


@dataclass(frozen=True)
class ComparedRun:
    """One head of a finished run."""

    run: Run
    name: str
    result: Result
    recipe: Values

    @property
    def head(self) -> Head:
        """The head's metrics."""
        return self.result.heads[self.name]

    @property
    def title(self) -> str:
        """The run's name, and the head's where it is not the leading one."""
        return self.run.folder.name if self.name == self.result.leading else f"{self.run.folder.name}:{self.name}"

    def units(self) -> pl.LazyFrame:
        """This head's units of evidence."""
        return self.result.units.filter(pl.col("head") == self.name)

    def vectors(self) -> tuple[npt.NDArray[np.float32], list[str]] | None:
        """The vectors `[n, d]` of queries and their ids; None where the run kept none."""
        kept = self.run.load_arrays("embeddings")
        return None if kept is None or "vectors" not in kept[0] else (kept[0]["vectors"], kept[1]["ids"])


def compared_run(runs: Path, word: str) -> ComparedRun:
    """What `RUN` or `RUN:HEAD` names; without a head, the run's leading one.

    Raises Problem for a run that is not there or not finished, and for a head it does not have.
    """
    named = word if Run(Path(word)).there else word.partition(":")[0]
    wanted = word[len(named) + 1 :]
    run = Run.find(runs, named)
    result = run.result()
    if result is None or run.state() != "finished":
        raise Problem(
            f"{run.folder} is {run.state()}, and only finished runs can be compared; `scratchlab resume {run.folder.name}` goes on with it."
        )
    heads = list(result.heads)
    if wanted and wanted not in heads:
        raise Problem(f"{run.folder.name} has no head '{wanted}'; its heads are: {listing(heads, 40)}.{nearest(wanted, heads)}")
    return ComparedRun(run, wanted or result.leading, result, run.recipe())


def refuse(a: ComparedRun, b: ComparedRun) -> None:
    """Raises Problem where the two cannot be compared: the same twice, another kind of evaluation, other classes."""
    if a.run.folder.resolve() == b.run.folder.resolve() and a.name == b.name:
        heads = [f"{a.run.folder.name}:{head}" for head in a.result.heads]
        advice = f"name two of its heads ({listing(heads)}) or another run" if len(heads) > 1 else "name another run"
        raise Problem(f"Both sides are the {a.name} head of {a.run.folder.name}; {advice}.")
    if a.result.kind != b.result.kind:
        raise Problem(f"A was evaluated as {a.result.kind} and B as {b.result.kind}: runs of different protocols cannot be compared.")
    one, other = a.result.classes, b.result.classes
    for here, there, where in ((one, other, "A"), (other, one, "B")):
        missing = [name for name in here if name not in there]
        if missing:
            raise Problem(f"Only {where} knows {listing(missing, 5)}: runs on other classes cannot be compared.")
    moved = [name for name, part in one.items() if other[name] != part]
    if moved:
        raise Problem(
            f"'{moved[0]}' belongs to {one[moved[0]]} in A and to {other[moved[0]]} in B ({len(moved)} of {len(one)} classes differ): "
            "such runs cannot be compared."
        )


def same_draws(a: ComparedRun, b: ComparedRun) -> bool:
    """Whether both drew the same in the draw of the same number: the same data, protocol and seed."""

    def decisive(recipe: Values) -> list[Any]:
        tables = [{key: value for key, value in recipe[name].items() if key not in PLACES} for name in DECISIVE]
        return [recipe["seed"], *tables]

    return decisive(a.recipe) == decisive(b.recipe)
