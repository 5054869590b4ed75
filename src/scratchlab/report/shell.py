"""What every page is made with: the templates, the style, the script that draws, and Plotly, all inside the page.

A folder beside this file, `run`, `compare` or `pair`, is a kind of page: its page.html.j2 fills the blanks of the common page.html.j2, its
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


def rendered(kind: str, about: Mapping[str, Any], figures: Mapping[str, Figure]) -> str:
    """A page of this kind: `about` told by its template, the figures drawn in it."""
    css = Markup("\n").join(_part(name) for name in ("page.css", f"{kind}/page.css"))
    return _world().get_template(f"{kind}/page.html.j2").render(about, figures=figures, css=css, js=_part("page.js"), plotly=_plotly())


def emphasised(headline: str) -> Markup:
    """A headline whose numbers stand out, and whose intervals stand back.

    >>> emphasised("98.9% [98.1%, 99.6%] on <6> classes")
    Markup('<b>98.9%</b> <span class="interval">[98.1%, 99.6%]</span> on &lt;6&gt; classes')
    """
    parts = re.split(r"(\[[^\]]*\])", str(escape(headline)))
    parts[1::2] = [f'<span class="interval">{one}</span>' for one in parts[1::2]]
    parts[::2] = [re.sub(r"\d+\.\d%", r"<b>\g<0></b>", one) for one in parts[::2]]
    return Markup("".join(parts))


def filed(name: str) -> str:
    """A name as it may stand in the name of a file."""
    return re.sub(r"[^\w.+-]+", "-", name)


def saved(page: str, path: Path, example: str) -> Path:
    """Writes a page where somebody wants it. Raises Problem where that cannot be; `example` is a file's name that would do."""
    if path.is_dir():
        raise Problem(f"{path} is a folder; give --out a file, such as {path / example}.")
    with files.told(path, "--out"):
        path.parent.mkdir(parents=True, exist_ok=True)
    files.write_text(path, page, "--out")
    return path


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
    return world
