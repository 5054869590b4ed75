"""A complete comparison: everything that terminal and page show, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchlab.analysis import maps
from scratchlab.analysis.changes import ClassChange, ConfusionChange, Flip, class_changes, confusion_change, flips
from scratchlab.analysis.compared import DECISIVE, PLACES, ComparedRun, check_comparable, same_draws
from scratchlab.analysis.media import Media, media
from scratchlab.analysis.paired import Context, PairedTest, PairedUnits, pair_units, paired_tests
from scratchlab.recipe import Sections, changes


@dataclass(frozen=True)
class Maps:
    """Maps of the embeddings of the same queries, one per run. why: which queries are left out, or why there is no map."""

    drawn: tuple[maps.Map, ...]
    ids: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Comparison:
    """A and B on the units that both were evaluated on.

    classes: name -> part. tests: by context, in order. flips: selected units on which A, and on which B, was better; `flipped`: their total
    numbers. settings: path -> (A's value, B's value) of settings that differ, None if a run lacks it.
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
        """True if A and B are two heads of the same run."""
        return self.a.run.folder.resolve() == self.b.run.folder.resolve()

    @property
    def headline(self) -> list[PairedTest]:
        """The paired tests in the context of the headline metric."""
        return next(tests for context, tests in self.tests if context == self.units.headline)

    @property
    def graded(self) -> bool:
        """True if units have values in [0, 1] (such as average precision), False if they are 0 or 1 (right or wrong)."""
        return any(not self.units.rows[name].is_in([0.0, 1.0]).all() for name in ("value_a", "value_b"))

    @property
    def differing(self) -> list[str]:
        """Paths of settings that determine the test data (data, protocol, seed) and differ between A and B."""
        return [
            name
            for name in self.settings
            if name == "seed" or (name.partition(".")[0] in DECISIVE and name.partition(".")[2] not in PLACES)
        ]


def compare(a: ComparedRun, b: ComparedRun, sections: Sections, samples: int) -> Comparison:
    """Compares A and B, with up to `samples` flipped units in each direction. Raises Problem if they cannot be compared."""
    check_comparable(a, b)
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
        media((a, b), shown, sections) if shown and _are_samples(units) else Media(None, {}),
        _maps(a, b, units),
        changes(a.recipe, b.recipe),
    )


def _are_samples(units: PairedUnits) -> bool:
    """True if each unit is a single sample, which can be displayed."""
    return "truth" in units.rows.columns


def _maps(a: ComparedRun, b: ComparedRun, units: PairedUnits) -> Maps:
    """Maps of the common queries of the first context; a single map for two heads of one run, which share the embedding."""
    embeddings = [side.vectors() for side in ((a,) if a.run.folder.resolve() == b.run.folder.resolve() else (a, b))]
    if any(each is None for each in embeddings):
        return Maps((), why="There is no map, because a run stored no embeddings.")
    if not _are_samples(units):
        return Maps((), why=f"There is no map, because each {units.layout.unit} involves several samples.")
    rows = [{name: row for row, name in enumerate(ids)} for _, ids in (each for each in embeddings if each is not None)]
    first = units.at(units.contexts[0])
    truth = dict(zip(first["id"].to_list(), first["truth"].to_list(), strict=True))
    ids = [name for name in truth if all(name in places for places in rows)]
    why = ""
    if len(ids) < maps.FEWEST:
        return Maps((), why=f"There is no map, because {len(ids)} common queries are too few for a map.")
    if len(ids) > maps.MOST:
        why = f"{maps.MOST} of the {len(ids)} common queries are shown, chosen at random."
        ids = [ids[i] for i in np.sort(np.random.default_rng(0).choice(len(ids), maps.MOST, replace=False))]
    labels = [truth[name] for name in ids]
    _, kinds = np.unique(np.array(labels), return_inverse=True)
    drawn: list[maps.Map] = []
    for places, stored in zip(rows, (each for each in embeddings if each is not None), strict=True):
        chosen: Sequence[int] = [places[name] for name in ids]
        drawn.append(maps.tsne_map(stored[0][chosen], kinds, drawn[0] if drawn else None))
    return Maps(tuple(drawn), tuple(ids), tuple(labels), why)
