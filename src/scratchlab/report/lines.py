"""How lines are told apart: by colour, dashes and marks at once, so that a chart can be read by any eyes, and in print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scratchlab.metrics.estimate import Estimate
from scratchlab.report.charts import Figure, ink

COLOURS = 8  # --head-1 to --head-8 of page.css
DASHES = {  # as Plotly names or lists them -> as SVG does
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
OUTLINES = {  # of marks, from -5 to 5
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
    """Of one line: colour, the name of a CSS property without its dashes; dash and symbol as Plotly names them."""

    colour: str
    dash: str
    symbol: str

    @property
    def strokes(self) -> str:
        """The dashes as SVG has them."""
        return DASHES[self.dash]

    def line(self, width: float) -> Figure:
        """For Plotly."""
        return {"color": ink(self.colour), "width": width, "dash": self.dash}

    def marker(self, size: float) -> Figure:
        """For Plotly."""
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
    """Of the line at this place: eight differ in all three; the next eight have the dashes and marks of their neighbours, and so on.

    >>> [(one.colour, one.dash) for one in map(look, (0, 5, 8))]
    [('head-1', 'solid'), ('head-6', 'longdashdot'), ('head-1', 'dash')]
    """
    colour, other = place % COLOURS, (place + place // COLOURS) % COLOURS
    return Look(f"head-{colour + 1}", list(DASHES)[other], SYMBOLS[other])
