"""Drawing the rows of many episodes at once: arrays over episodes instead of a loop.

Every array of random numbers is filled episode by episode, so that more episodes leave the first ones as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scratchlab.types import Rows

KEYS = 1 << 22  # random numbers held at once
Keys = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClassRows:
    """The rows `[n]` of one class from which support and queries are drawn.

    groups: `[n]` numbers from 0, which support and queries of an episode may not share; support_groups: how many of them the support may
    use. Both None where rows are drawn freely.
    """

    rows: Rows
    groups: Rows | None = None
    support_groups: int | None = None


@dataclass(frozen=True)
class Drawn:
    """support: `[episode, class, shot]`. candidates: `[episode, class, m]`, rows that may be queries, in random order; only the first
    `available` `[episode, class]` of them are there, the others are -1."""

    support: Rows
    candidates: Rows
    available: Rows


def smallest(keys: Keys, number: int) -> Rows:
    """`[n, number]`: the columns of the smallest values of each row of `[n, m]`, in ascending order of value."""
    if number >= keys.shape[1]:
        return keys.argsort(axis=1)
    some = np.argpartition(keys, number - 1, axis=1)[:, :number]
    return np.take_along_axis(some, np.take_along_axis(keys, some, 1).argsort(axis=1), 1)


def choose_classes(classes: int, number: int, episodes: int, rng: np.random.Generator) -> Rows:
    """`[episode, number]`: that many different classes of 0..classes-1 for each episode, in random order."""
    return smallest(rng.random((episodes, classes)), number)


def draw_rows(pool: Sequence[ClassRows], chosen: Rows, shot: int, most: int, seed: Sequence[int]) -> Drawn:
    """`shot` support rows and up to `most` candidates for queries of each chosen class, never the same row twice.

    chosen: `[episode, class]`, places in `pool`. Each class has generators of its own, seeded by `seed` and its place.
    """
    width = max(min(most, len(one.rows) - shot) for one in pool)
    support = np.empty((chosen.size, shot), dtype=np.int64)
    candidates = np.full((chosen.size, width), -1)
    available = np.empty(chosen.size, dtype=np.int64)
    order = np.argsort(chosen, axis=None, kind="stable")
    ends = np.searchsorted(chosen.ravel()[order], np.arange(len(pool) + 1))
    for place, one in enumerate(pool):
        lanes = order[ends[place] : ends[place + 1]]
        row_rng, group_rng = (np.random.default_rng([*seed, place, purpose]) for purpose in (0, 1))
        step = max(1, KEYS // len(one.rows))
        for some in (lanes[start : start + step] for start in range(0, len(lanes), step)):
            keys = row_rng.random((len(some), len(one.rows)))
            of_support = _of_support(one, len(some), group_rng)
            if of_support is None:
                drawn = smallest(keys, shot + width)
                support[some], query = one.rows[drawn[:, :shot]], one.rows[drawn[:, shot:]]
                available[some] = query.shape[1]
            else:
                support[some] = one.rows[smallest(np.where(of_support, keys, np.inf), shot)]
                left = (~of_support).sum(axis=1)
                query = one.rows[smallest(np.where(of_support, np.inf, keys), width)]
                query[np.arange(query.shape[1]) >= left[:, None]] = -1
                available[some] = np.minimum(left, query.shape[1])
            candidates[some, : query.shape[1]] = query
    return Drawn(support.reshape(*chosen.shape, shot), candidates.reshape(*chosen.shape, width), available.reshape(chosen.shape))


def _of_support(one: ClassRows, episodes: int, rng: np.random.Generator) -> npt.NDArray[np.bool_] | None:
    """`[episode, n]`: which rows lie in the groups that the support of an episode may use; None where rows are drawn freely."""
    if one.groups is None or one.support_groups is None:
        return None
    ranks = rng.random((episodes, int(one.groups.max()) + 1)).argsort(axis=1).argsort(axis=1)
    return (ranks < one.support_groups)[:, one.groups]


def dirichlet_counts(alpha: float, total: int, available: Rows, rng: np.random.Generator) -> tuple[Rows, int]:
    """`[episode, class]` numbers of queries that sum to `total` in each episode, in proportions from a symmetric Dirichlet(alpha), and in
    how many episodes a class had fewer rows `available` than its proportion asks for; the others then give more.

    Source: Veilleux et al. (2021), "Realistic evaluation of transductive few-shot learning", arXiv 2204.11181, section 3. Proportions
    become whole numbers by largest remainders.
    """
    wanted = rng.dirichlet(np.full(available.shape[1], alpha), len(available)) * total
    counts = np.minimum(np.floor(wanted).astype(np.int64), available)
    short = int((np.floor(wanted) > available).any(axis=1).sum())
    while len(lacking := np.flatnonzero(counts.sum(axis=1) < total)):
        room = counts[lacking] < available[lacking]
        most = np.where(room, wanted[lacking] - counts[lacking], -np.inf).argmax(axis=1)
        counts[lacking, most] += 1
    return counts, short
