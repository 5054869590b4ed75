"""Checks each sentence of a model's reply against the lines it cites; unsupported sentences are dropped, with the reason.

Detected: missing or wrong citations; numbers, dates, versions, file names and names that the cited lines do not contain; sentences without
a word in common with a cited line; invented addresses and images; control characters. Not detected: a wrong `not`, two swapped numbers, a
wrong noun after a right number, an invented cause. Therefore the lines are shown beside the answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from scratchlab.checks import listing
from scratchlab.notebook.events import Event
from scratchlab.notebook.index.fillers import ENGLISH
from scratchlab.notebook.index.words import words
from scratchlab.notebook.recall.answer.claims import Support
from scratchlab.notebook.recall.answer.numbers import plain
from scratchlab.notebook.recall.answer.sentences import Sentence
from scratchlab.notebook.recall.asking_words import content

STEM = 5  # words are compared by their first letters
_ADDRESS = re.compile(r"(?:https?|ftp|file|data|javascript|ssh):/{0,2}[^\s)\]>]+|\bwww\.[^\s)\]>]+|!\[|\]\(|<[a-z/!][^>]*>", re.IGNORECASE)
_NAME = re.compile(
    r"(?<![A-Za-z0-9_])(?:[A-Za-z]\w*\.[a-z]{1,5}(?![A-Za-z0-9])|[A-Za-z]+_\w+|(?:[A-Z]{2,}[A-Za-z]*|[A-Za-z]+[a-z][A-Z][A-Za-z]*)(?!\w))",
    re.ASCII,
)
_SCRIPTS = {"Han": "一-鿿㐀-䶿", "Hangul": "가-힣", "Kana": "ぁ-ヿ", "Latin": "A-Za-z"}


def check_sentences(
    sentences: Sequence[Sentence], texts: Mapping[int, str], events: Mapping[int, Event]
) -> tuple[list[Sentence], list[tuple[str, str]]]:
    """The supported sentences, and the unsupported ones with the reason.

    texts: the text sent for each line, by its number, including headings, file name and time.
    events: the same lines as events.
    """
    supported: list[Sentence] = []
    dropped: list[tuple[str, str]] = []
    for sentence in sentences:
        reason = (
            "repeats an earlier sentence"
            if any(sentence.text == earlier.text for earlier in supported)
            else objection(sentence, texts, events)
        )
        if reason:
            dropped.append((sentence.text, reason))
        else:
            supported.append(sentence)
    return supported, dropped


def objection(sentence: Sentence, texts: Mapping[int, str], events: Mapping[int, Event]) -> str:
    """Why a sentence is unsupported; "" if no check fails."""
    if not sentence.text.strip(" .。!?*-"):
        return "is empty"
    if not sentence.ids:
        return "cites no line"
    if unknown := [f"[{number}]" for number in sentence.ids if number not in texts]:
        return f"cites {listing(unknown)}, which was not given"
    if any(unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn") for char in sentence.text):
        return "contains invisible characters"
    cited = [texts[number] for number in sentence.ids]
    where = listing(f"[{number}]" for number in sentence.ids)
    whole = "\n".join(cited)
    if strange := [number for number in addresses(sentence.text) if number.lower() not in whole.lower()]:
        return f"contains {listing(strange)}, which is not in {where}"
    support = Support.of(cited, [events[number] for number in sentence.ids])
    if missing := list(dict.fromkeys(support.unsupported(sentence.text))):
        return f"says {listing(missing)}, which is not in {where}"
    if strange := [name for name in names(sentence.text) if not _stands(name, whole)]:
        return f"names {listing(strange)}, which is not in {where}"
    if apart := [f"[{number}]" for number in sentence.ids if not shares_words(sentence.text, texts[number])]:
        return f"has no word in common with {listing(apart)}"
    return ""


def addresses(text: str) -> list[str]:
    """Addresses, images, links and HTML tags, which a page would render."""
    return [match[0].rstrip(".,;:!?。") for match in _ADDRESS.finditer(text)]


def names(text: str) -> list[str]:
    """Words that look like names in code, of files or methods: `AdamW`, `train_gpt`, `GPU`, `LOG.md`; names with digits: see `figures`."""
    return list(dict.fromkeys(match[0] for match in _NAME.finditer(text) if match[0] not in ("OK", "I'm")))


def _stands(name: str, text: str) -> bool:
    forms = {name, name.removesuffix("s")}  # GPUs
    return any(re.search(rf"(?<![A-Za-z0-9]){re.escape(form)}s?(?![A-Za-z0-9])", text, re.IGNORECASE) for form in forms)


def shares_words(sentence: str, text: str) -> bool:
    """Whether both share a content word; true if they are in different scripts, or if the sentence has no content words."""
    own, others = content_words(sentence), content_words(text)
    return not own or bool(own & others) or not script(sentence) & script(text)


def content_words(text: str) -> set[str]:
    """The stems of a text's content words, and its pairs of CJK characters; no numbers."""
    found = (word for piece in content(plain(text)) for word in words(piece))
    return {word[:STEM] if word.isascii() else word for word in found if not word[0].isdigit() and word not in ENGLISH and len(word) > 1}


def script(text: str) -> set[str]:
    """The scripts of a text; Latin only if there is no other, as names are Latin in all languages."""
    found = {name for name, chars in _SCRIPTS.items() if re.search(f"[{chars}]", text)}
    return found - {"Latin"} or found
