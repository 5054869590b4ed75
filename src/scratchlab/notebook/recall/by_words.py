"""Ranks events by the ideas they share with a question: for each idea, BM25 of its best matching word.

Summing over words would count an idea once for each of its names. A word rarely occurs twice in a bullet, so BM25 (Robertson and Zaragoza,
2009, eq. 3.15) is computed for one occurrence: SQLite returns row ids only, and scores are computed on whole arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from scratchlab.notebook.index.search_index import SearchIndex
from scratchlab.notebook.recall.ideas import Idea

ABOVE = 0.5  # weight of a word above an event relative to one in it
K1, B = 1.2, 0.15
COMMON = 2500  # words in more events than this are only looked up if no rarer word matches

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Lookup:
    """Scores by words.

    gains: `[ideas, n]`, score of each idea in each event, 0 to 1, before weighting.
    rarity: `[ideas]`, weights: inverse document frequency, log(events / events with the idea).
    """

    gains: Array
    rarity: Array

    @property
    def scores(self) -> Array:
        """`[n]`: weighted mean score of each event, 0 to about 1."""
        return _weighted_mean(self.gains, self.rarity)

    def covers(self, places: npt.NDArray[np.int64]) -> Array:
        """For the events at these positions, the fraction of the question's ideas, weighted by rarity, that occur in or above them."""
        return _weighted_mean((self.gains[:, places] > 0).astype(np.float32), self.rarity)

    def of_sections(self, sections: npt.NDArray[np.int64]) -> Array:
        """`[n]`: weighted mean score of each event's section; sections: `[n]`, the section number of each event."""
        most = np.zeros((len(self.gains), int(sections.max(initial=-1)) + 1), np.float32)
        for idea, gains in enumerate(self.gains):
            found = np.flatnonzero(gains)
            np.maximum.at(most[idea], sections[found], gains[found])
        return _weighted_mean(most, self.rarity)[sections]


def _weighted_mean(gains: Array, rarity: Array) -> Array:
    summed: Array = rarity @ gains
    return summed / np.float32(rarity.sum() or 1)


def look_up(index: SearchIndex, ideas: Sequence[Idea]) -> Lookup:
    """Scores all events for the ideas of a question."""
    events = index.arrays
    n = len(events.ids)
    gains = np.zeros((len(ideas), n), np.float32)
    common: list[tuple[int, str, float]] = []
    for number, idea in enumerate(ideas):
        common += [(number, term, weight) for term, weight in idea.terms if not _gain(index, gains[number], term, weight)]
    if not gains.any():
        for number, term, weight in common:
            _gain(index, gains[number], term, weight, COMMON)
    document_counts = np.count_nonzero(gains, axis=1)
    for number, _, _ in common:
        document_counts[number] = max(document_counts[number], COMMON)
    return Lookup(gains, np.log((n + 1) / (document_counts + 0.5)).clip(0).astype(np.float32))


def _gain(index: SearchIndex, gains: Array, term: str, weight: float, limit: int = 0) -> bool:
    """Updates an idea's scores with one of its terms; returns False and changes nothing if the term is too common."""
    rows_of: list[npt.NDArray[np.int64]] = []
    for column in ("body", "above"):
        rows_of.append(_rows(index, f"{column} : {term}", limit or COMMON + 1))
        if not limit and len(rows_of[-1]) > COMMON:
            return False
    events = index.arrays
    for rows, counts in zip(rows_of, (1.0, ABOVE), strict=True):
        places = np.searchsorted(events.ids, rows)
        saturated = (K1 + 1) / (1 + K1 * (1 - B + B * events.lengths[places]))
        gains[places] = np.maximum(gains[places], weight * counts * saturated / (K1 + 1) * _SCALE)
    return True


_SCALE = 1 + K1 * (1 - B + B * 0.25)  # a word in an event of a quarter of the mean length scores 1


def _rows(index: SearchIndex, query: str, limit: int) -> npt.NDArray[np.int64]:
    found = index.database.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?", (query, limit)).fetchall()
    return np.fromiter(chain.from_iterable(found), np.int64, len(found))
