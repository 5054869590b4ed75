"""Base classes of front-ends and encoders.

A front-end turns inputs into features and names the form they have; an encoder turns features of that form into
embeddings. Neither lets a clip's result depend on how far its batch is padded.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.types import Embeddings, Image, Spectrogram, Waveform


def lengths_of(x: Tensor, lengths: Tensor | None, axes: str, reader: nn.Module) -> Tensor:
    """The lengths `[n]`, all of the last axis where None are given. axes: what `x` must be, "n, samples".

    Raises Problem, naming the reader, for another number of axes, no input at all, and numbers that are not floating-point.
    """
    name, count = type(reader).__name__, axes.count(",") + 1
    if x.ndim != count or not x.is_floating_point() or 0 in x.shape[:1]:
        hint = " For a single input, add an axis: x[None]." if x.ndim == count - 1 else ""
        raise Problem(f"{name} reads floating-point numbers [{axes}], n of 1 or more; here is {x.dtype} of shape {list(x.shape)}.{hint}")
    return torch.full((len(x),), x.shape[-1], device=x.device) if lengths is None else lengths


def form_of(features: Tensor) -> Spectrogram | Image:
    """The form of features `[n, channels, rows, columns]`: a spectrogram where there is one channel and the sides differ."""
    channels, rows, columns = features.shape[1:]
    return Spectrogram(rows) if channels == 1 and rows != columns else Image(channels, rows, columns)


class Frontend(nn.Module):
    """Inputs to features. `input_form`: of one input; `form`: of one feature array, which the encoder is built for; axes: of the inputs."""

    input_form: Waveform | Image
    form: Spectrogram | Image
    axes = "n, samples"

    def __call__(self, values: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As `forward`, for inputs that are all of one length where none are given."""
        return super().__call__(values, lengths_of(values, lengths, self.axes, self))

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Values `[n, ...]` padded on the last axis, lengths `[n]` in its steps -> features `[n, channels, rows, columns]`
        that are zero beyond their lengths, and lengths `[n]` in columns.
        """
        raise NotImplementedError


class Encoder(nn.Module):
    """Features to embeddings. `dim`: d of the vector `[n, d]`; `channels`: c of the matrix `[n, t, c]`.

    `form`: of the features it was built for; None where it takes any. `streams`: where its embeddings consist of equal parts side by
    side, one for each stream of sound, their names.
    `inputs_axis`: which axis of what `halfway` yields runs over the inputs of a batch; `repeats`: how often the batch stands
    there, one time after another.
    """

    dim: int
    channels: int
    streams: tuple[str, ...] = ()
    form: Spectrogram | Image | None = None
    inputs_axis: int
    repeats: int = 1

    def __call__(self, features: Tensor, lengths: Tensor | None = None) -> Embeddings:
        """As `forward`, for features that are all of one length where none are given. Raises Problem for features of another form."""
        lengths = lengths_of(features, lengths, "n, channels, rows, columns", self)
        if self.form is not None:
            channels, rows = (1, self.form.bands) if isinstance(self.form, Spectrogram) else (self.form.channels, self.form.height)
            if tuple(features.shape[1:3]) != (channels, rows):
                raise Problem(
                    f"{type(self).__name__} was built for features [n, {channels}, {rows}, columns]; these are {list(features.shape)}. "
                    f"Build it for their form: {type(self).__name__}({form_of(features)})."
                )
        return super().__call__(features, lengths)

    @property
    def halfway(self) -> list[nn.Module]:
        """The module whose output is about half-way through, a tensor: where inputs may be mixed (`models/mixing.py`).

        Several where the encoder is made of several side by side. A property, since an attribute would name its weights twice.
        """
        raise NotImplementedError

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Features `[n, channels, rows, columns]`, lengths `[n]` in columns -> Embeddings."""
        raise NotImplementedError
