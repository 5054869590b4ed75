"""What all charts have in common, as Plotly's JSON. Colours are named by their CSS property; the page fills in the scheme's own.

Plain dictionaries: the names of Plotly's reference, https://plotly.com/javascript/reference/, without its Python classes.
"""

from __future__ import annotations

import html
from typing import Any

Figure = dict[str, Any]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"


def ink(name: str) -> str:
    """The CSS property that holds a colour."""
    return f"var(--{name})"


def shared(name: str) -> Figure:
    """Stands for what the page's figures hold once, under this name in their entry "shared"."""
    return {"shared": name}


def said(text: str) -> str:
    """Text for Plotly, which reads some HTML in labels."""
    return html.escape(text, quote=False)


def brief(text: str, most: int) -> str:
    """`said`, cut to so many letters."""
    return said(text if len(text) <= most else text[: most - 1] + "…")


def axis(**more: Any) -> Figure:
    """What all axes have in common, and `more`."""
    common = {"gridcolor": ink("rule"), "linecolor": ink("rule"), "zeroline": False, "fixedrange": True, "automargin": True, "ticks": ""}
    return common | more


def layout(height: int, **more: Any) -> Figure:
    """What all charts have in common, and `more`."""
    made: Figure = {
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
    made |= more
    made["xaxis"] = axis(**({"showgrid": False} | more.get("xaxis", {})))
    made["yaxis"] = axis(**more.get("yaxis", {}))
    return made


def title(text: str, standoff: int = 8) -> Figure:
    """The name of an axis, so many pixels from its numbers."""
    return {"text": text, "standoff": standoff, "font": {"size": 13}}
