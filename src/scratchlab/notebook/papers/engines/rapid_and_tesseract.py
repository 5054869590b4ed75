"""RapidOCR finds the lines and reads them; those that make little sense to it are handed to Tesseract, for they may be Korean.

Tesseract's Korean alone reads Korean best (1 % of characters wrong where Korean and English together have 5 %), and makes Hangul of English
words. So it is believed where it saw nothing but Hangul, and the two together where it did not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scratchlab.notebook.papers.engines import rapid, tesseract
from scratchlab.notebook.papers.engines.interface import Line
from scratchlab.notebook.papers.engines.strips import box, cut

if TYPE_CHECKING:
    from PIL.Image import Image

DOUBTFUL = 0.95  # less sure than this, a line may be Korean: such lines end below it, English and Chinese ones mostly above


class RapidAndTesseract:
    """See the module. Only what Tesseract reads as Hangul replaces anything, so English and Chinese stay as RapidOCR read them."""

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
        doubtful = [i for i, (_, sure, _) in enumerate(read) if sure < DOUBTFUL]
        asked = [strips[i] for i in doubtful]
        for i, alone, mixed in zip(doubtful, self.korean.strips(asked), self.mixed.strips(asked), strict=True):
            text, sure = alone if _hangul(alone[0]) == 1 else mixed
            if _hangul(text) > 1 / 3:
                read[i] = text, sure, tesseract.LEGIBLE
        return [
            Line(text, box(corners, picture.size), sure)
            for corners, (text, sure, least) in zip(places, read, strict=True)
            if text and sure >= least
        ]


def _hangul(text: str) -> float:
    """The share of Hangul in its letters and digits; 0 if it has none."""
    said = [character for character in text if character.isalnum()]
    return sum("가" <= character <= "힣" for character in said) / len(said) if said else 0.0
