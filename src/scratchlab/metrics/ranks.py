"""Ranks of the matches of a probe, counted without sorting the gallery: compiled for the processor, one thread.

A match at distance t has as many columns before it as have a smaller distance. The hardest match is counted over the whole row, an easier
one only in the blocks where the one before it found anything; equal distances are decided by the column, see `tie_column`. The columns of
the probe's own identity are counted with the others and taken off again. Importing this file imports numba, so whoever needs it does so
late.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.machine_code import compiled

Values = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

BLOCK = 128  # columns
MOST_MATCHES = 100  # of a probe: beyond, sorting what is as near as the hardest match is faster than counting for each


@compiled(inline="always")
def finite(row: Values, infinity: Any) -> Any:
    """How many values are finite. infinity: of the row's own type, for a comparison with another would be twice as slow."""
    count = np.int32(0)
    for j in range(len(row)):
        count = np.int32(count + np.int32(abs(row[j]) < infinity))
    return count


@compiled(inline="always")
def tie_column(rule: int, column: int, width: int) -> int:
    """The column before which others precede a match at `column` that they are equal to.

    rule: 0 for matches before all that are equal to them, 1 for matches after them, 2 for the order of the gallery.
    """
    return column if rule == 2 else rule * width


@compiled(inline="always")
def put(matches: Ints, count: int, j: int, row: Values) -> None:
    """Inserts column j among `count` ones that are in order of their distance, after those that are equal."""
    while count and row[j] < row[matches[count - 1]]:
        matches[count] = matches[count - 1]
        count -= 1
    matches[count] = j


@compiled(inline="always")
def count_before(row: Values, matches: Ints, rule: int, codes: Ints, counts: Ints, blocks: Ints) -> int:
    """Adds to `counts` how many columns stand before each match, those of the probe's own identity included.

    row: `[m]`, finite; matches: by distance, equal ones by column; codes: `[m]`, identities; blocks: room for the numbers of the whole
    blocks of the row. Returns the nearest column of another identity among those before the first match, -1 if there is none.
    """
    width, left = len(row), len(blocks)
    grid, rest = row[: left * BLOCK].reshape(left, BLOCK), left * BLOCK
    for b in range(left):
        blocks[b] = b
    for i in range(len(matches) - 1, -1, -1):
        t, column, kept = row[matches[i]], tie_column(rule, matches[i], width), 0
        for place in range(left):
            b, found = blocks[place], np.int32(0)  # of 32 bits, as wide as the values, so that eight or more are compared at once
            if (b + 1) * BLOCK <= column:
                for j in range(BLOCK):
                    found = np.int32(found + np.int32(grid[b, j] <= t))
            else:
                for j in range(BLOCK):
                    found = np.int32(found + np.int32(grid[b, j] < t))
                for j in range(column - b * BLOCK):
                    found = np.int32(found + np.int32(grid[b, j] == t))
            counts[i] += found
            blocks[kept] = b
            kept += found > 0
        left = kept
        for j in range(rest, width):
            counts[i] += row[j] < t or (row[j] == t and j < column)
    best, least, own = -1, row.dtype.type(np.inf), codes[matches[0]]
    for b in blocks[:left]:
        found = np.int32(0)
        for j in range(BLOCK):
            found = np.int32(found + np.int32(grid[b, j] < least))
        if found:
            for j in range(b * BLOCK, (b + 1) * BLOCK):
                if row[j] < least and codes[j] != own:
                    best, least = j, row[j]
    for j in range(rest, width):
        if row[j] < least and codes[j] != own:
            best, least = j, row[j]
    return best


@compiled()
def rank(
    tile: Values, own: Ints, starts: Ints, cameras: Ints, seen: Ints, codes: Ints, wanted: Ints, rule: int
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Ranks the matches of each probe of a tile `[t, m]`.

    own: the gallery's columns by identity, those of identity i at own[starts[i] : starts[i + 1]], ascending. cameras: `[m]`, codes; seen:
    `[t]`, the camera of each probe, -1 where no row is ignored for its camera. codes: `[m]`, identities; wanted: `[t]`, those of the
    probes, -1 where the gallery has none. rule: see `tie_column`.

    Returns the probes' numbers of matches and of rows ignored `[t]`, the nearest column `[t]` (-1 where there is no match), the ranks of
    all matches in a row, ascending for each probe (0 where it has more than MOST_MATCHES), and the place `[row, column]` of the first
    distance that is not finite, (-1, -1) if all are.
    """
    count, width = tile.shape
    matches, ignored, nearest, bad = np.zeros(count, np.int64), np.zeros(count, np.int64), np.full(count, -1), np.full(2, -1)
    total, used = 0, 0
    for i in range(count):
        if wanted[i] >= 0:
            total += starts[wanted[i] + 1] - starts[wanted[i]]
    ranks, kept = np.zeros(total, np.int64), np.empty(MOST_MATCHES, np.int64)
    blocks = np.empty(width // BLOCK, np.int64)
    for i in range(count):
        row = tile[i]
        if finite(row, row.dtype.type(np.inf)) < width:
            bad[0], bad[1] = i, np.argmin(np.isfinite(row))
            break
        mine = own[:0] if wanted[i] < 0 else own[starts[wanted[i]] : starts[wanted[i] + 1]]
        for j in mine:
            if cameras[j] == seen[i]:
                ignored[i] += 1
            else:
                if matches[i] < MOST_MATCHES:
                    put(kept, matches[i], j, row)
                matches[i] += 1
        if 0 < matches[i] <= MOST_MATCHES:
            ranked, counts = kept[: matches[i]], ranks[used : used + matches[i]]
            nearest[i] = count_before(row, ranked, rule, codes, counts, blocks)
            for place in range(len(ranked)):
                t, column = row[ranked[place]], tie_column(rule, ranked[place], width)
                for j in mine:
                    if row[j] < t or (row[j] == t and j < column):
                        counts[place] -= 1
                counts[place] += place + 1
            if counts[0] == 1:
                nearest[i] = ranked[0]
        used += matches[i]
    return matches, ignored, nearest, ranks[:used], bad


def rank_many(row: Values, right: Ints, mine: Ints, rule: int) -> tuple[Ints, int]:
    """The ranks, ascending, of many matches of one probe, and the nearest column: sorts what is as near as the hardest of them.

    row: `[m]`; right: the columns of the matches; mine: all of the probe's identity; both ascending. rule: see `tie_column`.
    """
    others = row.copy()
    others[mine] = np.inf
    right = right[np.argsort(row[right], kind="stable")]
    t = row[right]
    near = np.sort(others[others <= t[-1]])
    before, up_to = np.searchsorted(near, t), np.searchsorted(near, t, "right")
    if rule:
        for place in np.flatnonzero(up_to > before):
            column = tie_column(rule, int(right[place]), len(row))
            before[place] += np.count_nonzero(others[:column] == t[place])
    ranks = before + np.arange(1, len(right) + 1)
    return ranks, int(right[0] if ranks[0] == 1 else others.argmin())
