"""Sparklines of a series: characters for the terminal, SVG for pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from statistics import fmean

_BLOCKS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float], width: int = 40) -> str:
    """One character for the mean of each of `width` segments; `×` for a segment without finite values."""
    if not values:
        return ""
    columns = min(width, len(values))
    segments = [values[number * len(values) // columns : (number + 1) * len(values) // columns] for number in range(columns)]
    means = [fmean(finite) if (finite := [value for value in segment if math.isfinite(value)]) else math.nan for segment in segments]
    known = [mean for mean in means if math.isfinite(mean)]
    if not known:
        return "×" * columns
    low, span = min(known), max(known) - min(known)
    return "".join("×" if math.isnan(mean) else _BLOCKS[round((mean - low) / span * 7) if span else 3] for mean in means)


def svg(values: Sequence[float], width: int = 160, height: int = 32) -> str:
    """An SVG in the colour of the surrounding text, with gaps for values that are not finite; "" with fewer than two finite values."""
    known = [value for value in values if math.isfinite(value)]
    if len(known) < 2:
        return ""
    low, span = min(known), (max(known) - min(known)) or 1.0
    points = [
        (number * (width - 2) / (len(values) - 1) + 1, height - 1 - (value - low) / span * (height - 2))
        for number, value in enumerate(values)
    ]
    lines = [
        " ".join(f"{x:.1f},{y:.1f}" for x, y in segment)
        for drawn, segment in groupby(points, key=lambda spot: math.isfinite(spot[1]))
        if drawn
    ]
    drawn = "".join(f'<polyline points="{line}"/>' for line in lines)
    box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} fill="none" stroke="currentColor" stroke-width="1.5" role="img">{drawn}</svg>'
