"""Retrieval (re-identification): probes of identities not seen in training are ranked against a gallery.

Source of the rules: Zheng et al. (2015), "Scalable Person Re-identification: A Benchmark", ICCV, section 3. A class is an identity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem, counted, listing
from scratchlab.data.protocols.orders import named_classes
from scratchlab.data.protocols.pools import Fraction, Pools, check_samples, fraction_of_each_class, pools
from scratchlab.metrics.ranking import SameCamera, Ties
from scratchlab.types import Plan, Rows, Samples, Split
from scratchlab.types import rows as as_rows

CUT, VALID, PROBES = range(1, 4)  # seeds of independent generators


@dataclass(frozen=True)
class RetrievalPlan(Plan):
    """The queries of `split` are the probes. gallery: the rows against which they are ranked; methods do not get their labels either.

    cameras: `[n]` over all samples, camera numbers; None where cameras are unknown. junk: labels whose gallery rows are ignored for every
    probe. notes: which identities and groups training and test share.
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
                raise Problem(f"The gallery and {name} have {counted(shared, 'row')} in common.")

    @property
    def rows(self) -> Rows:
        """All rows that the plan uses, each once."""
        return np.union1d(super().rows, self.gallery)


class Retrieval:
    """Trains on some identities; of each other identity, some rows are probes and the others are in the gallery.

    If the publisher has a split and `test` is a fraction, its test rows are used for testing and all others for training. Rules on
    cameras need the column of groups that contains the cameras. `plan` gives row numbers of training, probes `[q]` and gallery `[g]`.

    >>> from scratchlab.data.sources.sklearn_digits import SklearnDigits
    >>> plan = Retrieval(probes=2).plan(SklearnDigits().read())  # a class is an identity: five are for training, five for testing
    >>> plan.queries.shape, plan.gallery.shape
    ((10,), (888,))
    """

    kind = "retrieval"

    def __init__(
        self,
        seed: int = 0,
        *,
        test: Annotated[
            Fraction | list[str],
            Field(description="test identities: names, or a fraction; if `disjoint` names columns, groups of the first column instead"),
        ] = 0.5,
        valid: Annotated[Fraction, Field(description="validation rows: a fraction of the rows of each training identity; 0: none")] = 0.15,
        disjoint: Annotated[
            list[str], Field(description="columns of groups that training and test do not share, besides identities, as in ['alphabet']")
        ] = [],
        probes: Annotated[
            Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)],
            Field(description="probes of each test identity: a number of rows, or a fraction of its rows"),
        ] = 2,
        draw: Annotated[
            Literal["first", "seed"], Field(description="how probes are selected: first rows in the order of ids, or drawn with the seed")
        ] = "first",
        camera: Annotated[str, Field(description="column of groups that contains the cameras; empty: cameras are unknown")] = "",
        same_camera: Annotated[
            SameCamera,
            Field(description="gallery rows of the probe's identity and camera: ignore, or keep as matches; none: cameras are unknown"),
        ] = "none",
        junk: Annotated[
            list[str], Field(description="identities whose gallery rows are ignored for every probe, such as false detections")
        ] = [],
        distractors: Annotated[
            list[str], Field(description="identities without training rows and probes; their gallery rows count as wrong matches")
        ] = [],
        ties: Annotated[
            Ties,
            Field(description="ranking of equal similarities: gallery order, matches first (optimistic) or matches last (pessimistic)"),
        ] = "gallery_order",
        unmatched: Annotated[
            Literal["refuse", "count"],
            Field(description="probes without a row of their identity in the gallery: refuse, or count them and leave them out of means"),
        ] = "refuse",
    ) -> None:
        if same_camera != "none" and not camera:
            raise Problem(
                f"protocol.same_camera = '{same_camera}' needs protocol.camera, the column of groups that contains the cameras; if cameras "
                "are unknown, set protocol.same_camera = 'none'."
            )
        if camera and same_camera == "none":
            raise Problem(
                f"protocol.camera = '{camera}' is set, but protocol.same_camera = 'none' means that cameras are unknown; set it to "
                "'ignore' or 'keep'."
            )
        if both := set(junk) & set(distractors):
            raise Problem(
                f"protocol.junk and protocol.distractors both name {listing(sorted(both), 3)}; junk is ignored, distractors count as wrong "
                "matches: name each identity in one of them."
            )
        self.seed, self.test, self.valid, self.disjoint, self.probes, self.draw = seed, test, valid, disjoint, probes, draw
        self.camera, self.junk, self.distractors, self.unmatched = camera, junk, distractors, unmatched
        self.same_camera: SameCamera = same_camera
        self.ties: Ties = ties

    def plan(self, samples: Samples) -> RetrievalPlan:
        """Draws training rows, probes and gallery. Raises Problem where a part is empty or an identity has no row left for the gallery."""
        check_samples(samples)
        names = np.array(samples.classes)[samples.labels]
        junk = named_classes(samples, self.junk, "protocol.junk")
        excluded = np.concatenate([junk, named_classes(samples, self.distractors, "protocol.distractors")])
        cut = self._cut(samples)
        train, test = (rows[~np.isin(samples.labels[rows], excluded)] for rows in (cut.train, cut.query))
        for name, rows in (("training", train), ("test", test)):
            if not len(rows):
                raise Problem(f"The split leaves no {name} rows except junk and distractors; change protocol.test.")
        valid = as_rows()
        if self.valid:
            valid = fraction_of_each_class(samples.labels, train, self.valid, np.random.default_rng([self.seed, VALID]))
        probes = np.sort(np.concatenate([self._probes(samples, test, int(label)) for label in np.unique(samples.labels[test])]))
        train = np.setdiff1d(train, valid)
        split = Split(train, valid, as_rows(), probes, np.unique(samples.labels[train]))
        cameras = None
        if self.camera:
            _, cameras = np.unique(samples.grouped([self.camera], "protocol.camera"), return_inverse=True)
        gallery, notes = np.setdiff1d(cut.query, probes), self._notes(samples, np.concatenate([train, valid]), test, cut.query)
        if np.isin(samples.labels[gallery], junk).all():
            raise Problem("All test rows are probes or junk, so the gallery is empty; lower protocol.probes.")
        if cameras is not None and self.same_camera == "ignore" and self.unmatched == "refuse":
            self._check_other_cameras(samples, probes, gallery, cameras)
        return RetrievalPlan(split, names, "identity", gallery, cameras, self.same_camera, self.ties, junk, notes)

    def _cut(self, samples: Samples) -> Pools:
        """Training and test rows, disjoint in identities and in the columns that `disjoint` names."""
        samples.grouped(self.disjoint)  # raises Problem for a column that does not exist
        identities = np.array(samples.classes)[samples.labels]
        splits = np.where(samples.splits == "valid", "train", samples.splits)
        with_identities = replace(samples, splits=splits, groups={**samples.groups, "": identities})
        groups, what = with_identities.grouped([*self.disjoint, ""]), next(iter(self.disjoint), "identity")
        return pools(with_identities, groups, self.test, 0.0, np.random.default_rng([self.seed, CUT]), what=what)

    def _probes(self, samples: Samples, test: Rows, label: int) -> Rows:
        """Selects the probes among the test rows of an identity. Raises Problem where none is left for the gallery."""
        own = test[samples.labels[test] == label]
        own = own[np.argsort(samples.ids[own], kind="stable")]
        if self.draw == "seed":
            own = np.random.default_rng([self.seed, PROBES, label]).permutation(own)
        number = self.probes if isinstance(self.probes, int) else max(1, round(self.probes * len(own)))
        if number >= len(own) and self.unmatched == "refuse":
            raise Problem(
                f"Identity '{samples.classes[label]}' has {counted(len(own), 'test row')}, all of which are probes "
                f"(protocol.probes = {self.probes}), so none is left for the gallery; lower protocol.probes, name the identity in "
                "protocol.distractors, or set protocol.unmatched = 'count'."
            )
        return own[:number]

    def _check_other_cameras(self, samples: Samples, probes: Rows, gallery: Rows, cameras: Rows) -> None:
        """Raises Problem where every gallery row of a probe's identity is of the probe's camera, and so would be ignored."""
        several = int(cameras.max()) + 1
        pairs = samples.labels * several + cameras
        of_identity = np.bincount(samples.labels[gallery], minlength=int(samples.labels.max()) + 1)
        of_pair = np.bincount(pairs[gallery], minlength=int(pairs.max()) + 1)
        without = probes[of_identity[samples.labels[probes]] == of_pair[pairs[probes]]]
        if len(without):
            row = int(without[0])
            raise Problem(
                f"{len(without)} of {counted(len(probes), 'probe')} have no match left under protocol.same_camera = 'ignore': all gallery "
                f"rows of '{samples.classes[int(samples.labels[row])]}' have the {self.camera} of the probe '{samples.ids[row]}'. Set "
                "protocol.same_camera = 'keep' to count them, or protocol.unmatched = 'count' to leave such probes out of means."
            )

    def _notes(self, samples: Samples, train: Rows, test: Rows, gallery: Rows) -> tuple[str, ...]:
        """Sentences on what training and test share, and on the gallery rows of junk and distractors."""
        counts = [len(np.unique(samples.labels[rows])) for rows in (train, test)]
        notes = [f"Training has {counts[0]} identities and test {counts[1]}; they share none."]
        for column, values in samples.groups.items():
            shared = np.intersect1d(values[train], values[gallery])
            notes.append(
                f"Training and test share {counted(len(shared), 'value')} of '{column}'."
                if len(shared)
                else f"Training and test share no '{column}'."
            )
        for what, identities in (("Junk", self.junk), ("Distractors", self.distractors)):
            if identities:
                rows = np.flatnonzero(np.isin(np.array(samples.classes)[samples.labels], identities))
                unused = len(np.setdiff1d(rows, gallery))
                left_out = f"; {counted(unused, 'row')} in the training part of the split left out" if unused else ""
                notes.append(f"{what} ({listing(identities, 5)}): {counted(len(rows) - unused, 'gallery row')}{left_out}.")
        return tuple(notes)
