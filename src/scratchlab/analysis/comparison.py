"""A whole comparison: everything that the table and the page show, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchlab.analysis import maps
from scratchlab.analysis.changes import ClassChange, ConfusionChange, Flip, class_changes, confusion_change, flips
from scratchlab.analysis.compared import DECISIVE, PLACES, ComparedRun, refuse, same_draws
from scratchlab.analysis.media import Media, media
from scratchlab.analysis.paired import Context, PairedTest, PairedUnits, pair_units, paired_tests
from scratchlab.recipe import Sections, changes


@dataclass(frozen=True)
class Maps:
    """Maps of the same queries' embeddings, one a run; `why` says what is left out, or why there is none."""

    drawn: tuple[maps.Map, ...]
    ids: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Comparison:
    """A and B on the units that both were given.

    classes: name and part of each. tests: by context, in order. flips: units of which A and of which B was better, the foremost of each;
    `flipped` counts all. settings: by path A's value and B's, None for one that its parts do not have.
    """

    a: ComparedRun
    b: ComparedRun
    units: PairedUnits
    classes: dict[str, str]
    tests: list[tuple[Context, list[PairedTest]]]
    changes: list[ClassChange]
    confusion: ConfusionChange | None
    flips: tuple[list[Flip], list[Flip]]
    flipped: tuple[int, int]
    media: Media
    maps: Maps
    settings: dict[str, tuple[Any, Any]]

    @property
    def same_run(self) -> bool:
        """Two heads of one run."""
        return self.a.run.folder.resolve() == self.b.run.folder.resolve()

    @property
    def headline(self) -> list[PairedTest]:
        """Paired tests in the context of the headline metric."""
        return next(tests for context, tests in self.tests if context == self.units.headline)

    @property
    def graded(self) -> bool:
        """Whether the values of units lie between 0 and 1, as an average precision does, rather than being right or wrong."""
        return any(not self.units.rows[name].is_in([0.0, 1.0]).all() for name in ("value_a", "value_b"))

    @property
    def differing(self) -> list[str]:
        """Paths of the settings that decide the test data (data, protocol, seed) and differ between A and B."""
        return [
            name
            for name in self.settings
            if name == "seed" or (name.partition(".")[0] in DECISIVE and name.partition(".")[2] not in PLACES)
        ]


def compare(a: ComparedRun, b: ComparedRun, sections: Sections, samples: int) -> Comparison:
    """Everything about A and B, with `samples` flipped units each way. Raises Problem where they cannot be compared."""
    refuse(a, b)
    contexts = [row.context for row in a.head.rows]
    units = pair_units(a.units(), b.units(), a.result.layout, contexts, paired=same_draws(a, b))
    better_a, better_b, flipped = flips(units, samples)
    shown = [flip.id for flip in (*better_a, *better_b)]
    classes = tuple(a.result.classes)
    return Comparison(
        a,
        b,
        units,
        a.result.classes,
        paired_tests(units),
        class_changes(units, classes),
        confusion_change(units, classes),
        (better_a, better_b),
        flipped,
        media((a, b), shown, sections) if shown and _samples(units) else Media(None, {}),
        _maps(a, b, units),
        changes(a.recipe, b.recipe),
    )


def _samples(units: PairedUnits) -> bool:
    """Whether a unit is one sample, which can be shown."""
    return "truth" in units.rows.columns


def _maps(a: ComparedRun, b: ComparedRun, units: PairedUnits) -> Maps:
    """Of the common queries of the first context; one map for two heads of one run, which answer from one embedding."""
    kept = [one.vectors() for one in ((a,) if a.run.folder.resolve() == b.run.folder.resolve() else (a, b))]
    if any(one is None for one in kept):
        return Maps((), why="There is no map, because a run kept no embeddings.")
    if not _samples(units):
        return Maps((), why=f"There is no map, because each {units.layout.unit} is about several samples.")
    rows = [{name: row for row, name in enumerate(ids)} for _, ids in (one for one in kept if one is not None)]
    first = units.at(units.contexts[0])
    truth = dict(zip(first["id"].to_list(), first["truth"].to_list(), strict=True))
    ids = [name for name in truth if all(name in places for places in rows)]
    why = ""
    if len(ids) < maps.FEWEST:
        return Maps((), why=f"There is no map, because {len(ids)} common queries are too few for one.")
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
