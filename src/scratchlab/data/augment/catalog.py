"""The augmentations a recipe can switch on, each by a table [augment.NAME]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from torch import Tensor

from scratchlab.data.augment.affine import Affine
from scratchlab.data.augment.flip import Flip
from scratchlab.data.augment.noise import Noise
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.data.augment.shift import PixelShift, Shift
from scratchlab.data.augment.spec_augment import SpecAugment
from scratchlab.data.augment.stream_noise import StreamNoise


class Augment(Protocol):
    """Augments training inputs (before the front-end) or features (after it); never changes labels."""

    @property
    def domain(self) -> str:
        """Returns what is augmented: "inputs" or "features"."""
        ...

    def __call__(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """The augmented values, of the same shape."""
        ...


@runtime_checkable
class UsesStreams(Protocol):
    """An augmentation of features whose settings name streams; it is constructed before the front-end, so their names are set later."""

    def set_streams(self, streams: tuple[str, ...]) -> None:
        """Sets the names of the front-end's streams. Raises Problem where the settings name a stream that does not exist."""
        ...


AUGMENTS: dict[str, Callable[..., Augment]] = {
    "affine": Affine,
    "flip": Flip,
    "noise": Noise,
    "pixel_shift": PixelShift,
    "shift": Shift,
    "spec_augment": SpecAugment,
    "stream_noise": StreamNoise,
}
