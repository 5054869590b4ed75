"""A question as ideas: each a word of it, or what the glossary knows by several; and the terms each is looked up by."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scratchlab.notebook.index.words import CJK, pairs
from scratchlab.notebook.recall.asking_words import content
from scratchlab.notebook.recall.glossary import named

OTHER = 0.6  # what another word for the same idea counts, beside the question's own
PAIR = 0.6  # what one of the pairs of an unknown CJK piece counts, beside a word
_CJK = re.compile(f"[{CJK}]+")
_PART = re.compile(f"[^\\W_{CJK}]+|[{CJK}]+")


@dataclass(frozen=True)
class Idea:
    """Something a question asks about.

    said: as the question says it; of a pair, the piece it is of.
    terms: full-text terms, any of which stands for it, and what each counts.
    """

    said: str
    terms: tuple[tuple[str, float], ...]


def ideas(question: str) -> list[Idea]:
    """The ideas of a question, each once, in its order.

    >>> [(idea.said, idea.terms[:2]) for idea in ideas("bc-resnet 学习率")]
    [('bc-resnet', (('"bc resnet"', 1.0),)), ('学习率', (('"学习 习率"', 1.0), ('"learning rate"', 0.6)))]
    """
    found: dict[str, Idea] = {}
    at = 0
    for start, end, others in [*named(question), (len(question), len(question), [])]:
        for word in content(question[at:start]):
            for idea in _plain(word):
                found.setdefault(idea.terms[0][0], idea)
        if end > start:
            own = question[start:end].lower()
            terms = [(term(own), 1.0), *((term(other), OTHER) for other in others)]
            found.setdefault(term(own), Idea(own, tuple(dict(reversed(terms)).items())[::-1]))
        at = end
    return list(found.values())


def _plain(word: str) -> list[Idea]:
    if _CJK.match(word):
        return [Idea(word, ((term(pair), PAIR if len(word) > 2 else 1.0),)) for pair in pairs(word)]
    return [Idea(word, ((term(word), 1.0),))]


def term(words: str) -> str:
    """Words as a phrase of the full-text index, CJK among them by their pairs."""
    parts = [part for match in _PART.finditer(words.lower()) for part in (pairs(match[0]) if _CJK.match(match[0]) else [match[0]])]
    return '"' + " ".join(parts) + '"'
