"""Two inputs of a run, found by their ids, with their features and scores."""

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
    """One input. values: in the source's form, without padding. features `[channels, rows, columns]`: the input of the encoder."""

    id: str
    label: str
    group: str
    values: Floats
    features: Floats


@dataclass(frozen=True)
class Pair:
    """Two inputs of a run. form: of the source's inputs. feature_form: of the front-end's features."""

    run: Run
    a: Clip
    b: Clip
    form: Waveform | Image
    feature_form: Spectrogram | Image
    pairing: Pairing

    def extent(self, clip: Clip) -> float:
        """The length of an input: seconds of a recording, columns of an image."""
        length = clip.values.shape[-1]
        return length / self.form.rate if isinstance(self.form, Waveform) else float(length)


def chosen(samples: Samples, *words: str) -> Rows:
    """The rows of ids, each given completely or by an unambiguous beginning or end. Raises Problem for no match or several."""
    ids: list[str] = samples.ids.tolist()
    return rows([ids.index(_id(ids, word)) for word in words])


def _id(ids: list[str], word: str) -> str:
    if word in ids:
        return word
    matches = [name for name in ids if word and (name.startswith(word) or name.endswith(word))]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise Problem(f"'{word}' matches {len(matches)} inputs of this run: {listing(matches, 5)}. Give a longer part of the id.")
    near = nearest(word, ids) or f" The first is '{ids[0]}'."
    raise Problem(f"None of the {counted(len(ids), 'input')} of this run has the id '{word}'; units.parquet lists the ids.{near}")


def pair(run: Run, samples: Samples, places: Rows, features: list[Floats], feature_form: Spectrogram | Image, pairing: Pairing) -> Pair:
    """The pair of inputs in two rows, with their features and scores."""
    batch = samples.load(places)

    def clip(number: int) -> Clip:
        row = int(places[number])
        values = np.asarray(batch.values[number][..., : int(batch.lengths[number])])
        label = samples.classes[int(samples.labels[row])]
        return Clip(str(samples.ids[row]), label, str(samples.grouped()[row]), values, features[number])

    return Pair(run, clip(0), clip(1), samples.form, feature_form, pairing)
