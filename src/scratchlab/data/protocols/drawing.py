"""Vectorised drawing of the rows of many episodes.

Arrays of random numbers are filled episode by episode, so that increasing the number of episodes does not change the first ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scratchlab.types import Rows

MAX_KEYS = 1 << 22  # random numbers in memory at a time
Keys = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClassRows:
    """The rows `[n]` of one class from which support and queries are drawn.

    groups: `[n]` group numbers from 0; support and queries of an episode share no group. support_groups: the number of groups that the
    support may use. Both are None where rows are drawn regardless of groups.
    """

    rows: Rows
    groups: Rows | None = None
    support_groups: int | None = None


@dataclass(frozen=True)
class DrawnRows:
    """The rows of episodes. support: `[episode, class, shot]`. candidates: `[episode, class, m]`, rows for queries in random order; the
    first `available` `[episode, class]` are valid, the others are -1."""

    support: Rows
    candidates: Rows
    available: Rows


def smallest(keys: Keys, number: int) -> Rows:
    """`[n, number]`: the columns of the `number` smallest values in each row of `[n, m]`, in ascending order of value."""
    if number >= keys.shape[1]:
        return keys.argsort(axis=1)
    columns = np.argpartition(keys, number - 1, axis=1)[:, :number]
    return np.take_along_axis(columns, np.take_along_axis(keys, columns, 1).argsort(axis=1), 1)


def choose_classes(classes: int, number: int, episodes: int, rng: np.random.Generator) -> Rows:
    """`[episode, number]`: for each episode, `number` different classes of 0..classes-1 in random order."""
    return smallest(rng.random((episodes, classes)), number)


def draw_rows(pool: Sequence[ClassRows], chosen: Rows, shot: int, max_candidates: int, seed: Sequence[int]) -> DrawnRows:
    """Draws `shot` support rows and up to `max_candidates` candidates for queries of each chosen class, without replacement.

    chosen: `[episode, class]`, indices into `pool`. Each class has its own generators, seeded by `seed` and its index.
    """
    width = max(min(max_candidates, len(class_rows.rows) - shot) for class_rows in pool)
    support = np.empty((chosen.size, shot), dtype=np.int64)
    candidates = np.full((chosen.size, width), -1)
    available = np.empty(chosen.size, dtype=np.int64)
    order = np.argsort(chosen, axis=None, kind="stable")
    ends = np.searchsorted(chosen.ravel()[order], np.arange(len(pool) + 1))
    for index, class_rows in enumerate(pool):
        rows, slots = class_rows.rows, order[ends[index] : ends[index + 1]]  # slots: the (episode, class) pairs of this class
        row_rng, group_rng = (np.random.default_rng([*seed, index, purpose]) for purpose in (0, 1))
        step = max(1, MAX_KEYS // len(rows))
        for chunk in (slots[start : start + step] for start in range(0, len(slots), step)):
            keys = row_rng.random((len(chunk), len(rows)))
            for_support = _for_support(class_rows, len(chunk), group_rng)
            if for_support is None:
                drawn = smallest(keys, shot + width)
                support[chunk], query = rows[drawn[:, :shot]], rows[drawn[:, shot:]]
                available[chunk] = query.shape[1]
            else:
                support[chunk] = rows[smallest(np.where(for_support, keys, np.inf), shot)]
                remaining = (~for_support).sum(axis=1)
                query = rows[smallest(np.where(for_support, np.inf, keys), width)]
                query[np.arange(query.shape[1]) >= remaining[:, None]] = -1
                available[chunk] = np.minimum(remaining, query.shape[1])
            candidates[chunk, : query.shape[1]] = query
    return DrawnRows(support.reshape(*chosen.shape, shot), candidates.reshape(*chosen.shape, width), available.reshape(chosen.shape))


def _for_support(class_rows: ClassRows, episodes: int, rng: np.random.Generator) -> npt.NDArray[np.bool_] | None:
    """`[episode, n]`: which rows are in groups that the support of an episode may use; None where groups do not matter."""
    if class_rows.groups is None or class_rows.support_groups is None:
        return None
    ranks = rng.random((episodes, int(class_rows.groups.max()) + 1)).argsort(axis=1).argsort(axis=1)
    return (ranks < class_rows.support_groups)[:, class_rows.groups]


def dirichlet_counts(alpha: float, total: int, available: Rows, rng: np.random.Generator) -> tuple[Rows, int]:
    """Draws numbers of queries `[episode, class]` that sum to `total` per episode, in proportions from a symmetric Dirichlet(alpha).

    Also returns the number of episodes in which a class had fewer rows (`available` `[episode, class]`) than its proportion requires; the
    other classes then get more queries. Proportions are rounded by largest remainders.

    Source: Veilleux et al. (2021), "Realistic evaluation of transductive few-shot learning", arXiv 2204.11181, section 3.
    """
    expected = rng.dirichlet(np.full(available.shape[1], alpha), len(available)) * total
    counts = np.minimum(np.floor(expected).astype(np.int64), available)
    short = int((np.floor(expected) > available).any(axis=1).sum())
    while len(incomplete := np.flatnonzero(counts.sum(axis=1) < total)):
        has_room = counts[incomplete] < available[incomplete]
        largest = np.where(has_room, expected[incomplete] - counts[incomplete], -np.inf).argmax(axis=1)
        counts[incomplete, largest] += 1
    return counts, short
