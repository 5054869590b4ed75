"""A comparison as one page that asks nobody for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scratchlab.analysis.changes import Flip
from scratchlab.analysis.comparison import Comparison
from scratchlab.analysis.sides import Inputs, Side
from scratchlab.report import pictures, shell
from scratchlab.report.charts import Figure
from scratchlab.report.compare import figures, words
from scratchlab.report.words import span

OUTLINES = {  # of the marks on the maps, from -5 to 5
    "circle": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z",
    "diamond": "M0-5.5 5.5 0 0 5.5-5.5 0Z",
    "square": "M-4.5-4.5h9v9h-9Z",
    "triangle-up": "M0-5.5 5.5 4.5H-5.5Z",
    "cross": "M-5-1.8h3.2V-5h3.6v3.2H5v3.6H1.8V5h-3.6V1.8H-5Z",
    "star": "M0-6 1.8-2 6-1.8 2.7.9 3.8 5 0 2.7-3.8 5-2.7.9-6-1.8-1.8-2Z",
}


def place(runs: Path, a: Side, b: Side) -> Path:
    """Where the page goes if nobody says: beside the runs."""
    one, other = (shell.filed(side.name)[:100] for side in (a, b))
    return runs / f"compare-{one}-{other}.html"


def write(found: Comparison, path: Path) -> Path:
    """Saves the page. Raises Problem where it cannot be written."""
    return shell.saved(page(found), path, "compare.html")


def page(found: Comparison) -> str:
    """The whole page."""
    classes, last = tuple(found.arrivals), found.last[0]
    interval = max(last.over_groups, last.over_draws, key=lambda one: (one.high or 0.0) - (one.low or 0.0))  # the headline has the wider
    kind = words.units(found)
    about: dict[str, Any] = {
        "a": found.a,
        "b": found.b,
        "same_run": found.same_run,
        "later": found.found.last > 0,
        "where": words.where(found),
        "units": kind,
        "asked": words.asked(found),
        "verdict": words.verdict(found),
        "headline": {
            "where": f"After session {found.found.last}" if found.found.last else "On the base",
            "a": last.a,
            "b": last.b,
            "difference": last.over_groups.value,
            "span": span(interval),
            "over": "draws" if interval is last.over_draws else kind,
        },
        "sessions": sorted(found.sessions.items(), reverse=True),
        "arrivals": found.arrivals,
        "changes": found.classes,
        "shifts": found.confusions.shifts(),
        "flips": [(side, _cards(won, found.inputs), found.flipped[i]) for i, (side, won) in enumerate(zip("AB", found.flips, strict=True))],
        "missing": found.inputs.missing,
        "maps": found.maps,
        "marks": OUTLINES,
        "legend": _legend(classes, found.maps.labels),
        "settings": found.settings,
        "facts": words.training(found),
        "sure": words.sure,
        "meanings": words.meanings(found),
    }
    return shell.rendered("compare", about, _figures(found, classes))


def _figures(found: Comparison, classes: tuple[str, ...]) -> dict[str, Figure]:
    base = sum(session == 0 for session in found.arrivals.values())
    drawn = {"change": figures.change(found.confusions, base)}
    drawn |= {f"map-{number}": figures.embedding(found.maps, one, classes) for number, one in enumerate(found.maps.drawn, 1)}
    return drawn | ({"differences": figures.differences(found.sessions)} if len(found.sessions) > 1 else {})


def _cards(flips: list[Flip], inputs: Inputs) -> list[tuple[Flip, str, str]]:
    """Each query with its picture and its sound, or nothing where there is none."""
    return [(flip, *_media(flip.id, inputs)) for flip in flips]


def _media(name: str, inputs: Inputs) -> tuple[str, str]:
    if inputs.form is None or name not in inputs.values:
        return "", ""
    values = inputs.values[name]
    return pictures.picture(values, inputs.form), pictures.sound(values, inputs.form)


def _legend(classes: tuple[str, ...], there: tuple[str, ...]) -> list[tuple[str, int, str]]:
    """Of the classes on the maps: name, colour and mark."""
    return [(name, i % figures.COLOURS + 1, figures.mark(i)) for i, name in enumerate(classes) if name in set(there)]
