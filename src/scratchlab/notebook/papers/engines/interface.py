"""What every reader of pictures offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL.Image import Image

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Line:
    """A line of writing in a picture.

    box: left, top, right, bottom in pixels of the picture as it was handed over.
    sure: how sure the engine is of it, from 0 to 1; engines do not agree on what that means.
    """

    text: str
    box: Box
    sure: float


class Engine(Protocol):
    """A reader of writing. Building one loads its models; it raises Problem where what it needs is not installed.

    name: of the engine and its version; what another one read does not count as read by this one.
    reads: languages, as a person calls them.
    """

    name: str
    reads: tuple[str, ...]

    def lines(self, picture: Image) -> Sequence[Line]:
        """The lines of an upright RGB picture, in the order of reading; none if there is no writing."""
        ...
