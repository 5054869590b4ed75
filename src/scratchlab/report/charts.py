"""Parts shared by all charts, as Plotly's JSON. Colours are CSS properties, which the page replaces by those of its colour scheme.

Figures are plain dictionaries with the names of https://plotly.com/javascript/reference/, without Plotly's Python classes.
"""

from __future__ import annotations

import html
from typing import Any

Figure = dict[str, Any]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"


def ink(name: str) -> str:
    """A colour as a reference to its CSS property."""
    return f"var(--{name})"


def shared(name: str) -> Figure:
    """A reference to an object that the page stores once, under this name in the figures' entry "shared"."""
    return {"shared": name}


def escaped(text: str) -> str:
    """Text escaped for Plotly, which interprets some HTML in labels."""
    return html.escape(text, quote=False)


def brief(text: str, most: int) -> str:
    """`escaped`, cut to at most `most` characters."""
    return escaped(text if len(text) <= most else text[: most - 1] + "…")


def axis(**more: Any) -> Figure:
    """The properties that all axes share, and `more`."""
    common = {"gridcolor": ink("rule"), "linecolor": ink("rule"), "zeroline": False, "fixedrange": True, "automargin": True, "ticks": ""}
    return common | more


def layout(height: int, **more: Any) -> Figure:
    """The layout that all charts share, and `more`."""
    common: Figure = {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": ink("quiet")},
        "hoverlabel": {"bgcolor": ink("card"), "bordercolor": ink("rule"), "font": {"family": FONT, "color": ink("ink"), "size": 13}},
        "dragmode": False,
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    }
    common |= more
    common["xaxis"] = axis(**({"showgrid": False} | more.get("xaxis", {})))
    common["yaxis"] = axis(**more.get("yaxis", {}))
    return common


def epoch_ticks(count: float) -> Figure:
    """The ticks of an axis of epochs from 0 or 1 to `count`: one per epoch, unless there are many; always at whole numbers."""
    return {"dtick": 1} if count <= 10 else {"nticks": 8}


def title(text: str, standoff: int = 8) -> Figure:
    """The title of an axis, `standoff` pixels from its tick labels."""
    return {"text": text, "standoff": standoff, "font": {"size": 13}}
