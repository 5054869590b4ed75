"""Two inputs of a run: found by their names, and everything known of them in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.store.run import Run
from scratchlab.types import Floats, Image, Rows, Samples, Spectrogram, Waveform, rows

if TYPE_CHECKING:
    from scratchlab.similarity.pairing import Pairing


@dataclass(frozen=True)
class Clip:
    """One input. values: at the source's own form, without padding; features `[channels, rows, columns]`: as the encoder sees it."""

    id: str
    label: str
    group: str
    values: Floats
    features: Floats


@dataclass(frozen=True)
class Pair:
    """Two inputs of a run. form: what the source gives; seen: what the front-end makes of it."""

    run: Run
    a: Clip
    b: Clip
    form: Waveform | Image
    seen: Spectrogram | Image
    pairing: Pairing

    def extent(self, clip: Clip) -> float:
        """How far an input reaches: seconds of sound, columns of an image."""
        length = clip.values.shape[-1]
        return length / self.form.rate if isinstance(self.form, Waveform) else float(length)


def chosen(samples: Samples, *words: str) -> Rows:
    """The rows these words name: an id, or the beginning or end of one alone. Raises Problem for a word that fits none, or several."""
    ids: list[str] = samples.ids.tolist()
    return rows([ids.index(_id(ids, word)) for word in words])


def _id(ids: list[str], word: str) -> str:
    if word in ids:
        return word
    fitting = [one for one in ids if word and (one.startswith(word) or one.endswith(word))]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise Problem(f"'{word}' fits {len(fitting)} inputs of this run: {listing(fitting, 5)}. Give more of the name.")
    near = nearest(word, ids) or f" The first is '{ids[0]}'."
    raise Problem(f"No input of this run is called '{word}', of {counted(len(ids), 'input')}; units.parquet has their ids.{near}")


def pair(run: Run, samples: Samples, places: Rows, features: list[Floats], seen: Spectrogram | Image, pairing: Pairing) -> Pair:
    """What is known of the inputs in these two rows."""
    batch = samples.load(places)

    def clip(number: int) -> Clip:
        row = int(places[number])
        values = np.asarray(batch.values[number][..., : int(batch.lengths[number])])
        label = samples.classes[int(samples.labels[row])]
        return Clip(str(samples.ids[row]), label, str(samples.grouped()[row]), values, features[number])

    return Pair(run, clip(0), clip(1), samples.form, seen, pairing)
