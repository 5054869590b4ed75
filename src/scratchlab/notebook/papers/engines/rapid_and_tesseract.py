"""RapidOCR detects and reads the lines; lines with low confidence are also read by Tesseract, as they may be Korean.

Tesseract's Korean model alone reads Korean best (1 % wrong characters, 5 % for Korean and English together), but turns English words into
Hangul. So its result is used if it is nothing but Hangul, else that of both languages together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scratchlab.notebook.papers.engines import rapid, tesseract
from scratchlab.notebook.papers.engines.interface import Line
from scratchlab.notebook.papers.engines.strips import box, cut

if TYPE_CHECKING:
    from PIL.Image import Image

DOUBTFUL = 0.95  # lines with lower confidence may be Korean; English and Chinese lines are mostly above


class RapidAndTesseract:
    """Both engines combined. Only Hangul read by Tesseract replaces text, so English and Chinese stay as RapidOCR read them."""

    reads: tuple[str, ...] = ("English", "Chinese", "Korean")

    def __init__(self) -> None:
        self.rapid = rapid.Rapid()
        self.korean, self.mixed = tesseract.Tesseract(["kor"]), tesseract.Tesseract(["kor", "eng"])
        self.name = f"{self.rapid.name} {self.mixed.name}"

    def lines(self, picture: Image) -> Sequence[Line]:
        """See Engine."""
        places = self.rapid.places(picture)
        strips = [cut(picture, corners) for corners in places]
        read = [(*self.rapid.read(strip), rapid.LEGIBLE) for strip in strips]
        doubtful = [i for i, (_, confidence, _) in enumerate(read) if confidence < DOUBTFUL]
        doubtful_strips = [strips[i] for i in doubtful]
        for i, alone, mixed in zip(doubtful, self.korean.strips(doubtful_strips), self.mixed.strips(doubtful_strips), strict=True):
            text, confidence = alone if _hangul(alone[0]) == 1 else mixed
            if _hangul(text) > 1 / 3:
                read[i] = text, confidence, tesseract.LEGIBLE
        return [
            Line(text, box(corners, picture.size), confidence)
            for corners, (text, confidence, threshold) in zip(places, read, strict=True)
            if text and confidence >= threshold
        ]


def _hangul(text: str) -> float:
    """The fraction of Hangul among the letters and digits; 0 without any."""
    characters = [character for character in text if character.isalnum()]
    return sum("가" <= character <= "힣" for character in characters) / len(characters) if characters else 0.0
