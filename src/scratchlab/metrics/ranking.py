"""Retrieval of identities: CMC, average precision and inverse negative penalty of probes that are ranked against a gallery.

AP of a probe with matches at ranks r_1 < … < r_n: (1/n) Σ i / r_i. INP: n / r_n. CMC at k: the share of probes with r_1 ≤ k.
Sources: Zheng et al. (2015), "Scalable Person Re-identification: A Benchmark", ICCV, section 3 (mAP, the same-camera rule, junk and
distractors); Ye et al. (2021), "Deep Learning for Person Re-identification", TPAMI, arXiv 2001.04193, section 4.1 (INP).
Ranks are counted, not sorted (`ranks.py`), a few probes at a time, so that distances may lie on disk (`np.load(..., mmap_mode="r")`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem

Ints = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
Column = npt.NDArray[Any] | Sequence[Any]
SameCamera = Literal["ignore", "keep", "none"]
Ties = Literal["gallery_order", "optimistic", "pessimistic"]

PROBES_AT_ONCE = 256
TIE_RULES: dict[Ties, int] = {"optimistic": 0, "pessimistic": 1, "gallery_order": 2}  # as `ranks.tie_column` numbers them
DESCRIPTIONS = {
    "ignore": "same camera: gallery rows with the identity and the camera of the probe are ignored",
    "keep": "same camera: gallery rows with the identity and the camera of the probe count as matches",
    "none": "same camera: no rule, since no camera is known",
    "gallery_order": "ties: equal distances rank in the order of the gallery",
    "optimistic": "ties: matches rank before what is equal to them",
    "pessimistic": "ties: matches rank after what is equal to them",
}


@dataclass(frozen=True)
class Rules:
    """What counts. same_camera: of gallery rows that show the probe's identity in the probe's camera; "none": no camera is known.
    ties: the order of equal distances. junk: identities whose gallery rows are ignored for every probe, as detections of nobody.

    Gallery rows of identities without a probe (distractors) always stay: they are wrong answers.
    """

    same_camera: SameCamera
    ties: Ties = "gallery_order"
    junk: tuple[Any, ...] = ()

    def named(self) -> dict[str, Any]:
        """The name of each rule, ready for JSON."""
        return {"same_camera": self.same_camera, "ties": self.ties, "junk": list(self.junk), "distractors": "wrong answers"}

    def __str__(self) -> str:
        count = "one identity" if len(self.junk) == 1 else f"{len(self.junk)} identities"
        junk = f"junk: gallery rows of {count} are ignored for every probe" if self.junk else "junk: no identity is ignored"
        distractors = "distractors: identities of the gallery without a probe are wrong answers"
        return "; ".join((DESCRIPTIONS[self.same_camera], junk, distractors, DESCRIPTIONS[self.ties]))


@dataclass(frozen=True)
class Retrieval:
    """What came of `probes` probes against `gallery` rows (without junk).

    rows: `[v]`, the probes that have a match, by position; ap, inp: theirs, in (0, 1]; first: the rank of the first match; nearest: the
    gallery row at rank 1; matches: how many there are. ignored: `[probes]`, gallery rows ignored for their camera.
    Probes without a match have no AP, INP or first rank: they are counted (`unmatched`) and take part in no mean.
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
        """How many probes have no match."""
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
        """Share of the probes with a match whose first one has rank k or better, k = 1, 2, …; None if there is no such probe.

        From the size of the gallery on it is 1.
        """
        if k < 1:
            raise Problem(f"Ranks begin with 1, so there is no CMC at {k}.")
        return float((self.first <= k).mean()) if len(self.rows) else None

    @classmethod
    def joined(cls, parts: Sequence[Retrieval]) -> Retrieval:
        """One result of consecutive probes ranked in parts."""
        arrays = {name: np.concatenate([vars(part)[name] for part in parts]) for name, kind in vars(parts[0]).items() if np.ndim(kind)}
        return cls(parts[0].rules, sum(part.probes for part in parts), parts[0].gallery, **arrays)


class Ranking:
    """Ranks tiles of probes against one gallery, whose identities and cameras are prepared once.

    query_ids, gallery_ids: `[q]`, `[g]`, numbers or strings; query_cameras, gallery_cameras: alike, or None where no camera is known.
    Raises Problem where lengths disagree, where a camera rule lacks cameras, and for an empty gallery.
    """

    def __init__(
        self, query_ids: Column, gallery_ids: Column, query_cameras: Column | None, gallery_cameras: Column | None, rules: Rules
    ) -> None:
        probes, gallery = np.asarray(query_ids), np.asarray(gallery_ids)
        self.rules, self.shape = rules, (len(probes), len(gallery))
        keep = ~np.isin(gallery, list(rules.junk))
        self.columns: Ints | None = None if keep.all() else np.flatnonzero(keep)
        if not keep.any():
            raise Problem("The gallery holds no row" + (" but junk" if len(gallery) else "") + "; there is nothing to rank.")
        names, self.codes = np.unique(gallery[keep], return_inverse=True)
        self.own = np.argsort(self.codes, kind="stable")
        self.starts = np.searchsorted(self.codes[self.own], np.arange(len(names) + 1))
        place = np.searchsorted(names, probes).clip(max=len(names) - 1)
        self.wanted = np.where(names[place] == probes, place, -1)
        self.seen, cameras = self._cameras(query_cameras, gallery_cameras)
        self.cameras = cameras[keep]

    def _cameras(self, probes: Column | None, gallery: Column | None) -> tuple[Ints, Ints]:
        """Codes of both; of the probes -1 where no row is ignored for its camera."""
        none = np.full(self.shape[0], -1), np.zeros(self.shape[1], dtype=np.int64)
        if self.rules.same_camera == "none":
            if probes is not None or gallery is not None:
                raise Problem(
                    "Cameras are given, but the same-camera rule is 'none', which says that none is known; say 'ignore' or 'keep'."
                )
            return none
        if probes is None or gallery is None:
            raise Problem(f"The same-camera rule '{self.rules.same_camera}' needs the cameras of probes and gallery; without, say 'none'.")
        for what, column, count in (("probes", probes, self.shape[0]), ("gallery rows", gallery, self.shape[1])):
            if len(column) != count:
                raise Problem(f"There are {count} {what} but {len(column)} cameras of them; there must be one each.")
        _, codes = np.unique(np.concatenate([np.asarray(probes), np.asarray(gallery)]), return_inverse=True)
        return none if self.rules.same_camera == "keep" else (codes[: self.shape[0]], codes[self.shape[0] :])

    def rank(self, tile: npt.NDArray[Any], start: int = 0, *, similarities: bool = False) -> Retrieval:
        """The result of the probes from `start` on, whose distances to the gallery are `tile` `[t, g]`.

        similarities: larger is closer. Raises Problem for a distance that is not finite, naming its row and column.
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
        from scratchlab.metrics import ranks  # late: numba takes a second

        values = self._floats(tile, similarities)
        here, rule = slice(start, start + len(tile)), TIE_RULES[self.rules.ties]
        wanted, seen = self.wanted[here], self.seen[here]
        matches, ignored, nearest, found, bad = ranks.rank(values, self.own, self.starts, self.cameras, seen, self.codes, wanted, rule)
        if bad[0] >= 0:
            row, column = int(bad[0]), int(bad[1])
            place = column if self.columns is None else int(self.columns[column])
            raise Problem(
                f"The distances hold {tile[row, place]} at row {start + row} (probe), column {place} (gallery); all must be finite."
            )
        stops = np.cumsum(matches)
        for i in np.flatnonzero(matches > ranks.MOST_MATCHES):
            mine = self.own[self.starts[wanted[i]] : self.starts[wanted[i] + 1]]
            right = mine[self.cameras[mine] != seen[i]]
            found[stops[i] - matches[i] : stops[i]], nearest[i] = ranks.rank_many(values[i], right, mine, rule)
        has = np.flatnonzero(matches)
        count, stops = matches[has], stops[has]
        starts = stops - count
        number = np.arange(1, len(found) + 1) - np.repeat(starts, count)
        ap = np.add.reduceat(number / found, starts) / count if len(has) else np.empty(0)
        top = nearest[has] if self.columns is None else self.columns[nearest[has]]
        inp, first = count / found[stops - 1], found[starts]
        return Retrieval(self.rules, len(tile), len(self.codes), start + has, ap, inp, first, top, count, ignored)

    def _floats(self, tile: npt.NDArray[Any], similarities: bool) -> npt.NDArray[np.floating[Any]]:
        """Distances in rows that lie together, without the columns of junk; the tile itself where nothing is to be done."""
        kind = tile.dtype
        if kind.kind not in "fiu" or kind.itemsize > 8:
            raise Problem(f"Distances must be numbers of 64 bits or less; these are of type {kind}.")
        values = np.asarray(tile) if self.columns is None else np.take(tile, self.columns, axis=1)
        wide = np.float64 if kind == np.float64 or kind.kind != "f" else np.float32
        values = np.ascontiguousarray(values, dtype=wide)
        return -values if similarities else values


def retrieval(
    distances: npt.NDArray[Any],
    query_ids: Column,
    gallery_ids: Column,
    query_cameras: Column | None = None,
    gallery_cameras: Column | None = None,
    rules: Rules | None = None,
    *,
    similarities: bool = False,
) -> Retrieval:
    """CMC, AP and INP of probes `[q]` ranked against a gallery `[g]` by distances `[q, g]`, as Market-1501 defines them.

    query_ids, gallery_ids: identities, numbers or strings. rules: by default, rows with the identity and the camera of the probe are
    ignored where cameras are given, and no camera is known where none are; equal distances rank in the order of the gallery.
    similarities: larger is closer. Needs no copy of the distances. Raises Problem for what does not fit and for a distance that is not
    finite, naming its row and column.

    >>> found = retrieval(np.array([[0.1, 0.2, 0.3, 0.4]]), ["ann"], ["bob", "ann", "bob", "ann"])
    >>> found.mean_ap, found.minp, found.cmc(1), found.cmc(2)
    (0.5, 0.5, 0.0, 1.0)
    """
    chosen = rules or Rules("none" if query_cameras is None and gallery_cameras is None else "ignore")
    ranking = Ranking(query_ids, gallery_ids, query_cameras, gallery_cameras, chosen)
    if distances.ndim != 2 or distances.shape != ranking.shape:
        raise Problem(f"Distances must be [probes, gallery], here {list(ranking.shape)}; their shape is {list(distances.shape)}.")
    return ranking.rank(distances, similarities=similarities)
