"""Words of a text as the index holds them: Latin words as they stand (SQLite stems them), those of CJK as overlapping pairs.

Pairs find two-character words (显存) that trigrams lose, and Korean stems under whatever particle follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7a3"
_RUN = re.compile(f"[{CJK}]+")
_WORD = re.compile(f"[^\\W_{CJK}]+|[{CJK}]+")  # as SQLite's unicode61 would split, and runs of CJK


def indexed(text: str) -> str:
    """The text with each run of CJK replaced by its pairs; a single character stays.

    >>> indexed("GPU 显存不足")
    'GPU  显存 存不 不足 '
    """
    return text if text.isascii() else _RUN.sub(lambda run: f" {' '.join(pairs(run[0]))} ", text)


def pairs(run: str) -> list[str]:
    """Overlapping pairs of characters, the single one of a run of one."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def words(text: str) -> Iterator[str]:
    """The words of a text in lower case, CJK as pairs, in order; numbers among them.

    >>> list(words("BC-ResNet 显存不足"))
    ['bc', 'resnet', '显存', '存不', '不足']
    """
    for match in _WORD.finditer(text):
        word = match[0].lower()
        if word[0] > "\u303f" and _RUN.match(word):
            yield from pairs(word)
        else:
            yield word
