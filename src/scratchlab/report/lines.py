"""Line styles: lines differ in colour, dashes and marks at once, so that charts are readable without colour vision and in print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scratchlab.metrics.estimate import Estimate
from scratchlab.report.charts import Figure, ink

COLOURS = 8  # --head-1 to --head-8 of page.css
DASHES = {  # Plotly's name or list -> SVG's stroke-dasharray
    "solid": "none",
    "dash": "7 4",
    "dot": "2 4",
    "dashdot": "7 3 2 3",
    "longdash": "12 4",
    "longdashdot": "12 3 2 3",
    "3px,2px": "3 2",
    "9px,3px,2px,3px,2px,3px": "9 3 2 3 2 3",
}
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star", "triangle-down", "x")
OUTLINES = {  # SVG paths of marks, from -5 to 5
    "circle": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z",
    "diamond": "M0-5.5 5.5 0 0 5.5-5.5 0Z",
    "square": "M-4.5-4.5h9v9h-9Z",
    "triangle-up": "M0-5.5 5.5 4.5H-5.5Z",
    "cross": "M-5-1.8h3.2V-5h3.6v3.2H5v3.6H1.8V5h-3.6V1.8H-5Z",
    "star": "M0-6 1.8-2 6-1.8 2.7.9 3.8 5 0 2.7-3.8 5-2.7.9-6-1.8-1.8-2Z",
    "triangle-down": "M0 5.5-5.5-4.5H5.5Z",
    "x": "M-5-2.5-2.5-5 0-2.5 2.5-5 5-2.5 2.5 0 5 2.5 2.5 5 0 2.5-2.5 5-5 2.5-2.5 0Z",
}


@dataclass(frozen=True)
class Look:
    """The style of one line: colour (a CSS property without its dashes), and dash and symbol as Plotly names them."""

    colour: str
    dash: str
    symbol: str

    @property
    def strokes(self) -> str:
        """The dashes as SVG's stroke-dasharray."""
        return DASHES[self.dash]

    def line(self, width: float) -> Figure:
        """Plotly's properties of the line."""
        return {"color": ink(self.colour), "width": width, "dash": self.dash}

    def marker(self, size: float) -> Figure:
        """Plotly's properties of the marks."""
        return {"color": ink(self.colour), "size": size, "symbol": self.symbol}

    def error_bars(self, estimates: Sequence[Estimate | None], scale: float = 1) -> Figure:
        """Error bars for Plotly, one a point; a point without an interval has none. scale: 100 for percentages."""
        return {
            "array": [_reach(estimate, "high", scale) for estimate in estimates],
            "arrayminus": [_reach(estimate, "low", scale) for estimate in estimates],
            "color": ink(self.colour),
            "thickness": 1.5,
            "width": 5,
        }


def _reach(estimate: Estimate | None, bound: Literal["low", "high"], scale: float) -> float | None:
    end = None if estimate is None else getattr(estimate, bound)
    return None if estimate is None or estimate.value is None or end is None else scale * abs(end - estimate.value)


def look(place: int) -> Look:
    """The style of the line at this position. Eight lines differ in all three properties; the next eight shift dashes and marks by one.

    >>> [(style.colour, style.dash) for style in map(look, (0, 5, 8))]
    [('head-1', 'solid'), ('head-6', 'longdashdot'), ('head-1', 'dash')]
    """
    colour, other = place % COLOURS, (place + place // COLOURS) % COLOURS
    return Look(f"head-{colour + 1}", list(DASHES)[other], SYMBOLS[other])
