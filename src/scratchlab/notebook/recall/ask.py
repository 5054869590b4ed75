"""A question in, lines out: the heart of the notebook on one page.

time named        -> only what tells of that time
words             -> BM25 by ideas     meaning -> cosines (with the extra `meaning`)
both, summed      -> one rank; what stands in the same section counts as well
nothing like it   -> said plainly, with the reason, and what comes nearest
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
from scratchlab.notebook.index.memory import Memory
from scratchlab.notebook.recall.by_words import Lookup, look_up
from scratchlab.notebook.recall.ideas import Idea, ideas

SHOWN = 5
MEANING = 1.5  # what a cosine counts, beside the share of words
SECTION = 0.5  # what a section's share of words counts, beside an event's own
HEADING = 0.5  # what a heading counts, beside what stands under it


@dataclass(frozen=True)
class Bounds:
    """What an event must have more of before it is said to answer: both, as far as an encoder has read enough.

    covers: of the question, by rarity, what it, or what stands above it, has a word for.
    alike: its cosine with the question.
    """

    covers: float
    alike: float = -np.inf


ANYWHERE = Bounds(0.0, 0.46)
WITHIN = Bounds(0.0, 0.15)  # where a time is named as well, which is most of the answer
ANYWHERE_BY_WORDS = Bounds(0.85)
WITHIN_BY_WORDS = Bounds(0.0)
NAMED = 0.99  # of a question that a run has all words of: then it is asked for by its name


@dataclass(frozen=True)
class Evidence:
    """An event that answers, or comes near.

    number: by which an answer cites it, from 1.
    score: how well; comparable within one question alone.
    """

    number: int
    event: Event
    score: float


@dataclass(frozen=True)
class Found:
    """What was found.

    asked: the question, and the time it names.
    evidence: what answers, the best first; in the order of time if nothing but a time was asked for.
    nothing: why there is none, as a sentence; empty if there is some.
    near: what comes nearest beside, and does not say it for sure; numbered on.
    """

    asked: Window
    evidence: list[Evidence]
    nothing: str = ""
    near: list[Evidence] = field(default_factory=list)


def ask(question: str, now: datetime, memory: Memory, most: int = SHOWN) -> Found:
    """The lines that answer a question."""
    asked = window(clean(question), now)
    wanted = ideas(asked.rest)
    inside = memory.within(asked.span) if asked.span else np.arange(len(memory.held.ids))
    if asked.span and not len(inside):
        return Found(asked, [], nothing_then(memory, asked.span))
    if asked.span and not wanted:
        return Found(asked, _numbered(spread(memory.events(inside), most)))
    looked = look_up(memory, wanted)
    meaning = (memory.meaning or None) if wanted else None
    alike = meaning.cosines(asked.rest) if meaning else np.zeros(len(looked.shares), np.float32)
    scores = looked.shares + SECTION * looked.of_sections(memory.held.sections) + MEANING * alike
    scores = np.where(memory.held.headings, HEADING * scores, scores)
    best = inside[_first(scores[inside], most)]
    covers = looked.covers(best)
    telling = meaning is not None and meaning.telling
    bounds = (WITHIN if asked.span else ANYWHERE) if telling else (WITHIN_BY_WORDS if asked.span else ANYWHERE_BY_WORDS)
    sure = (covers > bounds.covers) & (alike[best] > bounds.alike)
    events = memory.events(best)
    sure |= np.array([event.kind == "run" for event in events], np.bool_) & (covers > NAMED)
    order: list[int] = np.argsort(~sure, kind="stable").tolist()
    best = best[order]
    found, surely = _numbered([events[i] for i in order], scores[best].tolist()), int(sure.sum())
    if surely:
        return Found(asked, found[:surely], near=found[surely:])
    return Found(
        asked, [], unsure(asked, _lacking(wanted, looked, int(best[0]), found[0].event) if found else [one.said for one in wanted]), found
    )


def _first(scores: npt.NDArray[np.float32], most: int) -> npt.NDArray[np.int64]:
    """Places of the largest above 0, the largest first, of equal ones the earlier; a sort of all would take most of a question's time."""
    some = np.flatnonzero(scores > 0)
    if len(some) > most:
        some = some[scores[some] >= np.partition(scores[some], -most)[-most]]
    return some[np.argsort(-scores[some], kind="stable")[:most]]


def _lacking(wanted: Sequence[Idea], looked: Lookup, place: int, event: Event) -> list[str]:
    """Words of the question of which an event, and what stands above it, has nothing."""
    text = "\n".join((event.text, *event.heading, *event.under)).casefold()
    held = {idea.said for idea, gain in zip(wanted, looked.gains[:, place], strict=True) if gain > 0 or idea.said.casefold() in text}
    return [said for said in dict.fromkeys(idea.said for idea in wanted) if said not in held]


def unsure(asked: Window, lacking: Sequence[str]) -> str:
    """That no line says it for sure, and what of the question the best has no word for."""
    where = f"Nothing of {asked.span.days} in your notes" if asked.span else "No line of your notes"
    return f"{where} says this for sure" + (
        f"; the best has nothing of {listing([f'“{word}”' for word in lacking], 6)}." if lacking else "."
    )


def _numbered(events: Sequence[Event], scores: Sequence[float] = ()) -> list[Evidence]:
    return [Evidence(i, event, scores[i - 1] if scores else 0.0) for i, event in enumerate(events, 1)]


def spread(events: Sequence[Event], most: int) -> list[Event]:
    """Of what a time holds, a few that stand for all: in turn one of each section, what leads a section first; in the order of time."""
    sections: dict[object, list[int]] = {}
    for i, event in enumerate(events):
        if event.kind != "heading":
            sections.setdefault((event.when, event.place.path, event.heading[:2]), []).append(i)
    turns = [section[i] for i in range(most) for section in sections.values() if i < len(section)]
    return [events[i] for i in sorted(turns[:most])]


def nothing_then(memory: Memory, span: Span) -> str:
    """That a time holds nothing, and which days around it do."""
    first, last = span.start.isoformat(), span.end.isoformat()
    before = memory.base.execute("SELECT max(start) FROM events WHERE finish <= ?", (first,)).fetchone()[0]
    after = memory.base.execute("SELECT min(start) FROM events WHERE start >= ?", (last,)).fetchone()[0]
    near = [
        f"the last before it are of {before[:10]}" if before else "none are before it",
        f"the first after it of {after[:10]}" if after else "none are later",
    ]
    if not before and not after:
        return f"There is nothing in your notes for {span.days}, nor for any other time."
    return f"There is nothing in your notes for {span.days}; {near[0]} and {near[1]}."
