"""Whether two logs tell of one run: the figures they begin with, as fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice

from scratchlab.notebook.logs import names
from scratchlab.notebook.logs.log import Log
from scratchlab.notebook.logs.shapes import Label, written

FEWEST, MOST = 8, 4096  # figures: below, two logs may agree by chance; above, none that differ agreed so long


def prints(log: Log) -> tuple[str, ...]:
    """Fingerprints of the first 8, 16, 32, … 4096 metrics as printed, then one of the whole; none of fewer than 8.

    Times, rates and places in training do not count, as they differ between runs that computed the same.
    """
    digest, made, count = hashlib.blake2b(digest_size=8), list[str](), 0
    for name, text in islice(_metrics(log), MOST):
        digest.update(f"{name}={text};".encode())
        count += 1
        if count >= FEWEST and count & (count - 1) == 0:
            made.append(digest.hexdigest())
    if made:
        digest.update(f"{len(log.rows)} {list(log.rows[-1].cells) if count == MOST else ''}".encode())
        made.append(digest.hexdigest())
    return tuple(made)


def first(log: Log) -> list[str]:
    """The metrics that a log prints first, as printed, as many as its like must share; none of a log with fewer."""
    found = list(islice(_metrics(log), FEWEST))
    return [text for _, text in found] if len(found) == FEWEST else []


def _metrics(log: Log) -> Iterator[tuple[str, str]]:
    """Metrics and their means: name and text."""
    chosen: dict[int, list[tuple[Label, int]]] = {}
    for row in log.rows:
        spots = chosen.get(id(row.shape))
        if spots is None:
            spots = chosen[id(row.shape)] = [
                (spot.name, spot.slot)
                for spot in row.shape.spots
                if spot.kind in ("value", "mean") and names.is_metric(spot.name if isinstance(spot.name, str) else str(spot.name[0]))
            ]
        for name, slot in spots:
            if text := row.cells[slot].strip():
                yield written(name, row.cells), text


def shared(one: Sequence[str], other: Sequence[str]) -> str:
    """What the fingerprints of two logs say: `the same figures`, `the same first 64 figures` (one seed, or one that broke off), or "".

    The number is a power of two: they agree in so many, and perhaps in some more.
    """
    if one and one == other:
        return "the same figures"
    same = 0
    for mine, theirs in zip(one[:-1], other[:-1], strict=False):
        if mine != theirs:
            break
        same += 1
    return f"the same first {FEWEST << (same - 1)} figures" if same else ""
