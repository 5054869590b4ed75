"""A series as a small picture: characters for the terminal, a line of SVG for pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from statistics import fmean

_BLOCKS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float], width: int = 40) -> str:
    """Means of as many stretches as there are characters; `×` where none of a stretch is finite."""
    if not values:
        return ""
    shown = min(width, len(values))
    stretches = [values[number * len(values) // shown : (number + 1) * len(values) // shown] for number in range(shown)]
    means = [fmean(finite) if (finite := [value for value in stretch if math.isfinite(value)]) else math.nan for stretch in stretches]
    known = [mean for mean in means if math.isfinite(mean)]
    if not known:
        return "×" * shown
    low, span = min(known), max(known) - min(known)
    return "".join("×" if math.isnan(mean) else _BLOCKS[round((mean - low) / span * 7) if span else 3] for mean in means)


def svg(values: Sequence[float], width: int = 160, height: int = 32) -> str:
    """A drawing of its own, in the colour of the text around it; gaps where values are not finite. Empty without two finite values."""
    known = [value for value in values if math.isfinite(value)]
    if len(known) < 2:
        return ""
    low, span = min(known), (max(known) - min(known)) or 1.0
    spots = [
        (number * (width - 2) / (len(values) - 1) + 1, height - 1 - (value - low) / span * (height - 2))
        for number, value in enumerate(values)
    ]
    lines = [
        " ".join(f"{x:.1f},{y:.1f}" for x, y in stretch)
        for drawn, stretch in groupby(spots, key=lambda spot: math.isfinite(spot[1]))
        if drawn
    ]
    drawn = "".join(f'<polyline points="{line}"/>' for line in lines)
    box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} fill="none" stroke="currentColor" stroke-width="1.5" role="img">{drawn}</svg>'
