"""Synonyms and translations (English, Chinese, Korean) of this field's terms, from `glossary.txt`."""

from __future__ import annotations

import functools
import importlib.resources
import re

from scratchlab.notebook.index.words import CJK

LONGEST = 4  # maximum words of a Latin entry
_LATIN = re.compile(f"[^\\W_{CJK}]+")
_CJK = re.compile(f"[{CJK}]")


@functools.cache
def groups() -> tuple[tuple[str, ...], ...]:
    """The groups of synonyms, one per line of the file."""
    text = importlib.resources.files("scratchlab.notebook.recall").joinpath("glossary.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(tuple(word.strip().lower() for word in re.split(r"[,|]", line) if word.strip()) for line in lines)


@functools.cache
def _entries() -> tuple[dict[str, list[int]], re.Pattern[str]]:
    """The groups of each word, and a pattern of the CJK words, the longest first."""
    groups_by_word: dict[str, list[int]] = {}
    for number, words in enumerate(groups()):
        for word in words:
            groups_by_word.setdefault(word if _CJK.search(word) else _key(word), []).append(number)
    wide = sorted((word for word in groups_by_word if _CJK.search(word)), key=len, reverse=True)
    return groups_by_word, re.compile("|".join(map(re.escape, wide)))


def _key(words: str) -> str:
    """The lookup key of Latin words: separated by single spaces, singular."""
    return " ".join(_singular(part) for part in _LATIN.findall(words.lower()))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def named(text: str) -> list[tuple[int, int, list[str]]]:
    """The glossary terms in a text with their synonyms: `(start, end, others)`, in order, not overlapping.

    >>> [(text, others[:3]) for text in ["混合专家"] for _, _, others in named(text)]
    [('混合专家', ['mixture of experts', 'moe', '전문가 혼합'])]
    """
    groups_by_word, wide = _entries()
    found = [(match.start(), match.end(), match[0]) for match in wide.finditer(text)]
    parts = list(_LATIN.finditer(text.lower()))
    for i in range(len(parts)):
        for j in range(min(i + LONGEST, len(parts)), i, -1):
            key = " ".join(_singular(part[0]) for part in parts[i:j])
            if key in groups_by_word:
                found.append((parts[i].start(), parts[j - 1].end(), key))
                break
    chosen: list[tuple[int, int, list[str]]] = []
    for start, end, key in sorted(found, key=lambda match_: match_[0] - match_[1]):
        if all(end <= other[0] or start >= other[1] for other in chosen):
            own = text[start:end].lower()
            others = dict.fromkeys(word for number in groups_by_word[key] for word in groups()[number] if word not in (own, key))
            chosen.append((start, end, list(others)))
    return sorted(chosen)
