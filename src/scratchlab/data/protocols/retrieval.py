"""Retrieval of identities that training never saw: probes, ranked against a gallery (re-identification).

Source of the rules: Zheng et al. (2015), "Scalable Person Re-identification: A Benchmark", ICCV, section 3. A class is an identity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem, counted, listing
from scratchlab.data.protocols.orders import named_classes
from scratchlab.data.protocols.pools import Pools, Share, pools, share_of_each_class
from scratchlab.types import Plan, Rows, Samples, Split
from scratchlab.types import rows as as_rows

SameCamera = Literal["ignore", "keep", "none"]
Ties = Literal["gallery_order", "optimistic", "pessimistic"]
CUT, VALID, PROBES = range(1, 4)  # a generator for each purpose


@dataclass(frozen=True)
class RetrievalPlan(Plan):
    """The queries of `split` are the probes; gallery: the rows they are ranked against, whose labels no method is given either.

    cameras: `[n]` over all samples, codes; None where no camera is known. junk: labels whose gallery rows are ignored for every probe.
    notes: what is disjoint and what is not.
    """

    gallery: Rows
    cameras: Rows | None
    same_camera: SameCamera
    ties: Ties
    junk: Rows
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        for name, rows in (("training", self.split.train), ("validation", self.split.valid), ("the probes", self.split.query)):
            if shared := len(np.intersect1d(self.gallery, rows)):
                raise Problem(f"{counted(shared, 'row')} stand in both the gallery and {name}.")

    @property
    def rows(self) -> Rows:
        """Every row that is needed, each once."""
        return np.union1d(super().rows, self.gallery)


class Retrieval:
    """Trains on some identities; of every other one some rows are probes, and the rest is the gallery.

    The publisher's test rows are the test side, as long as `test` is a share; its other rows train. Rules that a camera decides need the
    column of groups that holds the cameras.
    """

    kind = "retrieval"

    def __init__(
        self,
        seed: int = 0,
        *,
        test: Annotated[
            Share | list[str],
            Field(description="test identities: a share, or names; where `disjoint` names columns, a share or names of the first of them"),
        ] = 0.5,
        valid: Annotated[Share, Field(description="validation rows: a share of the rows of each training identity; 0 for none")] = 0.15,
        disjoint: Annotated[
            list[str], Field(description="columns of groups that training and test may not share, beside identities, as in ['alphabet']")
        ] = [],
        probes: Annotated[
            Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)],
            Field(description="probes of each test identity: a number of rows, or a share of them"),
        ] = 2,
        draw: Annotated[
            Literal["first", "seed"], Field(description="which rows: the first in the order of ids, or drawn by the seed")
        ] = "first",
        camera: Annotated[str, Field(description="the column of groups that holds cameras; empty: no camera is known")] = "",
        same_camera: Annotated[
            SameCamera,
            Field(description="gallery rows with the probe's identity and camera: ignored, or kept as matches; none: no camera is known"),
        ] = "none",
        junk: Annotated[
            list[str], Field(description="identities whose gallery rows are ignored for every probe, as detections of nobody")
        ] = [],
        distractors: Annotated[
            list[str], Field(description="identities that neither train nor have probes; their gallery rows are wrong answers")
        ] = [],
        ties: Annotated[
            Ties,
            Field(description="equal similarities: in the order of the gallery, matches first (optimistic) or matches last (pessimistic)"),
        ] = "gallery_order",
        unmatched: Annotated[
            Literal["refuse", "count"],
            Field(description="probes whose identity the gallery lacks: refused, or left out of means and counted"),
        ] = "refuse",
    ) -> None:
        if same_camera != "none" and not camera:
            raise Problem(
                f"protocol.same_camera = '{same_camera}' needs protocol.camera, the column of groups that holds the cameras; where none is "
                "known, say protocol.same_camera = 'none'."
            )
        if camera and same_camera == "none":
            raise Problem(
                f"protocol.camera = '{camera}' is given, but protocol.same_camera = 'none' says that no camera is known; say 'ignore' or "
                "'keep'."
            )
        if both := set(junk) & set(distractors):
            raise Problem(
                f"protocol.junk and protocol.distractors both name {listing(sorted(both), 3)}; junk is ignored, distractors count."
            )
        self.seed, self.test, self.valid, self.disjoint, self.probes, self.draw = seed, test, valid, disjoint, probes, draw
        self.camera, self.junk, self.distractors, self.unmatched = camera, junk, distractors, unmatched
        self.same_camera: SameCamera = same_camera
        self.ties: Ties = ties

    def plan(self, samples: Samples) -> RetrievalPlan:
        """Training rows, probes and gallery. Raises Problem where the data do not suffice, naming the identity that the gallery lacks."""
        names = np.array(samples.classes)[samples.labels]
        junk = named_classes(samples, self.junk, "protocol.junk")
        others = np.concatenate([junk, named_classes(samples, self.distractors, "protocol.distractors")])
        cut = self._cut(samples)
        train, test = (rows[~np.isin(samples.labels[rows], others)] for rows in (cut.train, cut.query))
        for name, rows in (("training", train), ("test", test)):
            if not len(rows):
                raise Problem(f"The split leaves no {name} rows but junk and distractors; change protocol.test.")
        valid = (
            share_of_each_class(samples.labels, train, self.valid, np.random.default_rng([self.seed, VALID])) if self.valid else as_rows()
        )
        probes = np.sort(np.concatenate([self._probes(samples, test, int(label)) for label in np.unique(samples.labels[test])]))
        train = np.setdiff1d(train, valid)
        split = Split(train, valid, as_rows(), probes, np.unique(samples.labels[train]))
        cameras = None
        if self.camera:
            _, cameras = np.unique(samples.grouped([self.camera], "protocol.camera"), return_inverse=True)
        gallery, notes = np.setdiff1d(cut.query, probes), self._notes(samples, train, test, cut.query)
        if np.isin(samples.labels[gallery], junk).all():
            raise Problem("All test rows are probes or junk, so that the gallery is empty; lower protocol.probes.")
        return RetrievalPlan(split, names, "identity", gallery, cameras, self.same_camera, self.ties, junk, notes)

    def _cut(self, samples: Samples) -> Pools:
        """Training and test rows, disjoint in identities and in the columns of `disjoint`."""
        samples.grouped(self.disjoint)  # raises Problem for a column that is not there
        identities = np.array(samples.classes)[samples.labels]
        splits = np.where(samples.splits == "valid", "train", samples.splits)
        whole = replace(samples, splits=splits, groups={**samples.groups, "": identities})
        groups, what = whole.grouped([*self.disjoint, ""]), next(iter(self.disjoint), "identity")
        return pools(whole, groups, self.test, 0.0, np.random.default_rng([self.seed, CUT]), what=what)

    def _probes(self, samples: Samples, test: Rows, label: int) -> Rows:
        """The rows of an identity that are probes."""
        own = test[samples.labels[test] == label]
        own = own[np.argsort(samples.ids[own], kind="stable")]
        if self.draw == "seed":
            own = np.random.default_rng([self.seed, PROBES, label]).permutation(own)
        number = self.probes if isinstance(self.probes, int) else max(1, round(self.probes * len(own)))
        if number >= len(own) and self.unmatched == "refuse":
            raise Problem(
                f"Identity '{samples.classes[label]}' has {counted(len(own), 'test row')}, all of which are probes "
                f"(protocol.probes = {self.probes}), so that the gallery has none of it; lower protocol.probes, name the identity in "
                "protocol.distractors, or say protocol.unmatched = 'count'."
            )
        return own[:number]

    def _notes(self, samples: Samples, train: Rows, test: Rows, gallery: Rows) -> tuple[str, ...]:
        """What training and test share, and which identities of the gallery have no probe."""
        count = [len(np.unique(samples.labels[rows])) for rows in (train, test)]
        notes = [f"Training has {count[0]} identities and test {count[1]}; they share none."]
        for column, values in samples.groups.items():
            shared = np.intersect1d(values[train], values[gallery])
            notes.append(
                f"{counted(len(shared), 'value')} of '{column}' stand in both training and test."
                if len(shared)
                else f"No '{column}' stands in both training and test."
            )
        for what, identities in (("Junk", self.junk), ("Distractors", self.distractors)):
            if identities:
                number = int(np.isin(np.array(samples.classes)[samples.labels[gallery]], identities).sum())
                notes.append(f"{what} ({listing(identities, 5)}): {counted(number, 'gallery row')}.")
        return tuple(notes)
