"""The augmentations a recipe can switch on, each by a table [augment.NAME]."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.data.augment.affine import Affine
from scratchlab.data.augment.flip import Flip
from scratchlab.data.augment.interface import Augment
from scratchlab.data.augment.noise import Noise
from scratchlab.data.augment.shift import PixelShift, Shift
from scratchlab.data.augment.spec_augment import SpecAugment
from scratchlab.data.augment.stream_noise import StreamNoise

AUGMENTS: dict[str, Callable[..., Augment]] = {
    "affine": Affine,
    "flip": Flip,
    "noise": Noise,
    "pixel_shift": PixelShift,
    "shift": Shift,
    "spec_augment": SpecAugment,
    "stream_noise": StreamNoise,
}
