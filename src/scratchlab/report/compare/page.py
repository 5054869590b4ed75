"""The page of a comparison, which loads no other file."""

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
from scratchlab.report.words import place as format_context
from scratchlab.report.words import span


def place(runs: Path, a: ComparedRun, b: ComparedRun) -> Path:
    """The default path of the page: in the folder of the runs."""
    first, second = (shell.filed(each.title)[:100] for each in (a, b))
    return runs / f"compare-{first}-{second}.html"


def write(comparison: Comparison, path: Path) -> Path:
    """Writes the page. Raises Problem if it cannot be written."""
    return shell.saved(page(comparison), path, "compare.html")


def page(comparison: Comparison) -> str:
    """The complete page."""
    overall, kind = comparison.headline[0], words.independent(comparison)
    # the headline shows the wider interval
    interval = max(overall.over_groups, overall.over_draws, key=lambda each: (each.high or 0.0) - (each.low or 0.0))
    parts = set(comparison.classes.values())
    context: dict[str, Any] = {
        "a": comparison.a,
        "b": comparison.b,
        "same_run": comparison.same_run,
        "drawn": overall.draws,
        "graded": comparison.graded,
        "where": words.where(comparison),
        "independent": kind,
        "layout": comparison.units.layout,
        "common": words.common(comparison),
        "notes": words.notes(comparison),
        "verdict": words.verdict(comparison),
        "headline": {
            "where": format_context(comparison.units.headline),
            "a": overall.a,
            "b": overall.b,
            "difference": overall.over_groups.value,
            "span": span(interval),
            "over": "draws" if interval is overall.over_draws else kind,
        },
        "tests": words.tables(comparison),
        "classes": comparison.classes,
        "parted": len(parts) > 1,
        "changes": comparison.changes,
        "shifts": comparison.confusion.shifts() if comparison.confusion else [],
        "flips": [(name, _cards(comparison.flips[i], comparison.media), comparison.flipped[i]) for i, name in enumerate("AB")],
        "missing": comparison.media.missing,
        "maps": comparison.maps,
        "marks": OUTLINES,
        "legend": _legend(tuple(comparison.classes), comparison.maps.labels),
        "settings": comparison.settings,
        "facts": words.training(comparison),
        "significant": words.significant,
        "meanings": words.meanings(comparison),
    }
    return shell.rendered("compare", context, _figures(comparison))


def _figures(comparison: Comparison) -> dict[str, Figure]:
    classes = tuple(comparison.classes)
    charts = {"change": figures.change(comparison.confusion, matrices.first(comparison.classes))} if comparison.confusion else {}
    charts |= {f"map-{number}": figures.embedding(comparison.maps, drawn, classes) for number, drawn in enumerate(comparison.maps.drawn, 1)}
    return charts | ({"differences": figures.differences(comparison.tests)} if len(comparison.tests) > 1 else {})


def _cards(flips: list[Flip], media: Media) -> list[tuple[Flip, str, str]]:
    """Each flip with its picture and sound as data URIs, empty if there is none."""
    return [(flip, *_data_uris(flip.id, media)) for flip in flips]


def _data_uris(name: str, media: Media) -> tuple[str, str]:
    if media.form is None or name not in media.values:
        return "", ""
    values = media.values[name]
    return pictures.picture(values, media.form), pictures.sound(values, media.form)


def _legend(classes: tuple[str, ...], labels: tuple[str, ...]) -> list[tuple[str, int, str]]:
    """Name, colour and mark of each class on the maps."""
    return [(name, i % figures.COLOURS + 1, figures.mark(i)) for i, name in enumerate(classes) if name in set(labels)]
