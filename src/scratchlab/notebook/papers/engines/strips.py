"""Cutting a line of text out of a page that may be rotated."""

from __future__ import annotations

from math import dist
from typing import TYPE_CHECKING

from scratchlab.notebook.papers.engines.interface import Box

if TYPE_CHECKING:
    from PIL.Image import Image

Point = tuple[float, float]
Corners = tuple[Point, Point, Point, Point]


def cut(picture: Image, corners: Corners) -> Image:
    """The quadrilateral between the corners (clockwise from the top left), rectified."""
    from PIL.Image import Resampling, Transform

    (left, top), (right, _), _, _ = a, b, c, d = corners
    width, height = round(max(dist(a, b), dist(d, c))), round(max(dist(a, d), dist(b, c)))
    flat = (left, top, *d, *c, *b)  # Pillow expects counterclockwise corners
    straight = picture.transform((max(width, 1), max(height, 1)), Transform.QUAD, flat, Resampling.BICUBIC)
    return straight if right >= left else straight.rotate(180)


def box(corners: Corners, size: tuple[int, int]) -> Box:
    """The axis-aligned box around the corners, clipped to the picture's size."""
    (width, height), xs, ys = size, [x for x, _ in corners], [y for _, y in corners]
    return max(int(min(xs)), 0), max(int(min(ys)), 0), min(int(max(xs)) + 1, width), min(int(max(ys)) + 1, height)
