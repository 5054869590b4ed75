"""Events ranked by the ideas they share with a question: for each idea BM25 of the best of its words.

A sum over words would count a thing once for every name it has. A word stands in a bullet once, if at all, so BM25 (Robertson and Zaragoza,
2009, eq. 3.15) is taken for one occurrence: then only rows are asked of SQLite, and the arithmetic is on whole arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from scratchlab.notebook.index.memory import Memory
from scratchlab.notebook.recall.ideas import Idea

ABOVE = 0.5  # what a word above an event counts, beside one in it
K1, B = 1.2, 0.15
COMMON = 2500  # events in which a word may stand and still be looked up, unless there is no rarer one

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Lookup:
    """What was found by words.

    gains: `[ideas, n]`: what each idea gives each event, 0 to 1, before rarity.
    rarity: `[ideas]`: how much each tells: the logarithm of how many events there are to one that has it.
    """

    gains: Array
    rarity: Array

    @property
    def shares(self) -> Array:
        """`[n]`: how much of the question each event has, 0 to about 1."""
        return _shares(self.gains, self.rarity)

    def covers(self, places: npt.NDArray[np.int64]) -> Array:
        """How much of the question the events at these places, or what stands above them, have a word for: 0 to 1, by rarity."""
        return _shares((self.gains[:, places] > 0).astype(np.float32), self.rarity)

    def of_sections(self, sections: npt.NDArray[np.int64]) -> Array:
        """`[n]`: how much of the question stands anywhere in the section of each event, whose numbers are given."""
        most = np.zeros((len(self.gains), int(sections.max(initial=-1)) + 1), np.float32)
        for idea, gains in enumerate(self.gains):
            found = np.flatnonzero(gains)
            np.maximum.at(most[idea], sections[found], gains[found])
        return _shares(most, self.rarity)[sections]


def _shares(gains: Array, rarity: Array) -> Array:
    summed: Array = rarity @ gains
    return summed / np.float32(rarity.sum() or 1)


def look_up(memory: Memory, ideas: Sequence[Idea]) -> Lookup:
    """The events that share ideas with a question."""
    events = memory.held
    n = len(events.ids)
    gains = np.zeros((len(ideas), n), np.float32)
    common: list[tuple[int, str, float]] = []
    for number, idea in enumerate(ideas):
        common += [(number, term, weight) for term, weight in idea.terms if not _gain(memory, gains[number], term, weight)]
    if not gains.any():
        for number, term, weight in common:
            _gain(memory, gains[number], term, weight, COMMON)
    held = np.count_nonzero(gains, axis=1)
    for number, _, _ in common:
        held[number] = max(held[number], COMMON)
    return Lookup(gains, np.log((n + 1) / (held + 0.5)).clip(0).astype(np.float32))


def _gain(memory: Memory, gains: Array, term: str, weight: float, limit: int = 0) -> bool:
    """Raises what an idea gives the events that a term stands in; False, and nothing, if these are too many."""
    found: list[npt.NDArray[np.int64]] = []
    for column in ("body", "above"):
        found.append(_rows(memory, f"{column} : {term}", limit or COMMON + 1))
        if not limit and len(found[-1]) > COMMON:
            return False
    events = memory.held
    for rows, counts in zip(found, (1.0, ABOVE), strict=True):
        places = np.searchsorted(events.ids, rows)
        saturated = (K1 + 1) / (1 + K1 * (1 - B + B * events.lengths[places]))
        gains[places] = np.maximum(gains[places], weight * counts * saturated / (K1 + 1) * _SCALE)
    return True


_SCALE = 1 + K1 * (1 - B + B * 0.25)  # so that one word in an event of a quarter of the usual length gives 1


def _rows(memory: Memory, query: str, limit: int) -> npt.NDArray[np.int64]:
    found = memory.base.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?", (query, limit)).fetchall()
    return np.fromiter(chain.from_iterable(found), np.int64, len(found))
