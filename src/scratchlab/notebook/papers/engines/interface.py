"""The interface of all OCR engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL.Image import Image

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Line:
    """A recognized line of text.

    box: left, top, right, bottom in pixels of the given picture.
    confidence: 0 to 1; not comparable between engines.
    """

    text: str
    box: Box
    confidence: float


class Engine(Protocol):
    """An OCR engine. The constructor loads its models; it raises Problem if a dependency is not installed.

    name: engine and version; pages read by another engine are read again.
    reads: names of its languages.
    """

    name: str
    reads: tuple[str, ...]

    def lines(self, picture: Image) -> Sequence[Line]:
        """The lines of an upright RGB picture, in reading order; none if there is no text."""
        ...
