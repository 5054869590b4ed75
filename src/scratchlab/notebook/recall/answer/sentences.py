"""Splits a model's text into sentences, each with the numbers of the lines it cites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Sentence(NamedTuple):
    """A sentence without its citations; ids: the numbers it cites, in order."""

    text: str
    ids: tuple[int, ...]


THINKING = re.compile(r"^\s*<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_ID = r"\s*\^?\d{1,4}\s*"
CITED = re.compile(rf"[\[［【]({_ID}(?:[,，、;]{_ID})*)[\]］】]")
_MARK = re.compile(r"^\s*(?:[-*+•·]\s+|\d{1,2}[.)]\s+|#{1,6}\s+|>\s*)+")
_BOLD = re.compile(r"\*\*(?=\S)([^*]+)(?<=\S)\*\*")
_GOES_ON = ("e.g", "i.e", "vs", "cf", "ca", "approx", "dr", "mr", "ms", "mrs", "prof", "al", "resp", "incl", "[a-z]")  # the last: initials
_COUNTS = ("fig", "eq", "sec", "no", "exp", "ch", "p", "pp", "tab", "vol")  # abbreviations before a number


def _behind(words: tuple[str, ...]) -> str:
    return "(?:" + "|".join(rf"(?<=\b{word if '[' in word else re.escape(word)})" for word in words) + ")"


_SHORT = rf"{_behind(_GOES_ON)}\.(?=\s+[^\s\[［【])|{_behind(_COUNTS)}\.(?=\s*\d)"
_CLOSING = r"[\"'”’»)\]）」』】*]*"
_CITES = rf"(?:\s*{CITED.pattern.replace('(', '(?:', 1)})*"
_END = re.compile(
    rf"(?:(?P<short>{_SHORT})|(?:[.!?…]+{_CLOSING}{_CITES}(?=\s|$|[\u3000-\u9fff\uac00-\ud7a3])|[。！？；]+{_CLOSING}{_CITES}))", re.I
)


def sentences(text: str) -> list[Sentence]:
    """Splits at full stops of English, Korean and Chinese and at line ends; citations after a full stop belong to the sentence before it.

    >>> sentences("It fell to 0.5 (e.g. at step 3) [1]. 然后发散了。[2][3] 세 번 실패했다 [1, 2].")[1]
    Sentence(text='然后发散了。', ids=(2, 3))
    """
    found: list[Sentence] = []
    for line in THINKING.sub("", text).splitlines():
        for part in _split(_MARK.sub("", line)):
            ids = [int(number) for cited in CITED.finditer(part) for number in re.findall(r"\d+", cited[1])]
            text_ = re.sub(r"\s+([.!?,;:。！？；，、])", r"\1", CITED.sub("", part))
            text_ = re.sub(r"\s{2,}", " ", _BOLD.sub(r"\1", text_)).strip()
            if not text_ and ids and found and not found[-1].ids:  # citations on a line of their own
                found[-1] = Sentence(found[-1].text, tuple(dict.fromkeys(ids)))
            elif text_ or ids:
                found.append(Sentence(text_, tuple(dict.fromkeys(ids))))
    return found


def _split(line: str) -> Iterator[str]:
    at = 0
    for end in _END.finditer(line):
        if end["short"] is None and line[at : end.end()].strip():
            yield line[at : end.end()].strip()
            at = end.end()
    if rest := line[at:].strip():
        yield rest
