"""English words and patterns for times."""

from __future__ import annotations

import re

from scratchlab.notebook.dates.windows.rules import FEW, Counts
from scratchlab.notebook.dates.written import MONTH, MONTHS

COUNTING = ("a an one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
COUNTS = {word: (i, i) for i, words in enumerate(COUNTING, 1) for word in words.split()} | {"couple": (2, 3), "few": FEW, "several": FEW}
ORDERED = ("first 1st", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th")
ORDINALS = {word: i for i, words in enumerate(ORDERED, 1) for word in words.split()} | {"last": -1, "final": -1}
THIRDS = {"early": 1, "beginning": 1, "start": 1, "mid": 2, "middle": 2, "late": 3, "end": 3}
HALVES = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "latter": 2, "other": 2}
SURE_LEADS = ("in", "during", "since", "until", "till", "early", "late", "mid")
LEADS = ("on", "of", "from", "before", "after", "by", "through", "last")
LOOSE_LEADS = ("to", "all", "this", "the")  # also before verbs and nouns: `this may fail`, `the march of time`
DAY_LEADS = ("on", "since", "until", "before", "after", "from", "by", "week of")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAYS = {
    "new year": "new year",
    "christmas": "christmas",
    "xmas": "christmas",
    "mid-autumn": "mid-autumn",
    "labour day": "labour day",
} | dict.fromkeys(("chinese new year", "lunar new year", "spring festival"), "lunar new year")

NUMBER = r"\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
COUNT = rf"(?<!\d\.)(?P<n>(?:(?:{NUMBER})\s*(?:or|to|-)\s*)?(?:{NUMBER})|an?(?:\s+(?:couple|few)(?:\s+of)?)?|couple\s+of|few|several)"
UNIT = r"(?P<unit>hour|day|week|month|year)s?"
FULL_DAY = r"monday|tuesday|wednesday|thursday|friday|saturday|sunday"
SHORT_DAY = r"mon|tues?|weds?|thu(?:rs?)?|fri|sat|sun"
DAY = rf"(?P<day>{FULL_DAY}|{SHORT_DAY})\b"
NTH_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th)\b"
DAY_NUMBER = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?\b"
TO = r"\s*(?:-|–|to|through|till|until|~)\s*"
AND = r"\s+(?:and|or|&)\s+"
AND_DAY = rf"{AND}(?:the\s+)?{DAY_NUMBER.replace('?P<d>', '?P<to>')}"
NOT_COMING = "".join(rf"(?<!\b{word} )" for word in ("next", "coming", "upcoming", "every", "each"))
NAMED_MONTH = rf"(?P<month>{MONTH})\b"
SURE_MONTH = r"(?P<month>january|february|april|june|july|august|sept(?:ember)?|october|november|december)\b"
ABBREVIATED = "mar|aug|dec|sep|oct"  # also abbreviations of other words, e.g. of decoder
CLAUSE_ENDS = r"\s*(?:$|[?!.,;:)]|'s|(?:of\s+)?(?:19|20)\d\d)"
YEAR = r"(?:,?\s+(?:of\s+)?(?P<year>(?:19|20)\d\d))?"


def led(words: tuple[str, ...]) -> str:
    """A lookbehind: one of these words precedes."""
    return "".join(("(?:", "|".join(rf"(?<=\b{word} )" for word in words), ")"))


def or_last(names: str) -> str:
    """A lookahead: not one of these names in lower case, unless the clause ends after it."""
    return rf"(?!(?-i:{names})\b(?!{CLAUSE_ENDS}))"


LED = led((*SURE_LEADS, *LEADS))
LED_MONTH = (
    rf"(?:{led(SURE_LEADS)}|{led(LEADS)}{or_last(ABBREVIATED)}|{led(LOOSE_LEADS)}{or_last(f'may|march|{ABBREVIATED}')}){NAMED_MONTH}"
)
ORDINAL = r"(?P<nth>first|1st|second|2nd|third|3rd|fourth|4th|fifth|5th|last|final)"
_NO_PLURAL = "was|has|as|vs|does|its|always|perhaps|whereas|besides|sometimes|afterwards|towards|regards|ours|yes"  # not plural
COUNTED = (  # nouns after which a year is a number: `in 2000 steps`, `of 2000 runs`, `from 2000 to 4000 steps`
    r"\s+(?:step|iteration|epoch|sample|image|frame|dimension|dim|clip|item|point|unit|token|hz)\b|"
    rf"\s+(?!(?:{_NO_PLURAL})\b)[a-z]*[^\W\dius_]s\b"
)
NOT_COUNTING = rf"(?!{COUNTED}|{TO}\d+(?!\d|[-/.]\d|(?:st|nd|rd|th)?\s+(?:of\s+)?{MONTH}\b))"
CLOSED = r"(?=\s*(?:$|[?!.,;:)]|(?:did|do|was|were|what|which|why|how|where|who|when|i|we|the|until|to|and|of\s+this)\b))"


def counts(match: re.Match[str]) -> Counts:
    """Parses `3`, `a few`, `two or three`."""
    numbers = re.findall(NUMBER, match["n"], re.IGNORECASE)
    if numbers:
        values = sorted(_sure(number.lower()) for number in numbers)
        return values[0], values[-1]
    return COUNTS[next(word for word in reversed(match["n"].lower().split()) if word != "of")]


def _sure(word: str) -> int:
    return int(word) if word.isdigit() else COUNTS[word][0]


def unit(match: re.Match[str]) -> str:
    """The matched unit in lower case."""
    return match["unit"].lower()


def month_number(match: re.Match[str]) -> int:
    """The number of the matched month, January = 1."""
    return MONTHS.index(match["month"][:3].lower()) + 1


def year_of(match: re.Match[str]) -> int | None:
    """The matched year; None without one."""
    year = match.groupdict().get("year")
    return int(year) if year else None


def weekday(match: re.Match[str]) -> int:
    """The number of the matched weekday, Monday = 0."""
    return WEEKDAYS.index(match["day"][:3].lower())


def last_weekday(match: re.Match[str]) -> int:
    """The number of the second weekday of a range."""
    return WEEKDAYS.index(match["to"][:3].lower())


def season_name(match: re.Match[str]) -> str:
    """The matched season; `fall` is autumn."""
    return match["season"].lower().replace("fall", "autumn")
