"""Ranks of the matches of a probe, counted without sorting the gallery: compiled for the CPU, one thread.

The rank of a match at distance t is given by the number of columns with a smaller distance. For the hardest match they are counted over the
whole row, for easier ones only in blocks in which the one before had any; ties are broken by column, see `tie_column`. Columns of the
probe's own identity are counted with the others and subtracted afterwards. Importing this file imports numba, so it is imported only when
needed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.machine_code import compiled

Values = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

BLOCK = 128  # columns
MOST_MATCHES = 100  # with more matches per probe, sorting the columns up to the hardest match is faster than counting for each


@compiled(inline="always")
def finite(row: Values, infinity: Any) -> Any:
    """Number of finite values. infinity: in the row's own type, since comparisons with another type are twice as slow."""
    count = np.int32(0)
    for j in range(len(row)):
        count = np.int32(count + np.int32(abs(row[j]) < infinity))
    return count


@compiled(inline="always")
def tie_column(rule: int, column: int, width: int) -> int:
    """The column up to which columns at equal distance precede a match at `column`.

    rule: 0: matches precede all columns at equal distance; 1: they follow them; 2: order of the gallery.
    """
    return column if rule == 2 else rule * width


@compiled(inline="always")
def put(matches: Ints, count: int, j: int, row: Values) -> None:
    """Insert column j into the first `count` of `matches`, which are sorted by distance, after those at equal distance."""
    while count and row[j] < row[matches[count - 1]]:
        matches[count] = matches[count - 1]
        count -= 1
    matches[count] = j


@compiled(inline="always")
def count_before(row: Values, matches: Ints, rule: int, codes: Ints, counts: Ints, blocks: Ints) -> int:
    """Add to `counts` the number of columns that precede each match, including those of the probe's own identity.

    row: `[m]`, finite; matches: sorted by distance, then column; codes: `[m]`, identities; blocks: buffer for the indices of the row's full
    blocks. Returns the nearest column of another identity among those before the first match, -1 if there is none.
    """
    width, active = len(row), len(blocks)
    grid, rest = row[: active * BLOCK].reshape(active, BLOCK), active * BLOCK
    for b in range(active):
        blocks[b] = b
    for i in range(len(matches) - 1, -1, -1):
        t, column, kept = row[matches[i]], tie_column(rule, matches[i], width), 0
        for place in range(active):
            b, closer = blocks[place], np.int32(0)  # 32 bits, as wide as the values, so that eight or more are compared at once
            if (b + 1) * BLOCK <= column:
                for j in range(BLOCK):
                    closer = np.int32(closer + np.int32(grid[b, j] <= t))
            else:
                for j in range(BLOCK):
                    closer = np.int32(closer + np.int32(grid[b, j] < t))
                for j in range(column - b * BLOCK):
                    closer = np.int32(closer + np.int32(grid[b, j] == t))
            counts[i] += closer
            blocks[kept] = b
            kept += closer > 0
        active = kept
        for j in range(rest, width):
            counts[i] += row[j] < t or (row[j] == t and j < column)
    best, least, identity = -1, row.dtype.type(np.inf), codes[matches[0]]
    for b in blocks[:active]:
        closer = np.int32(0)
        for j in range(BLOCK):
            closer = np.int32(closer + np.int32(grid[b, j] < least))
        if closer:
            for j in range(b * BLOCK, (b + 1) * BLOCK):
                if row[j] < least and codes[j] != identity:
                    best, least = j, row[j]
    for j in range(rest, width):
        if row[j] < least and codes[j] != identity:
            best, least = j, row[j]
    return best


@compiled()
def rank(
    tile: Values, own: Ints, starts: Ints, cameras: Ints, probe_cameras: Ints, codes: Ints, probe_codes: Ints, rule: int
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Rank the matches of each probe of a tile `[t, m]`.

    own: the gallery's columns by identity, those of identity i at own[starts[i] : starts[i + 1]], ascending. cameras: `[m]`, camera codes
    of the gallery; probe_cameras: `[t]`, those of the probes, -1 if no row is ignored because of its camera. codes: `[m]`, identities of
    the gallery; probe_codes: `[t]`, those of the probes, -1 if the gallery has none. rule: see `tie_column`.

    Returns the numbers of matches and of ignored rows of each probe `[t]`; the nearest column `[t]` (-1 if there is no match); the ranks of
    all matches of all probes, ascending for each probe (0 if it has more than MOST_MATCHES); and the position `[row, column]` of the first
    distance that is not finite, (-1, -1) if all are.
    """
    count, width = tile.shape
    matches, ignored, nearest, bad = np.zeros(count, np.int64), np.zeros(count, np.int64), np.full(count, -1), np.full(2, -1)
    total, used = 0, 0
    for i in range(count):
        if probe_codes[i] >= 0:
            total += starts[probe_codes[i] + 1] - starts[probe_codes[i]]
    ranks, kept = np.zeros(total, np.int64), np.empty(MOST_MATCHES, np.int64)
    blocks = np.empty(width // BLOCK, np.int64)
    for i in range(count):
        row = tile[i]
        if finite(row, row.dtype.type(np.inf)) < width:
            bad[0], bad[1] = i, np.argmin(np.isfinite(row))
            break
        same = own[:0] if probe_codes[i] < 0 else own[starts[probe_codes[i]] : starts[probe_codes[i] + 1]]
        for j in same:
            if cameras[j] == probe_cameras[i]:
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
                for j in same:
                    if row[j] < t or (row[j] == t and j < column):
                        counts[place] -= 1
                counts[place] += place + 1
            if counts[0] == 1:
                nearest[i] = ranked[0]
        used += matches[i]
    return matches, ignored, nearest, ranks[:used], bad


def rank_many(row: Values, matches: Ints, same: Ints, rule: int) -> tuple[Ints, int]:
    """The ascending ranks of many matches of one probe, and the nearest column; sorts the columns that are as near as the hardest match.

    row: `[m]`; matches: the columns of the matches; same: all columns of the probe's identity; both ascending. rule: see `tie_column`.
    """
    others = row.copy()
    others[same] = np.inf
    matches = matches[np.argsort(row[matches], kind="stable")]
    t = row[matches]
    near = np.sort(others[others <= t[-1]])
    before, up_to = np.searchsorted(near, t), np.searchsorted(near, t, "right")
    if rule:
        for place in np.flatnonzero(up_to > before):
            column = tie_column(rule, int(matches[place]), len(row))
            before[place] += np.count_nonzero(others[:column] == t[place])
    ranks = before + np.arange(1, len(matches) + 1)
    return ranks, int(matches[0] if ranks[0] == 1 else others.argmin())
