"""A whole comparison: everything the table and the page tell, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from scratchlab.analysis import maps, sides
from scratchlab.analysis.changes import ClassChange, Confusions, Flip, class_changes, confusions, flips
from scratchlab.analysis.contests import Contest, Joined, contests, joined
from scratchlab.analysis.sides import Inputs, Side
from scratchlab.recipe import Sections, Values


@dataclass(frozen=True)
class Maps:
    """Maps of the same queries' embeddings, one a run; `why` tells what is left out, or why there is none."""

    drawn: tuple[maps.Map, ...]
    ids: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Comparison:
    """A and B on the queries both were asked.

    arrivals: the session in which each class was learned, in order of arrival. flips: those A won and those B won, the foremost of each;
    `flipped` counts all. settings: name, A's value, B's value; a value the other's parts do not have is None.
    """

    a: Side
    b: Side
    found: Joined
    arrivals: dict[str, int]
    sessions: dict[int, list[Contest]]
    classes: list[ClassChange]
    confusions: Confusions
    flips: tuple[list[Flip], list[Flip]]
    flipped: tuple[int, int]
    inputs: Inputs
    maps: Maps
    settings: list[tuple[str, Any, Any]]

    @property
    def same_run(self) -> bool:
        """Two heads of one run."""
        return self.a.run.folder.resolve() == self.b.run.folder.resolve()

    @property
    def last(self) -> list[Contest]:
        """Of the last session."""
        return self.sessions[self.found.last]


def compare(a: Side, b: Side, sections: Sections, samples: int) -> Comparison:
    """Everything about A and B, with `samples` flipped queries each way. Raises Problem where they cannot be compared."""
    sides.refuse(a, b)
    found = joined(a.answers(), b.answers(), paired=sides.same_shots(a, b))
    arrivals = a.arrivals()
    classes = tuple(arrivals)
    base = tuple(name for name, session in arrivals.items() if session == 0)
    won_a, won_b, flipped = flips(found, samples)
    shown = [flip.id for flip in (*won_a, *won_b)]
    return Comparison(
        a,
        b,
        found,
        arrivals,
        contests(found, base),
        class_changes(found, classes),
        confusions(found, classes),
        (won_a, won_b),
        flipped,
        sides.inputs((a, b), shown, sections) if shown else Inputs(None, {}),
        _maps(a, b, found),
        differing(a.recipe, b.recipe),
    )


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Settings by their full names: `augment.noise.snr`. A part without settings is still there; a section without parts is not."""
    if not isinstance(value, dict):
        return {name: value}
    if not value and "." in name:
        return {name: ""}
    table = cast(Values, value)
    return {key: one for inner, below in table.items() for key, one in flat(below, f"{name}.{inner}" if name else inner).items()}


def differing(a: Values, b: Values) -> list[tuple[str, Any, Any]]:
    """The settings of two recipes that are not the same: name, A's, B's."""
    one, other = flat(a), flat(b)
    names = dict.fromkeys([*one, *other])
    return [(name, one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)]


def _maps(a: Side, b: Side, found: Joined) -> Maps:
    """Of the base session's common queries; one map for two heads of one run, which answer from one embedding."""
    kept = [side.vectors() for side in ((a,) if a.run.folder.resolve() == b.run.folder.resolve() else (a, b))]
    if any(one is None for one in kept):
        return Maps((), why="There is no map, because a run kept no embeddings.")
    rows = [{name: row for row, name in enumerate(ids)} for _, ids in (one for one in kept if one is not None)]
    base = found.session(0)
    truth = dict(zip(base["id"].to_list(), base["truth"].to_list(), strict=True))
    ids = [name for name in truth if all(name in places for places in rows)]
    why = ""
    if len(ids) < maps.FEWEST:
        return Maps((), why=f"There is no map, because {len(ids)} common queries of the base are too few for one.")
    if len(ids) > maps.MOST:
        why = f"{maps.MOST} of the {len(ids)} common queries, drawn at random, stand for all."
        ids = [ids[i] for i in np.sort(np.random.default_rng(0).choice(len(ids), maps.MOST, replace=False))]
    labels = [truth[name] for name in ids]
    _, kinds = np.unique(np.array(labels), return_inverse=True)
    drawn: list[maps.Map] = []
    for places, one in zip(rows, (one for one in kept if one is not None), strict=True):
        chosen: Sequence[int] = [places[name] for name in ids]
        drawn.append(maps.drawn(one[0][chosen], kinds, drawn[0] if drawn else None))
    return Maps(tuple(drawn), tuple(ids), tuple(labels), why)
