"""From a question to lines: the search of the notebook.

date in the question  -> only events of that time
words                 -> BM25 by ideas     meaning -> cosines (with the extra `meaning`)
weighted sum of both  -> rank; words elsewhere in the same section count as well
no sufficient match   -> no answer, with the reason and the nearest events
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from scratchlab.checks import listing
from scratchlab.notebook.dates.windows import Window, window
from scratchlab.notebook.derived import clean
from scratchlab.notebook.events import Event, Span
from scratchlab.notebook.index.search_index import SearchIndex
from scratchlab.notebook.recall.by_words import Lookup, look_up
from scratchlab.notebook.recall.ideas import Idea, ideas

SHOWN = 5
MEANING = 1.5  # weight of the cosine relative to the word score
SECTION = 0.5  # weight of the section's word score relative to the event's own
HEADING = 0.5  # factor on the score of headings relative to the lines under them


@dataclass(frozen=True)
class Bounds:
    """Thresholds that an event must exceed to count as an answer.

    covers: fraction of the question's ideas, weighted by rarity, that occur in the event or above it.
    alike: cosine with the question; not used without reliable vectors.
    """

    covers: float
    alike: float = -np.inf


ANYWHERE = Bounds(0.0, 0.46)
WITHIN = Bounds(0.0, 0.15)  # for questions with a date, which already narrows the answer
ANYWHERE_BY_WORDS = Bounds(0.85)
WITHIN_BY_WORDS = Bounds(0.0)
NAMED = 0.99  # coverage by a run above which the question is taken to name that run


@dataclass(frozen=True)
class Evidence:
    """An event found for a question.

    number: from 1; answers cite it.
    score: comparable within one question only.
    """

    number: int
    event: Event
    score: float


@dataclass(frozen=True)
class SearchResult:
    """The result of a search.

    query: the question and the time it names.
    evidence: events that answer, the best first; in order of time if the question only names a time.
    reason: why there is no evidence, as a sentence; "" if there is some.
    uncertain: the next best events, which may not answer; numbered after the evidence.
    """

    query: Window
    evidence: list[Evidence]
    reason: str = ""
    uncertain: list[Evidence] = field(default_factory=list)


def ask(question: str, now: datetime, index: SearchIndex, most: int = SHOWN) -> SearchResult:
    """Searches for at most `most` events that answer a question."""
    query = window(clean(question), now)
    wanted = ideas(query.rest)
    inside = index.within(query.span) if query.span else np.arange(len(index.arrays.ids))
    if query.span and not len(inside):
        return SearchResult(query, [], no_events_reason(index, query.span))
    if query.span and not wanted:
        return SearchResult(query, _numbered(sample_sections(index.events(inside), most)))
    lookup = look_up(index, wanted)
    meaning = (index.meaning or None) if wanted else None
    cosines = meaning.cosines(query.rest) if meaning else np.zeros(len(lookup.scores), np.float32)
    scores = lookup.scores + SECTION * lookup.of_sections(index.arrays.sections) + MEANING * cosines
    scores = np.where(index.arrays.headings, HEADING * scores, scores)
    positions = inside[_first(scores[inside], most)]
    covers = lookup.covers(positions)
    reliable = meaning is not None and meaning.reliable
    bounds = (WITHIN if query.span else ANYWHERE) if reliable else (WITHIN_BY_WORDS if query.span else ANYWHERE_BY_WORDS)
    certain = (covers > bounds.covers) & (cosines[positions] > bounds.alike)
    events = index.events(positions)
    certain |= np.array([event.kind == "run" for event in events], np.bool_) & (covers > NAMED)
    order: list[int] = np.argsort(~certain, kind="stable").tolist()
    positions = positions[order]
    found, n_certain = _numbered([events[i] for i in order], scores[positions].tolist()), int(certain.sum())
    if n_certain:
        return SearchResult(query, found[:n_certain], uncertain=found[n_certain:])
    return SearchResult(
        query,
        [],
        uncertain_reason(
            query, _missing_words(wanted, lookup, int(positions[0]), found[0].event) if found else [idea.text for idea in wanted]
        ),
        found,
    )


def _first(scores: npt.NDArray[np.float32], most: int) -> npt.NDArray[np.int64]:
    """Positions of the `most` largest positive scores, descending, ties in order; partitions first, as sorting all scores is slow."""
    candidates = np.flatnonzero(scores > 0)
    if len(candidates) > most:
        candidates = candidates[scores[candidates] >= np.partition(scores[candidates], -most)[-most]]
    return candidates[np.argsort(-scores[candidates], kind="stable")[:most]]


def _missing_words(wanted: Sequence[Idea], looked: Lookup, place: int, event: Event) -> list[str]:
    """Words of the question that occur neither in the event nor above it."""
    text = "\n".join((event.text, *event.heading, *event.under)).casefold()
    found = {idea.text for idea, gain in zip(wanted, looked.gains[:, place], strict=True) if gain > 0 or idea.text.casefold() in text}
    return [text for text in dict.fromkeys(idea.text for idea in wanted) if text not in found]


def uncertain_reason(query: Window, missing: Sequence[str]) -> str:
    """The sentence that no line answers with certainty, with the words that the best match lacks."""
    where = f"Nothing from {query.span.days} in your notes" if query.span else "No line of your notes"
    return f"{where} is a certain answer" + (f"; the best match lacks {listing([f'“{word}”' for word in missing], 6)}." if missing else ".")


def _numbered(events: Sequence[Event], scores: Sequence[float] = ()) -> list[Evidence]:
    return [Evidence(i, event, scores[i - 1] if scores else 0.0) for i, event in enumerate(events, 1)]


def sample_sections(events: Sequence[Event], most: int) -> list[Event]:
    """A sample of at most `most` events: in turn one from each section, its first line first; in order of time."""
    sections: dict[object, list[int]] = {}
    for i, event in enumerate(events):
        if event.kind != "heading":
            sections.setdefault((event.when, event.place.path, event.heading[:2]), []).append(i)
    turns = [section[i] for i in range(most) for section in sections.values() if i < len(section)]
    return [events[i] for i in sorted(turns[:most])]


def no_events_reason(index: SearchIndex, span: Span) -> str:
    """The sentence that there are no events in a span, with the nearest days that have some."""
    first, last = span.start.isoformat(), span.end.isoformat()
    before = index.database.execute("SELECT max(start) FROM events WHERE finish <= ?", (first,)).fetchone()[0]
    after = index.database.execute("SELECT min(start) FROM events WHERE start >= ?", (last,)).fetchone()[0]
    near = [
        f"the last before it are from {before[:10]}" if before else "there are none before it",
        f"the first after it are from {after[:10]}" if after else "there are none after it",
    ]
    if not before and not after:
        return f"There is nothing in your notes for {span.days}, nor for any other time."
    return f"There is nothing in your notes for {span.days}; {near[0]} and {near[1]}."
