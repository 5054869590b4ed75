"""A comparison as one page that asks nobody for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scratchlab.analysis.changes import Flip
from scratchlab.analysis.compared import ComparedRun
from scratchlab.analysis.comparison import Comparison
from scratchlab.analysis.media import Media
from scratchlab.report import matrices, pictures, shell
from scratchlab.report.charts import Figure
from scratchlab.report.compare import figures, words
from scratchlab.report.lines import OUTLINES
from scratchlab.report.words import place as in_words
from scratchlab.report.words import span


def place(runs: Path, a: ComparedRun, b: ComparedRun) -> Path:
    """Where the page goes if nobody says: beside the runs."""
    one, other = (shell.filed(each.title)[:100] for each in (a, b))
    return runs / f"compare-{one}-{other}.html"


def write(found: Comparison, path: Path) -> Path:
    """Saves the page. Raises Problem where it cannot be written."""
    return shell.saved(page(found), path, "compare.html")


def page(found: Comparison) -> str:
    """The whole page."""
    whole, kind = found.headline[0], words.independent(found)
    interval = max(whole.over_groups, whole.over_draws, key=lambda one: (one.high or 0.0) - (one.low or 0.0))  # the headline has the wider
    parts = set(found.classes.values())
    about: dict[str, Any] = {
        "a": found.a,
        "b": found.b,
        "same_run": found.same_run,
        "drawn": whole.draws,
        "graded": found.graded,
        "where": words.where(found),
        "independent": kind,
        "layout": found.units.layout,
        "common": words.common(found),
        "notes": words.notes(found),
        "verdict": words.verdict(found),
        "headline": {
            "where": in_words(found.units.headline),
            "a": whole.a,
            "b": whole.b,
            "difference": whole.over_groups.value,
            "span": span(interval),
            "over": "draws" if interval is whole.over_draws else kind,
        },
        "tests": words.tables(found),
        "classes": found.classes,
        "parted": len(parts) > 1,
        "changes": found.changes,
        "shifts": found.confusion.shifts() if found.confusion else [],
        "flips": [(name, _cards(found.flips[i], found.media), found.flipped[i]) for i, name in enumerate("AB")],
        "missing": found.media.missing,
        "maps": found.maps,
        "marks": OUTLINES,
        "legend": _legend(tuple(found.classes), found.maps.labels),
        "settings": found.settings,
        "facts": words.training(found),
        "significant": words.significant,
        "meanings": words.meanings(found),
    }
    return shell.rendered("compare", about, _figures(found))


def _figures(found: Comparison) -> dict[str, Figure]:
    classes = tuple(found.classes)
    drawn = {"change": figures.change(found.confusion, matrices.first(found.classes))} if found.confusion else {}
    drawn |= {f"map-{number}": figures.embedding(found.maps, one, classes) for number, one in enumerate(found.maps.drawn, 1)}
    return drawn | ({"differences": figures.differences(found.tests)} if len(found.tests) > 1 else {})


def _cards(flips: list[Flip], shown: Media) -> list[tuple[Flip, str, str]]:
    """Each query with its picture and its sound, or nothing where there is none."""
    return [(flip, *_media(flip.id, shown)) for flip in flips]


def _media(name: str, shown: Media) -> tuple[str, str]:
    if shown.form is None or name not in shown.values:
        return "", ""
    values = shown.values[name]
    return pictures.picture(values, shown.form), pictures.sound(values, shown.form)


def _legend(classes: tuple[str, ...], there: tuple[str, ...]) -> list[tuple[str, int, str]]:
    """Of the classes on the maps: name, colour and mark."""
    return [(name, i % figures.COLOURS + 1, figures.mark(i)) for i, name in enumerate(classes) if name in set(there)]
