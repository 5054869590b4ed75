"""A question as ideas: each a word or a glossary term, with the search terms that stand for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scratchlab.notebook.index.words import CJK, pairs
from scratchlab.notebook.recall.asking_words import content
from scratchlab.notebook.recall.glossary import named

OTHER = 0.6  # weight of a synonym relative to the question's own word
PAIR = 0.6  # weight of one character pair of an unknown CJK word relative to a word
_CJK = re.compile(f"[{CJK}]+")
_PART = re.compile(f"[^\\W_{CJK}]+|[{CJK}]+")


@dataclass(frozen=True)
class Idea:
    """A concept of a question.

    text: as written in the question; for a character pair, the whole word.
    terms: full-text terms for it, with their weights.
    """

    text: str
    terms: tuple[tuple[str, float], ...]


def ideas(question: str) -> list[Idea]:
    """The ideas of a question, without duplicates, in order.

    >>> [(idea.text, idea.terms[:2]) for idea in ideas("bc-resnet 学习率")]
    [('bc-resnet', (('"bc resnet"', 1.0),)), ('学习率', (('"学习 习率"', 1.0), ('"learning rate"', 0.6)))]
    """
    found: dict[str, Idea] = {}
    at = 0
    for start, end, others in [*named(question), (len(question), len(question), [])]:
        for word in content(question[at:start]):
            for idea in _plain(word):
                found.setdefault(idea.terms[0][0], idea)
        if end > start:
            phrase = question[start:end].lower()
            terms = [(term(phrase), 1.0), *((term(other), OTHER) for other in others)]
            found.setdefault(term(phrase), Idea(phrase, tuple(dict(reversed(terms)).items())[::-1]))
        at = end
    return list(found.values())


def _plain(word: str) -> list[Idea]:
    if _CJK.match(word):
        return [Idea(word, ((term(pair), PAIR if len(word) > 2 else 1.0),)) for pair in pairs(word)]
    return [Idea(word, ((term(word), 1.0),))]


def term(words: str) -> str:
    """Words as a phrase query of the full-text index, CJK as pairs."""
    parts = [part for match in _PART.finditer(words.lower()) for part in (pairs(match[0]) if _CJK.match(match[0]) else [match[0]])]
    return '"' + " ".join(parts) + '"'
