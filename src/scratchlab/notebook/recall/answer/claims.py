"""Whether the numbers, names and dates of a sentence occur in the lines it cites."""

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
    """The numbers, names and dates in cited lines.

    numbers: (value, unit).
    units: units that the lines name without a number, as the header of a table does for its cells.
    names: names that contain digits. dates: times.
    near: reference day for dates without a year.
    """

    numbers: frozenset[tuple[Decimal, str]]
    units: frozenset[str]
    names: frozenset[str]
    dates: tuple[Span, ...]
    near: date | None

    @classmethod
    def of(cls, texts: Sequence[str], events: Sequence[Event]) -> Support:
        """Reads the events' texts, as they were sent, and their times."""
        times = [event.when for event in events if event.when]
        near = times[0].start.date() if times else None
        read = [figures(text, near, ones=True) for text in texts]
        if near is None:
            near = next((span.start.date() for read_figures in read for span, _ in read_figures.dates), None)
        numbers = {(number.value, unit) for read_figures in read for number in read_figures.numbers for unit in number.units}
        numbers |= {(Decimal(day.year), "") for read_figures in read for span, _ in read_figures.dates for day in days(span)}
        numbers |= {(Decimal(day.year), "") for span in times for day in days(span)}
        names = frozenset(name for read_figures in read for name in read_figures.names)
        dates = (*times, *(span for read_figures in read for span, _ in read_figures.dates))
        units = {unit for text in texts for unit in named(plain(text))} - {unit for _, unit in numbers}
        return cls(frozenset(numbers), frozenset(units), names, dates, near)

    def unsupported(self, sentence: str) -> Iterator[str]:
        """Yields the numbers, names and dates of a sentence that the lines do not contain, as written in the sentence."""
        claimed = figures(sentence, self.near)
        yield from self._numbers(claimed)
        yield from (name for name in claimed.names if name not in self.names)
        yield from (words for span, words in claimed.dates if not any(_supported(span, known) for known in self.dates))

    def _numbers(self, claimed: Figures) -> Iterator[str]:
        for number in claimed.numbers:
            if not any(self._number(number.value, unit) for unit in number.units):
                yield number.text

    def _number(self, value: Decimal, unit: str) -> bool:
        """Whether the lines contain the value: as it is, with its unit named elsewhere, or as a fraction for a percentage."""
        if (value, unit) in self.numbers or (unit in self.units and (value, "") in self.numbers):
            return True
        other = (value / HUNDRED, "") if unit == "%" else (value * HUNDRED, "%") if not unit else None
        return other is not None and (other[0].normalize() + 0, other[1]) in self.numbers


def _supported(claimed: Span, known: Span) -> bool:
    """Whether `known` lies within `said` (the 16th supports `in January`), or `said` is the first or last day of `known`."""
    first, last = days(claimed)
    begins, ends = days(known)
    return (first <= begins and ends <= last) or (first == last and first in (begins, ends))
