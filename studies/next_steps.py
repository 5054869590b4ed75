"""How often one of five suggested next steps is followed up on the next day of a log, compared with simpler rules.

    python studies/next_steps.py --note LOG.md --others OTHER.md OTHER.md

Each day of the log, from the fourth on, is predicted only from the days before it. A suggestion is an earlier line, evaluated by its first
120 characters, which are the part that the screen shows.

A suggestion is followed up if a line of the day, with the headings above it, shares rare words of two different terms with it (`flash_attn`
and `modded-nanogpt` are one term each). A word is rare if at most one in twenty of the log's past lines has it, or two lines have, and if
it is neither a function word nor found in two of the other logs. The stricter criterion asks for three terms.

The criterion was chosen from its matches in the first eight days. A first version used whole paragraphs; there the longest past paragraphs
hit on 70 % of the days because of their length alone, so only the visible part counts now; by then all days had been seen, so this is not a
blind test. The suggestions had been selected before, on the same log by another criterion (.46, against .38 for the last day's first five),
so no day is new for them; this study measures whether that selection holds by a second criterion.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scratchlab.notebook.daily.event_line import SHOWN, plain
from scratchlab.notebook.daily.next_steps import suggested
from scratchlab.notebook.daily.unfinished import unfinished
from scratchlab.notebook.events import Event
from scratchlab.notebook.index.fillers import ENGLISH
from scratchlab.notebook.index.words import words
from scratchlab.notebook.vault import notes
from scratchlab.notebook.vault.decoding import lines

FIVE = 5
BEFORE = 3  # days required before a predicted day
DRAWS = 4000  # of the bootstrap over days, and of random suggestions
TERM = re.compile(r"\w+(?:[-./_]\w+)*")

Past = Sequence[Sequence[Event]]
"""The lines of each day before the predicted one."""


class Log:
    """A log by days, and its informative words."""

    def __init__(self, path: Path, others: Sequence[Path], known: date) -> None:
        days: dict[date, list[Event]] = {}
        for event in notes.events(path, lines(path.read_bytes()), known):
            if event.when and event.kind in ("note", "task", "question"):
                days.setdefault(event.when.start.date(), []).append(event)
        self.days = [days[day] for day in sorted(days)]
        seen = Counter(word for other in others if other != path for word in set(words(other.read_text(encoding="utf-8"))))
        self.common = {word for word, logs in seen.items() if logs >= 2} | ENGLISH

    def telling(self, text: str) -> set[str]:
        return {word for word in words(text) if len(word) > 2 and not word.isdigit() and word not in self.common}

    def judge(self, number: int, terms: int) -> Callable[[Event], bool]:
        """A function that tells whether an earlier line is followed up on the day of this number."""
        past = [self.telling(event.text) for day in self.days[:number] for event in day]
        frequency = Counter(word for line in past for word in line)
        most = max(2, len(past) / 20)
        day = [self.telling(" \n".join((event.text, *event.heading[1:]))) for event in self.days[number]]

        def followed(event: Event) -> bool:
            shown = plain(event.text)[:SHOWN]
            rare = {word for word in self.telling(shown) if frequency[word] <= most}
            parts = [set(words(term)) & rare for term in TERM.findall(shown)]
            return any(_different(parts, line) >= terms for line in day)

        return followed


def _different(parts: Sequence[set[str]], line: set[str]) -> int:
    """The number of terms that share a word with the line, each with a different word."""
    counted: set[str] = set()
    number = 0
    for shared in sorted((part & line for part in parts), key=len):
        if shared and not shared & counted:
            number += 1
            counted |= shared
    return number


def recency(past: Past) -> Sequence[Event]:
    """The first five lines of the last day."""
    return past[-1][:FIVE]


def open_items(past: Past) -> Sequence[Event]:
    """The last five unfinished items."""
    return [event for day in reversed(past) for event in day if unfinished(event)][:FIVE]


def longest(past: Past) -> Sequence[Event]:
    """The longest five lines of the last day, as a check that length alone does not suffice."""
    return sorted(past[-1], key=lambda event: -len(event.text))[:FIVE]


def similar(past: Past) -> Sequence[Event]:
    """The first five lines of the day after the one most similar to the last day, by cosine of tf-idf."""
    bags = [Counter(word for event in day for word in words(event.text)) for day in past]
    held = Counter(word for bag in bags for word in bag)
    weighed = [{word: count * np.log(len(bags) / held[word]) for word, count in bag.items()} for bag in bags]

    def cosine(a: dict[str, float], b: dict[str, float]) -> float:
        lengths = np.sqrt(sum(x * x for x in a.values()) * sum(x * x for x in b.values()))
        return sum(x * b.get(word, 0.0) for word, x in a.items()) / (lengths or 1.0)

    like = max(range(len(past) - 1), key=lambda day: cosine(weighed[day], weighed[-1]))
    return past[like + 1][:FIVE]


def ours(past: Past) -> Sequence[Event]:
    """Two open items and one line of each of the last day's entries, as `scratchlab start` suggests."""
    return [step.event for step in suggested([event for day in past for event in day], FIVE)]


RULES: dict[str, Callable[[Past], Sequence[Event]]] = {
    "two open items + last-day spread": ours,
    "last day's first five": recency,
    "five open items": open_items,
    "after the most similar day": similar,
    "longest five of the last day": longest,
}
RANDOM = "random past"


def hits(log: Log, terms: int) -> dict[str, npt.NDArray[np.float64]]:
    """By rule and predicted day: whether one of five suggestions was followed up; for random lines, its probability."""
    found: dict[str, list[float]] = {name: [] for name in (*RULES, RANDOM)}
    for number in range(BEFORE, len(log.days)):
        past, followed = log.days[:number], log.judge(number, terms)
        for name, rule in RULES.items():
            found[name].append(float(any(map(followed, rule(past)))))
        share = np.mean([followed(event) for day in past for event in day])
        found[RANDOM].append(float(1 - (1 - share) ** FIVE))
    return {name: np.array(values) for name, values in found.items()}


def interval(values: npt.NDArray[np.float64]) -> str:
    """Mean and 95 % interval by a bootstrap over days; no interval if all days are equal."""
    if values.max() == values.min():
        return f"{values.mean():.2f} on all {len(values)}"
    drawn = values[np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))].mean(1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{values.mean():.2f} [{low:.2f}, {high:.2f}]"


def table(log: Log, terms: int) -> Iterator[str]:
    found = hits(log, terms)
    third = round(len(log.days) / 3) - BEFORE
    yield f"| {'rule':32} | {'all':17} | {'first third':17} | {'the rest':17} | {'ours minus it, the rest':23} |"
    yield f"|{'-' * 34}|{'-' * 19}|{'-' * 19}|{'-' * 19}|{'-' * 25}|"
    for name, values in found.items():
        minus = "" if name == next(iter(RULES)) else interval((found[next(iter(RULES))] - values)[third:])
        shares = (interval(part) for part in (values, values[:third], values[third:]))
        yield f"| {name:32} | {' | '.join(f'{share:17}' for share in shares)} | {minus:23} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--note", type=Path, required=True, help="a log with dated headings")
    parser.add_argument("--others", type=Path, nargs="+", required=True, help="logs of other people, which determine common words")
    parser.add_argument("--near", type=date.fromisoformat, default=date(2026, 1, 1), help="a date near which it was written")
    given = parser.parse_args()
    log = Log(given.note, given.others, given.near)
    if len(log.days) <= 2 * BEFORE:
        print(f"{given.note.name} has {len(log.days)} dated days: undefined, because fewer than {BEFORE + 1} could be predicted")
        return
    for terms in (2, 3):
        print(f"{given.note.name}: hit@{FIVE} on {len(log.days) - BEFORE} of {len(log.days)} days, {terms} shared terms\n")
        print("\n".join(table(log, terms)), end="\n\n")


if __name__ == "__main__":
    main()
