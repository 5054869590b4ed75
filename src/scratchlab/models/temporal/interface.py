"""Base class of temporal modules, which turn an encoder's frames into the steps of the matrix."""

from __future__ import annotations

from typing import ClassVar, cast

from torch import nn

from scratchlab.checks import Problem
from scratchlab.types import Embeddings


class Temporal(nn.Module):
    """Maps embeddings to embeddings. dim: d of the returned vector `[n, d]`; channels: c of the returned matrix `[n, t, c]`.

    As with an encoder, an input's result must not depend on how far its batch is padded, steps at or beyond the lengths are zero, and an
    input may have a single step. keeps_streams: whether each part of a returned embedding still depends on one stream only.

    >>> class Last(Temporal):  # one of your own
    ...     def forward(self, embeddings):
    ...         return Embeddings(embeddings.matrix[:, -1], embeddings.matrix, embeddings.lengths)
    >>> import torch
    >>> Last()(Embeddings.of(torch.rand(2, 7, 32))).vector.shape
    torch.Size([2, 32])
    """

    keeps_streams: ClassVar[bool] = True
    dim: int
    channels: int

    def __call__(self, embeddings: Embeddings) -> Embeddings:
        """Call `forward`. Raises Problem for anything but embeddings."""
        if not isinstance(cast(object, embeddings), Embeddings):
            raise Problem(
                f"{type(self).__name__} takes Embeddings, as an encoder returns them; of frames [n, t, c], Embeddings.of(frames)."
            )
        return super().__call__(embeddings)

    def forward(self, embeddings: Embeddings) -> Embeddings:
        """Return embeddings with a matrix `[n, t', channels]` and lengths `[n]` in its steps, of an encoder's embeddings."""
        raise NotImplementedError
