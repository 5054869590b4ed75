"""Tokenization for the index: Latin words as they are (SQLite stems them), CJK text as overlapping character pairs.

Pairs match two-character words (显存), which trigrams miss, and Korean stems regardless of their particles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7a3"
_RUN = re.compile(f"[{CJK}]+")
_WORD = re.compile(f"[^\\W_{CJK}]+|[{CJK}]+")  # splits like SQLite's unicode61, plus runs of CJK


def indexed(text: str) -> str:
    """The text with each run of CJK replaced by its character pairs; single characters stay.

    >>> indexed("GPU 显存不足")
    'GPU  显存 存不 不足 '
    """
    return text if text.isascii() else _RUN.sub(lambda run: f" {' '.join(pairs(run[0]))} ", text)


def pairs(run: str) -> list[str]:
    """The overlapping character pairs of a run; a run of one character is returned as it is."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def words(text: str) -> Iterator[str]:
    """The words and numbers of a text in lower case, CJK as pairs, in order.

    >>> list(words("BC-ResNet 显存不足"))
    ['bc', 'resnet', '显存', '存不', '不足']
    """
    for match in _WORD.finditer(text):
        word = match[0].lower()
        if word[0] > "\u303f" and _RUN.match(word):
            yield from pairs(word)
        else:
            yield word
