"""The page of enrolled words, which loads no other file."""

from __future__ import annotations

from pathlib import Path

from scratchlab.inference import home_folder
from scratchlab.inference.home import Home
from scratchlab.report import matrices, pictures, shell
from scratchlab.report.charts import Figure
from scratchlab.report.home import figures, words
from scratchlab.types import Waveform

HEARD = 5  # recordings of a word that the page plays


def write(home: Home, path: Path) -> Path:
    """Writes the page. Raises Problem if it cannot be written."""
    return shell.saved(page(home, path.parent.name), path, home_folder.PAGE)


def page(home: Home, name: str) -> str:
    """The complete page. name: of the home."""
    confused, charts, form = figures.confused(home), dict[str, Figure](), Waveform(home.steps.rate)
    if confused.counts.any() and len(home.classes) > 1:
        worst = max((pair.count / pair.total for pair in confused.pairs(1)), default=0.01)
        charts["confusion"] = matrices.confusion(confused, len(home.classes), worst)
    if home.threshold is not None and home.scored.measurable.any():
        charts["threshold"] = figures.threshold(home)
    context = {
        "home": home,
        "name": name,
        "headline": words.headline(home),
        "estimates": words.figures(home),
        "remarks": words.remarks(home),
        "advice": words.advice(home),
        "words": [(word, count, lost, _recordings(home, word, form)) for word, count, lost in words.loss(home)],
        "confused": confused,
        "meanings": words.MEANINGS,
        "note": words.NOTE,
    }
    return shell.rendered("home", context, charts)


def _recordings(home: Home, word: str, form: Waveform) -> list[tuple[str, str, str, list[str]]]:
    """File, picture, sound and remarks of the recordings of a word: those with remarks, then the first others, at most `HEARD`."""
    remarks = {number: [*one.faults, *filter(None, [home.suspicions.get(number, "")])] for number, one in enumerate(home.recordings)}
    own = sorted((number for number, one in enumerate(home.recordings) if one.word == word), key=lambda number: not remarks[number])
    shown = [(home.recordings[number], remarks[number]) for number in own[:HEARD]]
    return [(words.short(one.file), pictures.picture(one.sound, form), pictures.sound(one.sound, form), own) for one, own in shown]
