"""What every page is made with: the templates, the style, the script that draws, and Plotly, all inside the page."""

from __future__ import annotations

import base64
import functools
import gzip
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any

import jinja2
import plotly.offline
from markupsafe import Markup

from scratchlab.checks import counted
from scratchlab.report import words
from scratchlab.report.figures import Figure


def rendered(template: str, about: Mapping[str, Any], figures: Mapping[str, Figure], *styles: str) -> str:
    """A page of its own: `about` told by the template, the figures drawn in it; `styles` are more files of style than the common one."""
    css = Markup("\n").join(_part(name) for name in ("page.css", *styles))
    return _world().get_template(template).render(about, figures=figures, css=css, js=_part("page.js"), plotly=_plotly())


def _part(name: str) -> Markup:
    return Markup(resources.files("scratchlab.report").joinpath(name).read_text(encoding="utf-8"))


@functools.cache
def _plotly() -> Markup:
    """Plotly's script, packed: 2 MB instead of 5 in every page."""
    return Markup(base64.b64encode(gzip.compress(plotly.offline.get_plotlyjs().encode(), mtime=0)).decode())


def _world() -> jinja2.Environment:
    loader = jinja2.PackageLoader("scratchlab.report", "")
    world = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    filters: dict[str, Callable[..., Any]] = world.filters
    filters.update(percent=words.percent, interval=words.interval, counted=counted)
    filters.update(moment=words.moment, duration=words.duration, setting=words.setting)
    filters.update(points=words.points, span=words.span, chance=words.chance)
    return world
