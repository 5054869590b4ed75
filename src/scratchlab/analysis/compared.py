"""A head of a run for a comparison, and the conditions under which two heads can be compared."""

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

DECISIVE = ("data", "protocol")  # the sections that, with the seed, determine test data and draws
PLACES = {"root", "csv", "folder", "draws"}  # settings of these sections that change neither: file paths and the number of draws


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
        """The run's name, followed by the head's unless it is the leading one."""
        return self.run.folder.name if self.name == self.result.leading else f"{self.run.folder.name}:{self.name}"

    def units(self) -> pl.LazyFrame:
        """This head's units of evidence."""
        return self.result.units.filter(pl.col("head") == self.name)

    def vectors(self) -> tuple[npt.NDArray[np.float32], list[str]] | None:
        """The embeddings `[n, d]` of the queries and their ids; None if the run stored none."""
        stored = self.run.load_arrays("embeddings")
        return None if stored is None or "vectors" not in stored[0] else (stored[0]["vectors"], stored[1]["ids"])


def compared_run(runs: Path, word: str) -> ComparedRun:
    """The head that `RUN` or `RUN:HEAD` names; without HEAD, the run's leading one.

    Raises Problem for a run that does not exist or is not finished, and for a head that it does not have.
    """
    name = word if Run(Path(word)).exists else word.partition(":")[0]
    head = word[len(name) + 1 :]
    run = Run.find(runs, name)
    result = run.result()
    if result is None or run.state() != "finished":
        raise Problem(
            f"{run.folder} is {run.state()}, and only finished runs can be compared; `scratchlab resume {run.folder.name}` completes it."
        )
    heads = list(result.heads)
    if head and head not in heads:
        raise Problem(f"{run.folder.name} has no head '{head}'; its heads are: {listing(heads, 40)}.{nearest(head, heads)}")
    return ComparedRun(run, head or result.leading, result, run.recipe())


def check_comparable(a: ComparedRun, b: ComparedRun) -> None:
    """Raises Problem if the two are the same head, or differ in the kind of evaluation or in their classes."""
    if a.run.folder.resolve() == b.run.folder.resolve() and a.name == b.name:
        heads = [f"{a.run.folder.name}:{head}" for head in a.result.heads]
        advice = f"name two of its heads ({listing(heads)}) or another run" if len(heads) > 1 else "name another run"
        raise Problem(f"A and B are both the {a.name} head of {a.run.folder.name}; {advice}.")
    if a.result.kind != b.result.kind:
        raise Problem(f"A was evaluated as {a.result.kind} and B as {b.result.kind}: runs of different protocols cannot be compared.")
    of_a, of_b = a.result.classes, b.result.classes
    for own, others, side in ((of_a, of_b, "A"), (of_b, of_a, "B")):
        missing = [name for name in own if name not in others]
        if missing:
            raise Problem(f"Only {side} has the classes {listing(missing, 5)}: runs with different classes cannot be compared.")
    moved = [name for name, part in of_a.items() if of_b[name] != part]
    if moved:
        raise Problem(
            f"'{moved[0]}' belongs to {of_a[moved[0]]} in A and to {of_b[moved[0]]} in B ({len(moved)} of {len(of_a)} classes differ): "
            "such runs cannot be compared."
        )


def same_draws(a: ComparedRun, b: ComparedRun) -> bool:
    """True if draws with equal numbers are the same draw, which they are if data, protocol and seed are equal."""

    def decisive(recipe: Values) -> list[Any]:
        tables = [{key: value for key, value in recipe[name].items() if key not in PLACES} for name in DECISIVE]
        return [recipe["seed"], *tables]

    return decisive(a.recipe) == decisive(b.recipe)
