"""Two inputs side by side as one page that asks nobody for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scratchlab.analysis.pair import Clip, Pair
from scratchlab.report import pictures, shell
from scratchlab.report.charts import Figure
from scratchlab.report.pair import figures, words
from scratchlab.types import Image, Spectrogram, Waveform


def place(pair: Pair) -> Path:
    """Where the page goes if nobody says: into the run's folder."""
    a, b = (shell.filed(clip.id).strip("-")[-80:] for clip in (pair.a, pair.b))
    return pair.run.folder / f"pair-{a}-{b}.html"


def write(pair: Pair, path: Path) -> Path:
    """Saves the page. Raises Problem where it cannot be written."""
    return shell.saved(page(pair), path, "pair.html")


def page(pair: Pair) -> str:
    """The whole page."""
    found = pair.pairing
    t, s = found.cosines.shape
    of_a, of_b = figures.depths(pair)
    leading = next(iter(found.verdicts))
    drawn: dict[str, Figure] = {} if found.plain else {"alignment": figures.alignment(pair)}
    about: dict[str, Any] = {
        "pair": pair,
        "title": pair.run.status["title"] or pair.run.status["recipe"],
        "clips": [
            (
                name,
                clip,
                words.size(pair, clip, steps) + _cut(pair, clip),
                _pictures(pair, clip, depths),
                pictures.sound(clip.values, pair.form),
            )
            for name, clip, steps, depths in (("A", pair.a, t, of_a), ("B", pair.b, s, of_b))
        ],
        "heard": isinstance(pair.form, Waveform),
        "leading": leading,
        "verdicts": found.verdicts,
        "said": words.alignment(pair),
        "range": (float(found.cosines.min()), float(found.cosines.max())),
        "path": _rows(pair),
        "number": words.number,
        "meanings": words.meanings(pair),
    }
    return shell.rendered("pair", about, drawn)


def _pictures(pair: Pair, clip: Clip, depths: list[figures.Depth]) -> list[tuple[str, str]]:
    """Name and picture of each stream; of an image, the image itself."""
    if isinstance(pair.form, Image):
        return [("", pictures.picture(clip.values, pair.form))]
    names = pair.seen.streams if isinstance(pair.seen, Spectrogram) else ()
    return [(names[i] if names else "", pictures.seen(depth)) for i, depth in enumerate(depths)]


def _cut(pair: Pair, clip: Clip) -> str:
    longer = isinstance(pair.form, Waveform) and pair.extent(clip) > pictures.SECONDS
    return f"; the first {pictures.SECONDS:.0f} seconds can be heard" if longer else ""


def _rows(pair: Pair) -> list[tuple[str, str, str, str, str]]:
    """The path, a row a pair of steps: step and place of A, of B, and their cosine."""
    found = pair.pairing
    t, s = found.cosines.shape
    each = (pair.extent(pair.a) / t, pair.extent(pair.b) / s)
    return [
        (str(i + 1), words.place(pair, i * each[0]), str(j + 1), words.place(pair, j * each[1]), words.number(1 - cost))
        for (i, j), cost in zip(found.path.tolist(), found.costs.tolist(), strict=True)
    ]
