"""The page of two inputs side by side, which loads no other file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scratchlab.analysis.pair import Clip, Pair
from scratchlab.report import pictures, shell
from scratchlab.report.charts import Figure
from scratchlab.report.pair import figures, words
from scratchlab.types import Image, Spectrogram, Waveform


def place(pair: Pair) -> Path:
    """The default path of the page: in the run's folder."""
    a, b = (shell.filed(clip.id).strip("-")[-80:] for clip in (pair.a, pair.b))
    return pair.run.folder / f"pair-{a}-{b}.html"


def write(pair: Pair, path: Path) -> Path:
    """Writes the page. Raises Problem if it cannot be written."""
    return shell.saved(page(pair), path, "pair.html")


def page(pair: Pair) -> str:
    """The complete page."""
    pairing = pair.pairing
    t, s = pairing.cosines.shape
    of_a, of_b = figures.feature_levels(pair)
    leading = next(iter(pairing.verdicts))
    charts: dict[str, Figure] = {} if pairing.plain else {"alignment": figures.alignment(pair)}
    context: dict[str, Any] = {
        "pair": pair,
        "title": pair.run.status["title"] or pair.run.status["recipe"],
        "clips": [
            (
                name,
                clip,
                words.size(pair, clip, steps) + _cut(pair, clip),
                _pictures(pair, clip, levels),
                pictures.sound(clip.values, pair.form),
            )
            for name, clip, steps, levels in (("A", pair.a, t, of_a), ("B", pair.b, s, of_b))
        ],
        "is_sound": isinstance(pair.form, Waveform),
        "leading": leading,
        "verdicts": pairing.verdicts,
        "sentences": words.alignment(pair),
        "range": (float(pairing.cosines.min()), float(pairing.cosines.max())),
        "path": _rows(pair),
        "number": words.number,
        "meanings": words.meanings(pair),
    }
    return shell.rendered("pair", context, charts)


def _pictures(pair: Pair, clip: Clip, levels: list[figures.Levels]) -> list[tuple[str, str]]:
    """Name and picture of each stream, or the image itself."""
    if isinstance(pair.form, Image):
        return [("", pictures.picture(clip.values, pair.form))]
    names = pair.feature_form.streams if isinstance(pair.feature_form, Spectrogram) else ()
    return [(names[i] if names else "", pictures.colour_png(level)) for i, level in enumerate(levels)]


def _cut(pair: Pair, clip: Clip) -> str:
    longer = isinstance(pair.form, Waveform) and pair.extent(clip) > pictures.SECONDS
    return f"; the audio has the first {pictures.SECONDS:.0f} seconds" if longer else ""


def _rows(pair: Pair) -> list[tuple[str, str, str, str, str]]:
    """The path, one row per pair of steps: step and position in A, in B, and their cosine."""
    pairing = pair.pairing
    t, s = pairing.cosines.shape
    widths = (pair.extent(pair.a) / t, pair.extent(pair.b) / s)
    return [
        (str(i + 1), words.place(pair, i * widths[0]), str(j + 1), words.place(pair, j * widths[1]), words.number(1 - cost))
        for (i, j), cost in zip(pairing.path.tolist(), pairing.costs.tolist(), strict=True)
    ]
