"""What is compared: a run and one of its heads, read from the run's folder; and the refusals that need no answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.analysis.summary import arrivals
from scratchlab.checks import Problem, listing, nearest
from scratchlab.recipe import One, Sections, Values, resolve
from scratchlab.store.run import Run
from scratchlab.types import Batch, Floats, Image, Samples, Waveform, rows

SHOTS = ("data", "protocol")  # the sections that, with the seed, decide who is asked and which shots are drawn
PLACES = {"root", "csv", "folder", "draws"}  # settings of these sections that move no shot: where the files lie, how often is drawn


@dataclass(frozen=True)
class Side:
    """One head of a finished run."""

    run: Run
    head: str
    summary: Values
    recipe: Values

    @property
    def name(self) -> str:
        """The run's, and the head's where it is not the leading one."""
        return self.run.folder.name if self.head == self.summary["head"] else f"{self.run.folder.name}:{self.head}"

    def answers(self) -> pl.LazyFrame:
        """This head's rows of predictions.parquet."""
        return self.run.scan("predictions").filter(pl.col("head") == self.head)

    def arrivals(self) -> dict[str, int]:
        """The session in which each class was learned, by name, in the order of the summary."""
        return arrivals(self.summary["classes"], self.summary["heads"][self.head]["sessions"])

    def vectors(self) -> tuple[npt.NDArray[np.float32], list[str]] | None:
        """The vectors `[n, d]` of the base session's queries and their ids; None where the run kept none."""
        kept = self.run.load_arrays("embeddings")
        return None if kept is None or "vectors" not in kept[0] else (kept[0]["vectors"], kept[1]["ids"])


def side(runs: Path, word: str) -> Side:
    """The side that `RUN` or `RUN:HEAD` names; without a head, the one the run's summary leads with.

    Raises Problem for a run that is not there or not finished, and for a head it does not have.
    """
    named = word if Run(Path(word)).there else word.partition(":")[0]
    wanted = word[len(named) + 1 :]
    run = Run.find(runs, named)
    summary = run.json("summary")
    if summary is None or run.state() != "finished":
        raise Problem(
            f"{run.folder} is {run.state()}, and only finished runs can be compared; `scratchlab resume {run.folder.name}` goes on with it."
        )
    heads = list(summary["heads"])
    if wanted and wanted not in heads:
        raise Problem(f"{run.folder.name} has no head '{wanted}'; its heads are: {listing(heads, 40)}.{nearest(wanted, heads)}")
    return Side(run, wanted or summary["head"], summary, run.recipe())


def refuse(a: Side, b: Side) -> None:
    """Raises Problem where the two cannot be compared: the same twice, other classes, other sessions."""
    if a.run.folder.resolve() == b.run.folder.resolve() and a.head == b.head:
        heads = [f"{a.run.folder.name}:{head}" for head in a.summary["heads"]]
        advice = f"name two of its heads ({listing(heads)}) or another run" if len(heads) > 1 else "name another run"
        raise Problem(f"Both sides are the {a.head} head of {a.run.folder.name}; {advice}.")
    one, other = a.arrivals(), b.arrivals()
    for here, there, where in ((one, other, "A"), (other, one, "B")):
        missing = [name for name in here if name not in there]
        if missing:
            raise Problem(f"Only {where} knows {listing(missing, 5)}: runs on other classes cannot be compared.")
    moved = [name for name, session in one.items() if other[name] != session]
    if moved:
        raise Problem(
            f"'{moved[0]}' was learned in session {one[moved[0]]} of A and {other[moved[0]]} of B ({len(moved)} of {len(one)} classes "
            "differ): runs with other sessions cannot be compared."
        )


def same_shots(a: Side, b: Side) -> bool:
    """Whether both learned from the same shots in the draw of the same number: the same data, protocol and seed."""

    def decisive(recipe: Values) -> list[Any]:
        tables = [{key: value for key, value in recipe[name].items() if key not in PLACES} for name in SHOTS]
        return [recipe["seed"], *tables]

    return decisive(a.recipe) == decisive(b.recipe)


@dataclass(frozen=True)
class Inputs:
    """What was heard or seen, by id, at the source's own form; `missing` says why it is not, or not all of it, there."""

    form: Waveform | Image | None
    values: dict[str, Floats]
    missing: str = ""


def inputs(sides: tuple[Side, Side], ids: Iterable[str], sections: Sections) -> Inputs:
    """Loads the inputs of these ids through the recipe of either run. Data that are gone are told in `missing`, never raised."""
    wanted, problem = list(dict.fromkeys(ids)), ""
    for one in sides:
        try:
            return _loaded(_source(one, sections), wanted)
        except Problem as told:
            problem = problem or str(told)
    return Inputs(None, {}, f"The queries cannot be shown, because their data could not be read again: {problem}")


def _source(one: Side, sections: Sections) -> Samples:
    """The samples of a run, by its own recipe; of the other sections nothing is needed."""
    own: Sections = {"data": sections["data"]}
    assert isinstance(own["data"], One)
    recipe = resolve({"data": one.recipe["data"], "seed": one.recipe["seed"]}, own, one.run.folder.name)
    return recipe.build("data", own).read()


def _loaded(samples: Samples, wanted: list[str]) -> Inputs:
    place = {name: row for row, name in enumerate(samples.ids.tolist())}
    there = [name for name in wanted if name in place]
    if not there:
        return Inputs(samples.form, {}, "The queries cannot be shown, because the data no longer hold them." if wanted else "")
    batch: Batch = samples.load(rows([place[name] for name in there]))
    values = {name: batch.values[i, ..., : int(batch.lengths[i])] for i, name in enumerate(there)}  # without the padding
    gone = len(wanted) - len(there)
    return Inputs(samples.form, values, f"The data no longer hold {gone} of these queries." if gone else "")
