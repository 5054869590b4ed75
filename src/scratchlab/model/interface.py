"""What every front-end and every encoder offers.

A front-end turns inputs into features and names the form they have; an encoder turns features of that form into
embeddings. Neither lets a clip's result depend on how far its batch is padded.
"""

from __future__ import annotations

from torch import Tensor, nn

from scratchlab.types import Embeddings, Image, Spectrogram


class Frontend(nn.Module):
    """Inputs to features. `form`: the form of one feature array, which the encoder is built for."""

    form: Spectrogram | Image

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Values `[n, ...]` padded on the last axis, lengths `[n]` in its steps -> features `[n, channels, rows, columns]`
        that are zero beyond their lengths, and lengths `[n]` in columns.
        """
        raise NotImplementedError


class Encoder(nn.Module):
    """Features to embeddings. `dim`: d of the vector `[n, d]`; `channels`: c of the matrix `[n, t, c]`.

    `streams`: where its embeddings consist of equal parts side by side, one for each stream of sound, their names.
    `inputs_axis`: which axis of what `halfway` yields runs over the inputs of a batch; `repeats`: how often the batch stands
    there, one time after another.
    """

    dim: int
    channels: int
    streams: tuple[str, ...] = ()
    inputs_axis: int
    repeats: int = 1

    @property
    def halfway(self) -> list[nn.Module]:
        """The module whose output is about half-way through, a tensor: where inputs may be mixed (`model/mixing.py`).

        Several where the encoder is made of several side by side. A property, since an attribute would name its weights twice.
        """
        raise NotImplementedError

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Features `[n, channels, rows, columns]`, lengths `[n]` in columns -> Embeddings."""
        raise NotImplementedError
