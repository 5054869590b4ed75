"""Base class of augmentations."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.models.interface import lengths_of


class Augment:
    """Augments training inputs (before the front-end) or features (after it); never changes labels. Built for the form of the inputs.

    domain: which of the two; axes: names of the axes of its values.
    """

    domain: ClassVar[Literal["inputs", "features"]]
    axes: ClassVar[str]

    def __call__(self, values: Tensor, lengths: Tensor | None = None, rng: RowRNG | None = None) -> Tensor:
        """The augmented values, of the same shape.

        values: `[n, ...]`, zero beyond lengths `[n]` along the last axis (None: no padding); rng: random numbers by row (None: drawn by
        torch's generator). Raises Problem for other axes.
        """
        lengths = lengths_of(values, lengths, self.axes, self)
        return self.augmented(values, lengths, rng or RowRNG(int(torch.randint(2**62, ())), 0, np.arange(len(values))))

    def augmented(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """The augmented values; all randomness is drawn from `rng`. Defined by each augmentation."""
        raise NotImplementedError


@runtime_checkable
class UsesStreams(Protocol):
    """An augmentation of features whose settings name streams; it is constructed before the front-end, so their names are set later."""

    def set_streams(self, streams: tuple[str, ...]) -> None:
        """Sets the names of the front-end's streams. Raises Problem where the settings name a stream that does not exist."""
        ...
