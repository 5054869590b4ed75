"""Base classes of front-ends and encoders.

A front-end turns inputs into features and declares their form; an encoder turns features of that form into embeddings.
In both, an input's result does not depend on how far its batch is padded.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.types import Embeddings, Image, Spectrogram, Waveform


def lengths_of(x: Tensor, lengths: Tensor | None, axes: str, reader: object) -> Tensor:
    """Return the lengths `[n]`; if None, the full size of x's last axis for every input. axes: names of the axes x must have, "n, samples".

    Raises Problem, naming the class of `reader`, for another number of axes, an empty batch, and numbers that are not floating-point.
    """
    name, count = type(reader).__name__, axes.count(",") + 1
    if not isinstance(cast(object, x), Tensor):
        raise Problem(f"{name} takes a tensor [{axes}], not {type(x).__name__}, which torch.as_tensor converts.")
    if x.ndim != count or not x.is_floating_point() or 0 in x.shape[:1]:
        hint = " For a single input, add an axis: x[None]." if x.ndim == count - 1 else ""
        raise Problem(
            f"{name} takes floating-point numbers of shape [{axes}], n of 1 or more; this is {x.dtype} of shape {list(x.shape)}.{hint}"
        )
    if lengths is None:
        return torch.full((len(x),), x.shape[-1], device=x.device)
    lengths = torch.as_tensor(lengths, device=x.device)
    if lengths.shape != x.shape[:1] or lengths.is_floating_point():
        raise Problem(
            f"{name} takes {len(x)} lengths, whole numbers up to {x.shape[-1]}; here {lengths.dtype} of shape {list(lengths.shape)}."
        )
    return lengths


def form_of(features: Tensor) -> Spectrogram | Image:
    """The form of features `[n, channels, rows, columns]`: a spectrogram if there is one channel and rows and columns differ."""
    channels, rows, columns = features.shape[1:]
    return Spectrogram(rows) if channels == 1 and rows != columns else Image(channels, rows, columns)


class Frontend(nn.Module):
    """Turns inputs `[n, ...]` into features `[n, channels, rows, columns]`.

    input_form: of one input; form: of its features, for which the encoder is built; axes: names of those of the inputs.

    >>> class Power(Frontend):  # one of your own
    ...     input_form, form = Waveform(8000), Spectrogram(1)
    ...     def forward(self, values, lengths):
    ...         return values.square()[:, None, None], lengths
    >>> Power()(torch.ones(2, 4))[0].shape
    torch.Size([2, 1, 1, 4])
    """

    input_form: Waveform | Image
    form: Spectrogram | Image
    axes = "n, samples"

    def __call__(self, values: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Call `forward` in single precision; without lengths, no input is padded."""
        lengths = lengths_of(values, lengths, self.axes, self)
        return super().__call__(values.float() if values.dtype == torch.float64 else values, lengths)

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return features `[n, channels, rows, columns]`, zero beyond their lengths, and lengths `[n]` in columns, of values `[n, ...]`
        padded on the last axis and lengths `[n]` in its steps.
        """
        raise NotImplementedError


class Encoder(nn.Module):
    """Turns features `[n, channels, rows, columns]` into embeddings. dim: d of the vector `[n, d]`; channels: c of the matrix `[n, t, c]`.

    form: of the features it was built for (None: any). streams: names of the streams of sound, if embeddings are concatenations of equal
    parts, one for each stream. pretrained: whether its first weights were learned elsewhere. inputs_axis: the batch axis of the output of
    `halfway`; repeats: how many copies of the batch are concatenated along that axis.

    >>> class Rows(Encoder):  # one of your own: each column is a step
    ...     dim = channels = 40
    ...     def forward(self, features, lengths):
    ...         return Embeddings.of(features[:, 0].transpose(1, 2), lengths)
    >>> Rows()(torch.rand(2, 1, 40, 101)).vector.shape
    torch.Size([2, 40])
    """

    dim: int
    channels: int
    streams: tuple[str, ...] = ()
    form: Spectrogram | Image | None = None
    pretrained: bool = False
    inputs_axis: int = 0
    repeats: int = 1

    def __call__(self, features: Tensor, lengths: Tensor | None = None) -> Embeddings:
        """Call `forward`; without lengths, no input is padded. Raises Problem for features of another form."""
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
        """The module about half-way through the encoder, at whose output (a tensor) inputs may be mixed (`models/mixing.py`).

        Several modules if the encoder consists of parallel encoders. A property, since an attribute would register the weights twice.
        Raises Problem for an encoder that does not define it.
        """
        raise Problem(f"{type(self).__name__} has no `halfway`, the module at whose output this method mixes inputs.")

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Embed features `[n, channels, rows, columns]` with lengths `[n]` in columns."""
        raise NotImplementedError
