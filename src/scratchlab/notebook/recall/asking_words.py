"""Stop words of questions in English, Chinese and Korean; the search uses the remaining words."""

from __future__ import annotations

import re

from scratchlab.notebook.index.fillers import CHINESE, ENGLISH, KOREAN
from scratchlab.notebook.index.words import CJK

_HAN = re.compile("|".join(sorted(map(re.escape, CHINESE), key=len, reverse=True)))
_PIECE = re.compile(f"[^\\W_{CJK}]+(?:[._+=/:-]+[^\\W_{CJK}]+)*|[\uac00-\ud7a3]+|[{CJK}]+")
_ENDINGS = re.compile(
    "(?:으로는|으로|에서는|에서|에게|까지|부터|에는|은|는|이|가|을|를|의|에|도|만|와|과|로|랑|이랑|라고|였지|였나|인지|했지|했나|했어|했더라|였더라|이었지)$"
)


def content(question: str) -> list[str]:
    """The content words of a question, in order; CJK text is split at stop words.

    >>> content("Why did we give up on bc-resnet at lr=3e-4?")
    ['bc-resnet', 'lr=3e-4']
    >>> content("为什么放弃了显存优化")
    ['放弃', '显存优化']
    """
    return list(dict.fromkeys(word for match in _PIECE.finditer(question) for word in _content_words(match[0])))


def _content_words(piece: str) -> list[str]:
    if piece[0] < "\u3000":
        word = piece.lower().removesuffix("'s")
        return [] if word in ENGLISH or (len(word) == 1 and not word.isdigit()) else [word]
    if "\uac00" <= piece[0] <= "\ud7a3":
        if piece in KOREAN:
            return []
        stem = _ENDINGS.sub("", piece)
        return [stem] if len(stem) > 1 else []
    return [part for part in _HAN.split(piece) if len(part) > 1]
