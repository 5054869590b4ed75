"""Whether what a sentence says in figures stands in the lines it cites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from scratchlab.notebook.events import Event, Span
from scratchlab.notebook.recall.answer.numbers import Figures, days, figures, plain
from scratchlab.notebook.recall.answer.units import named

HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Support:
    """What cited lines say in figures.

    numbers: value and unit.
    units: those that the lines name and no number of theirs carries, as the head of a table does for its cells.
    names, dates: what holds numbers; times.
    near: a day from which dates without a year are understood.
    """

    numbers: frozenset[tuple[Decimal, str]]
    units: frozenset[str]
    names: frozenset[str]
    dates: tuple[Span, ...]
    near: date | None

    @classmethod
    def of(cls, texts: Sequence[str], events: Sequence[Event]) -> Support:
        """Of the events' texts, as they were sent, and of their times."""
        times = [event.when for event in events if event.when]
        near = times[0].start.date() if times else None
        read = [figures(text, near, ones=True) for text in texts]
        if near is None:
            near = next((span.start.date() for one in read for span, _ in one.dates), None)
        numbers = {(number.value, unit) for one in read for number in one.numbers for unit in number.units}
        numbers |= {(Decimal(day.year), "") for one in read for span, _ in one.dates for day in days(span)}
        numbers |= {(Decimal(day.year), "") for span in times for day in days(span)}
        names = frozenset(name for one in read for name in one.names)
        dates = (*times, *(span for one in read for span, _ in one.dates))
        units = {unit for text in texts for unit in named(plain(text))} - {unit for _, unit in numbers}
        return cls(frozenset(numbers), frozenset(units), names, dates, near)

    def lacks(self, sentence: str) -> Iterator[str]:
        """What a sentence says in figures and the lines do not, as the sentence says it."""
        said = figures(sentence, self.near)
        yield from self._numbers(said)
        yield from (name for name in said.names if name not in self.names)
        yield from (words for span, words in said.dates if not any(_supported(span, known) for known in self.dates))

    def _numbers(self, said: Figures) -> Iterator[str]:
        for number in said.numbers:
            if not any(self._number(number.value, unit) for unit in number.units):
                yield number.said

    def _number(self, value: Decimal, unit: str) -> bool:
        """As it stands there; without its unit, which is named elsewhere; or as a share for a percentage."""
        if (value, unit) in self.numbers or (unit in self.units and (value, "") in self.numbers):
            return True
        other = (value / HUNDRED, "") if unit == "%" else (value * HUNDRED, "%") if not unit else None
        return other is not None and (other[0].normalize() + 0, other[1]) in self.numbers


def _supported(said: Span, known: Span) -> bool:
    """A date is supported by itself and by what lies within it (`in January` by the 16th), a day also as the first or last of several."""
    first, last = days(said)
    begins, ends = days(known)
    return (first <= begins and ends <= last) or (first == last and first in (begins, ends))
