"""Renders pages: templates, styles, the drawing script and Plotly are all embedded in the page.

Each folder beside this file, such as `run` or `compare`, is a kind of page: its page.html.j2 extends the common page.html.j2, and its
page.css follows the common page.css.
"""

from __future__ import annotations

import base64
import functools
import gzip
import re
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import plotly.offline
from markupsafe import Markup, escape

from scratchlab.checks import Problem, counted, plural
from scratchlab.report import words
from scratchlab.report.charts import Figure
from scratchlab.report.lines import look
from scratchlab.store import files


def rendered(kind: str, context: Mapping[str, Any], figures: Mapping[str, Figure]) -> str:
    """A page of this kind, from the variables of its template and its figures."""
    css = Markup("\n").join(_part(name) for name in ("page.css", f"{kind}/page.css"))
    return (
        _environment().get_template(f"{kind}/page.html.j2").render(context, figures=figures, css=css, js=_part("page.js"), plotly=_plotly())
    )


def emphasised(headline: str) -> Markup:
    """A headline as HTML, with bold percentages and subdued intervals.

    >>> emphasised("98.9% [98.1%, 99.6%] on <6> classes")
    Markup('<b>98.9%</b> <span class="interval">[98.1%, 99.6%]</span> on &lt;6&gt; classes')
    """
    parts = re.split(r"(\[[^\]]*\])", str(escape(headline)))
    parts[1::2] = [f'<span class="interval">{part}</span>' for part in parts[1::2]]
    parts[::2] = [re.sub(r"\d+\.\d%", r"<b>\g<0></b>", part) for part in parts[::2]]
    return Markup("".join(parts))


def filed(name: str) -> str:
    """A name with every character replaced that may be invalid in a file name."""
    return re.sub(r"[^\w.+-]+", "-", name)


def saved(page: str, path: Path, example: str) -> Path:
    """Writes a page. Raises Problem if the path cannot be written; `example` is a file name for its message."""
    if path.is_dir():
        raise Problem(f"{path} is a folder; give a file with --out, such as {path / example}.")
    with files.reported_errors(path, "--out"):
        path.parent.mkdir(parents=True, exist_ok=True)
    files.write_text(path, page, "--out")
    return path


def _part(name: str) -> Markup:
    return Markup(resources.files("scratchlab.report").joinpath(name).read_text(encoding="utf-8"))


@functools.cache
def _plotly() -> Markup:
    """Plotly's script, compressed: 2 MB instead of 5 MB in every page."""
    return Markup(base64.b64encode(gzip.compress(plotly.offline.get_plotlyjs().encode(), mtime=0)).decode())


def _environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader("scratchlab.report", "")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    filters: dict[str, Callable[..., Any]] = environment.filters
    filters.update(
        emphasised=emphasised,
        percent=words.percent,
        interval=words.interval,
        counted=counted,
        plural=plural,
        name=words.name,
        place=words.place,
        look=look,
    )
    filters.update(moment=words.moment, duration=words.duration, setting=words.setting)
    filters.update(
        points=words.points, span=words.span, chance=words.chance, number=words.number, interval_of_numbers=words.interval_of_numbers
    )
    return environment
