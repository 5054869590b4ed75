"""Re-identification metrics: CMC, average precision (AP) and inverse negative penalty (INP) of probes ranked against a gallery.

AP of a probe with matches at ranks r_1 < … < r_n: (1/n) Σ i / r_i. INP: n / r_n. CMC at k: the fraction of probes with r_1 ≤ k.
Sources: Zheng et al. (2015), "Scalable Person Re-identification: A Benchmark", ICCV, section 3 (mAP, the same-camera rule, junk and
distractors); Ye et al. (2021), "Deep Learning for Person Re-identification", TPAMI, arXiv 2001.04193, section 4.1 (INP).
Ranks are counted without sorting (`ranks.py`), a few probes at a time, so distances may be memory-mapped (`np.load(..., mmap_mode="r")`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, as_array, listing, nearest

Ints = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
Column = npt.ArrayLike | Sequence[Any]
SameCamera = Literal["ignore", "keep", "none"]
Ties = Literal["gallery_order", "optimistic", "pessimistic"]

PROBES_AT_ONCE = 256
TIE_RULES: dict[Ties, int] = {"optimistic": 0, "pessimistic": 1, "gallery_order": 2}  # as `ranks.tie_column` numbers them
DESCRIPTIONS = {
    "ignore": "same camera: gallery rows with the identity and the camera of the probe are ignored",
    "keep": "same camera: gallery rows with the identity and the camera of the probe count as matches",
    "none": "same camera: no rule, since cameras are unknown",
    "gallery_order": "ties: equal distances rank in the order of the gallery",
    "optimistic": "ties: matches rank before other rows at equal distance",
    "pessimistic": "ties: matches rank after other rows at equal distance",
}


@dataclass(frozen=True)
class Rules:
    """Rules of an evaluation. same_camera: how to treat gallery rows with the identity and the camera of the probe ("none": cameras are
    unknown). ties: the order of equal distances. junk: identities whose gallery rows are ignored for all probes, such as false detections.

    Gallery rows of identities without a probe (distractors) are kept: they are never matches.

    >>> print(Rules("keep", junk=("0",)))  # doctest: +ELLIPSIS
    same camera: gallery rows with the identity and the camera of the probe count as matches; junk: gallery rows of one identity are ...
    """

    same_camera: SameCamera
    ties: Ties = "gallery_order"
    junk: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        for name, value, valid in (("same_camera", self.same_camera, get_args(SameCamera)), ("ties", self.ties, get_args(Ties))):
            if value not in valid:
                raise Problem(f"{name} = {value!r} is not a rule; there are: {listing(valid)}.{nearest(str(value), valid)}")

    def named(self) -> dict[str, Any]:
        """The rules as a dict for JSON."""
        return {"same_camera": self.same_camera, "ties": self.ties, "junk": list(self.junk), "distractors": "wrong answers"}

    def __str__(self) -> str:
        count = "one identity" if len(self.junk) == 1 else f"{len(self.junk)} identities"
        junk = f"junk: gallery rows of {count} are ignored for every probe" if self.junk else "junk: no identity is ignored"
        distractors = "distractors: identities of the gallery without a probe are wrong answers"
        return "; ".join((DESCRIPTIONS[self.same_camera], junk, distractors, DESCRIPTIONS[self.ties]))


@dataclass(frozen=True)
class Retrieval:
    """Result of ranking `probes` probes against `gallery` rows (without junk).

    rows: `[v]`, positions of the probes that have a match; for each of these: ap, inp: in (0, 1]; first: rank of the first match; nearest:
    gallery row at rank 1; matches: number of matches. ignored: `[probes]`, numbers of gallery rows ignored because of their camera.
    Probes without a match have no AP, INP or first rank: they are counted (`unmatched`) and excluded from means.

    >>> found = retrieval([[0.1, 0.2], [0.3, 0.1]], ["ann", "cid"], ["bob", "ann"])  # two probes, two gallery rows
    >>> found.ap, found.first, found.unmatched
    (array([0.5]), array([2]), 1)
    """

    rules: Rules
    probes: int
    gallery: int
    rows: Ints
    ap: Values
    inp: Values
    first: Ints
    nearest: Ints
    matches: Ints
    ignored: Ints

    @property
    def unmatched(self) -> int:
        """Number of probes without a match."""
        return self.probes - len(self.rows)

    @property
    def mean_ap(self) -> float | None:
        """mAP over the probes with a match; None if there is none."""
        return float(self.ap.mean()) if len(self.rows) else None

    @property
    def minp(self) -> float | None:
        """mINP over the probes with a match; None if there is none."""
        return float(self.inp.mean()) if len(self.rows) else None

    def cmc(self, k: int) -> float | None:
        """CMC at rank k = 1, 2, …: the fraction of matched probes whose first match has rank k or less; None if there is no matched probe.

        It is 1 if k is at least the size of the gallery.
        """
        if k < 1:
            raise Problem(f"Ranks begin with 1, so there is no CMC at {k}.")
        return float((self.first <= k).mean()) if len(self.rows) else None

    @classmethod
    def joined(cls, parts: Sequence[Retrieval]) -> Retrieval:
        """Concatenate the results of consecutive parts of the probes."""
        arrays = {name: np.concatenate([vars(part)[name] for part in parts]) for name, kind in vars(parts[0]).items() if np.ndim(kind)}
        return cls(parts[0].rules, sum(part.probes for part in parts), parts[0].gallery, **arrays)


class Ranking:
    """Ranks tiles of probes against one gallery, whose identities and cameras are prepared once.

    query_ids, gallery_ids: `[q]`, `[g]`, numbers or strings; query_cameras, gallery_cameras: likewise, or None if cameras are unknown.
    Raises Problem if lengths differ, if a camera rule has no cameras, and for an empty gallery.
    """

    def __init__(
        self, query_ids: Column, gallery_ids: Column, query_cameras: Column | None, gallery_cameras: Column | None, rules: Rules
    ) -> None:
        probes, gallery = (
            as_array(query_ids, "probes", "identities of probes"),
            as_array(gallery_ids, "gallery", "identities of the gallery"),
        )
        for what, ids in (("identities of probes", probes), ("identities of junk", np.asarray(rules.junk))):
            if len(ids) and len(gallery) and (ids.dtype.kind in "US") != (gallery.dtype.kind in "US"):
                raise Problem(f"The {what} and of the gallery must both be text or both be numbers, not {ids.dtype} and {gallery.dtype}.")
        self.rules, self.shape = rules, (len(probes), len(gallery))
        keep = ~np.isin(gallery, list(rules.junk))
        self.columns: Ints | None = None if keep.all() else np.flatnonzero(keep)
        if not keep.any():
            raise Problem("The gallery holds no row" + (" but junk" if len(gallery) else "") + "; there is nothing to rank.")
        names, self.codes = np.unique(gallery[keep], return_inverse=True)
        self.own = np.argsort(self.codes, kind="stable")
        self.starts = np.searchsorted(self.codes[self.own], np.arange(len(names) + 1))
        place = np.searchsorted(names, probes).clip(max=len(names) - 1)
        self.probe_codes = np.where(names[place] == probes, place, -1)
        self.probe_cameras, cameras = self._cameras(query_cameras, gallery_cameras)
        self.cameras = cameras[keep]

    def _cameras(self, probes: Column | None, gallery: Column | None) -> tuple[Ints, Ints]:
        """Camera codes of probes and gallery rows; -1 for all probes if no row is ignored because of its camera."""
        none = np.full(self.shape[0], -1), np.zeros(self.shape[1], dtype=np.int64)
        if self.rules.same_camera == "none":
            if probes is not None or gallery is not None:
                raise Problem("Cameras are given, but the same-camera rule is 'none', for unknown cameras; use 'ignore' or 'keep'.")
            return none
        if probes is None or gallery is None:
            raise Problem(
                f"The same-camera rule '{self.rules.same_camera}' needs cameras of probes and gallery; without cameras, use 'none'."
            )
        of_probes, of_gallery = as_array(probes, "probes", "cameras of probes"), as_array(gallery, "gallery", "cameras of the gallery")
        for what, column, count in (("probes", of_probes, self.shape[0]), ("gallery rows", of_gallery, self.shape[1])):
            if len(column) != count:
                raise Problem(f"There are {count} {what} but {len(column)} cameras of them; there must be one camera for each.")
        _, codes = np.unique(np.concatenate([of_probes, of_gallery]), return_inverse=True)
        return none if self.rules.same_camera == "keep" else (codes[: self.shape[0]], codes[self.shape[0] :])

    def rank(self, tile: npt.NDArray[Any], start: int = 0, *, similarities: bool = False) -> Retrieval:
        """Rank the t probes from `start` on, whose distances to the gallery are `tile` `[t, g]`.

        similarities: whether larger values are closer. Raises Problem for a value that is not finite, naming its row and column.
        """
        if tile.ndim != 2 or tile.shape[1] != self.shape[1] or start + len(tile) > self.shape[0]:
            raise Problem(
                f"Distances must be [probes, gallery], here {list(self.shape)}; their shape from row {start} on is {list(tile.shape)}."
            )
        stops = range(PROBES_AT_ONCE, len(tile) + PROBES_AT_ONCE, PROBES_AT_ONCE) if len(tile) else (0,)
        parts = [
            self._rank(tile[max(0, stop - PROBES_AT_ONCE) : stop], start + max(0, stop - PROBES_AT_ONCE), similarities) for stop in stops
        ]
        return Retrieval.joined(parts)

    def _rank(self, tile: npt.NDArray[Any], start: int, similarities: bool) -> Retrieval:
        from scratchlab.metrics import ranks  # imported here because importing numba takes a second

        values = self._floats(tile, similarities)
        here, rule = slice(start, start + len(tile)), TIE_RULES[self.rules.ties]
        probe_codes, probe_cameras = self.probe_codes[here], self.probe_cameras[here]
        matches, ignored, nearest, all_ranks, bad = ranks.rank(
            values, self.own, self.starts, self.cameras, probe_cameras, self.codes, probe_codes, rule
        )
        if bad[0] >= 0:
            row, column = int(bad[0]), int(bad[1])
            place = column if self.columns is None else int(self.columns[column])
            raise Problem(
                f"The distances hold {tile[row, place]} at row {start + row} (probe), column {place} (gallery); all must be finite."
            )
        stops = np.cumsum(matches)
        for i in np.flatnonzero(matches > ranks.MOST_MATCHES):
            same = self.own[self.starts[probe_codes[i]] : self.starts[probe_codes[i] + 1]]
            columns = same[self.cameras[same] != probe_cameras[i]]
            all_ranks[stops[i] - matches[i] : stops[i]], nearest[i] = ranks.rank_many(values[i], columns, same, rule)
        matched = np.flatnonzero(matches)
        count, stops = matches[matched], stops[matched]
        starts = stops - count
        number = np.arange(1, len(all_ranks) + 1) - np.repeat(starts, count)
        ap = np.add.reduceat(number / all_ranks, starts) / count if len(matched) else np.empty(0)
        top = nearest[matched] if self.columns is None else self.columns[nearest[matched]]
        inp, first = count / all_ranks[stops - 1], all_ranks[starts]
        return Retrieval(self.rules, len(tile), len(self.codes), start + matched, ap, inp, first, top, count, ignored)

    def _floats(self, tile: npt.NDArray[Any], similarities: bool) -> npt.NDArray[np.floating[Any]]:
        """Distances as a C-contiguous array of floats without the columns of junk; the tile itself if it already is one."""
        kind = tile.dtype
        if kind.kind not in "fiu" or kind.itemsize > 8:
            raise Problem(f"Distances must be numbers of 64 bits or less; these are of type {kind}.")
        values = np.asarray(tile) if self.columns is None else np.take(tile, self.columns, axis=1)
        wide = np.float64 if kind == np.float64 or kind.kind != "f" else np.float32
        values = np.ascontiguousarray(values, dtype=wide)
        return -values if similarities else values


def retrieval(
    distances: npt.ArrayLike,
    query_ids: Column,
    gallery_ids: Column,
    query_cameras: Column | None = None,
    gallery_cameras: Column | None = None,
    rules: Rules | None = None,
    *,
    similarities: bool = False,
) -> Retrieval:
    """CMC, AP and INP of probes `[q]` ranked against a gallery `[g]` by distances `[q, g]`, as defined for Market-1501.

    query_ids, gallery_ids: identities, numbers or strings. rules: by default, gallery rows with the identity and the camera of the probe
    are ignored if cameras are given, and equal distances rank in the order of the gallery. similarities: whether larger values are closer.
    Does not copy the distances. Raises Problem for shapes that do not fit and for values that are not finite, naming row and column.

    >>> result = retrieval([[0.1, 0.2, 0.3, 0.4]], ["ann"], ["bob", "ann", "bob", "ann"])
    >>> result.mean_ap, result.minp, result.cmc(1), result.cmc(2)
    (0.5, 0.5, 0.0, 1.0)
    """
    values = as_array(distances)
    chosen = rules or Rules("none" if query_cameras is None and gallery_cameras is None else "ignore")
    ranking = Ranking(query_ids, gallery_ids, query_cameras, gallery_cameras, chosen)
    if values.ndim != 2 or values.shape != ranking.shape:
        raise Problem(f"Distances must be [probes, gallery], here {list(ranking.shape)}; their shape is {list(values.shape)}.")
    return ranking.rank(values, similarities=similarities)
