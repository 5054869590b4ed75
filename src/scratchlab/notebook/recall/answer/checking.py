"""Each sentence of a model held against the lines it cites. What does not hold is dropped, with the reason.

What this catches: no citation or a wrong one; a number, date, version, file name or name that the cited lines do not have; a sentence that
has no word in common with a line it cites; addresses, images and control characters of its own. What it cannot: a `not` too many, two right
numbers that have changed places, a wrong noun behind a right number, a cause that nobody wrote. The lines stand beside the answer for that.
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

STEM = 5  # letters that two forms of a word share
_ADDRESS = re.compile(r"(?:https?|ftp|file|data|javascript|ssh):/{0,2}[^\s)\]>]+|\bwww\.[^\s)\]>]+|!\[|\]\(|<[a-z/!][^>]*>", re.IGNORECASE)
_NAME = re.compile(
    r"(?<![A-Za-z0-9_])(?:[A-Za-z]\w*\.[a-z]{1,5}(?![A-Za-z0-9])|[A-Za-z]+_\w+|(?:[A-Z]{2,}[A-Za-z]*|[A-Za-z]+[a-z][A-Z][A-Za-z]*)(?!\w))",
    re.ASCII,
)
_SCRIPTS = {"Han": "一-鿿㐀-䶿", "Hangul": "가-힣", "Kana": "ぁ-ヿ", "Latin": "A-Za-z"}


def checked(
    said: Sequence[Sentence], texts: Mapping[int, str], events: Mapping[int, Event]
) -> tuple[list[Sentence], list[tuple[str, str]]]:
    """The sentences that hold, and those that do not with the reason.

    texts: what was sent of each line, by its number: the text, what stands above it, its file's name and its time.
    events: the same lines.
    """
    kept: list[Sentence] = []
    dropped: list[tuple[str, str]] = []
    for sentence in said:
        reason = "says again what was said" if any(sentence.text == one.text for one in kept) else wrong(sentence, texts, events)
        if reason:
            dropped.append((sentence.text, reason))
        else:
            kept.append(sentence)
    return kept, dropped


def wrong(sentence: Sentence, texts: Mapping[int, str], events: Mapping[int, Event]) -> str:
    """Why a sentence does not hold; empty if nothing speaks against it."""
    if not sentence.text.strip(" .。!?*-"):
        return "says nothing"
    if not sentence.ids:
        return "cites no line"
    if unknown := [f"[{one}]" for one in sentence.ids if one not in texts]:
        return f"cites {listing(unknown)}, which it was not given"
    if any(unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn") for char in sentence.text):
        return "holds characters that cannot be seen"
    cited = [texts[one] for one in sentence.ids]
    where = listing(f"[{one}]" for one in sentence.ids)
    whole = "\n".join(cited)
    if strange := [one for one in addresses(sentence.text) if one.lower() not in whole.lower()]:
        return f"holds {listing(strange)}, which does not stand in {where}"
    support = Support.of(cited, [events[one] for one in sentence.ids])
    if lacking := list(dict.fromkeys(support.lacks(sentence.text))):
        return f"says {listing(lacking)}, which does not stand in {where}"
    if strange := [name for name in names(sentence.text) if not _stands(name, whole)]:
        return f"names {listing(strange)}, which does not stand in {where}"
    if apart := [f"[{one}]" for one in sentence.ids if not related(sentence.text, texts[one])]:
        return f"has no word in common with {listing(apart)}"
    return ""


def addresses(text: str) -> list[str]:
    """Addresses, images, links and tags, which a page would make something of."""
    return [match[0].rstrip(".,;:!?。") for match in _ADDRESS.finditer(text)]


def names(text: str) -> list[str]:
    """What looks like a name of code, a file or a method: `AdamW`, `train_gpt`, `GPU`, `LOG.md`; those with figures are `figures`."""
    return list(dict.fromkeys(match[0] for match in _NAME.finditer(text) if match[0] not in ("OK", "I'm")))


def _stands(name: str, text: str) -> bool:
    forms = {name, name.removesuffix("s")}  # GPUs
    return any(re.search(rf"(?<![A-Za-z0-9]){re.escape(form)}s?(?![A-Za-z0-9])", text, re.IGNORECASE) for form in forms)


def related(sentence: str, text: str) -> bool:
    """Whether both share a word that tells something, or are in different scripts; a sentence of figures alone is related by these."""
    own, there = telling(sentence), telling(text)
    return not own or bool(own & there) or not script(sentence) & script(text)


def telling(text: str) -> set[str]:
    """Stems of words, and pairs of CJK, that tell what a text is about; no numbers."""
    found = (word for piece in content(plain(text)) for word in words(piece))
    return {word[:STEM] if word.isascii() else word for word in found if not word[0].isdigit() and word not in ENGLISH and len(word) > 1}


def script(text: str) -> set[str]:
    """The scripts a text is written in; Latin only where there is no other, for names are Latin in all."""
    found = {name for name, chars in _SCRIPTS.items() if re.search(f"[{chars}]", text)}
    return found - {"Latin"} or found
