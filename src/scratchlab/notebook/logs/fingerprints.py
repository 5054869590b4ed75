"""Whether two logs come from the same run: fingerprints of the figures they begin with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice

from scratchlab.notebook.logs import names
from scratchlab.notebook.logs.log import Log
from scratchlab.notebook.logs.shapes import Label, filled_in

FEWEST, MOST = 8, 4096  # fewer figures may agree by chance; different logs never agreed in more


def fingerprints(log: Log) -> tuple[str, ...]:
    """Fingerprints of the first 8, 16, 32, … 4096 printed metrics, and of the whole log; none with fewer than 8 metrics.

    Times, speeds and epoch or step numbers are ignored, as they differ between identical runs.
    """
    digest, found, count = hashlib.blake2b(digest_size=8), list[str](), 0
    for name, text in islice(_metrics(log), MOST):
        digest.update(f"{name}={text};".encode())
        count += 1
        if count >= FEWEST and count & (count - 1) == 0:
            found.append(digest.hexdigest())
    if found:
        digest.update(f"{len(log.rows)} {list(log.rows[-1].cells) if count == MOST else ''}".encode())
        found.append(digest.hexdigest())
    return tuple(found)


def first_metrics(log: Log) -> list[str]:
    """The first metrics of a log as printed, as many as two logs must share to match; none if it has fewer."""
    found = list(islice(_metrics(log), FEWEST))
    return [text for _, text in found] if len(found) == FEWEST else []


def _metrics(log: Log) -> Iterator[tuple[str, str]]:
    """Yields name and text of each metric and running mean."""
    spots_by_shape: dict[int, list[tuple[Label, int]]] = {}
    for row in log.rows:
        spots = spots_by_shape.get(id(row.shape))
        if spots is None:
            spots = spots_by_shape[id(row.shape)] = [
                (spot.name, spot.slot)
                for spot in row.shape.spots
                if spot.kind in ("value", "mean") and names.is_metric(spot.name if isinstance(spot.name, str) else str(spot.name[0]))
            ]
        for name, slot in spots:
            if text := row.cells[slot].strip():
                yield filled_in(name, row.cells), text


def shared_figures(first_log: Sequence[str], second_log: Sequence[str]) -> str:
    """What two logs share by their fingerprints: `the same figures`, `the same first 64 figures` (a lower bound, a power of two), or "".

    The same first figures mean the same seed, or a run that was interrupted.
    """
    if first_log and first_log == second_log:
        return "the same figures"
    same = 0
    for mine, theirs in zip(first_log[:-1], second_log[:-1], strict=False):
        if mine != theirs:
            break
        same += 1
    return f"the same first {FEWEST << (same - 1)} figures" if same else ""
