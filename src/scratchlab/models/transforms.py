"""Large changes of features that make another thing of them: an image turned round, a word said backwards.

Unlike an augmentation, whose result is still of its class, a transformation makes a new class of each. Which there are depends on the form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem, listing, nearest
from scratchlab.types import Image, Spectrogram

Transform = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def same(features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """As they are."""
    return features, lengths


def backward(features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """The real columns in reverse; those beyond a length stay where they are.

    >>> backward(torch.tensor([[[[1.0, 2.0, 3.0, 0.0]]]]), torch.tensor([3]))[0].flatten().tolist()
    [3.0, 2.0, 1.0, 0.0]
    """
    place = torch.arange(features.shape[3], device=features.device)
    source = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)
    return features.gather(3, source[:, None, None].expand_as(features)), lengths


def upside_down(features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """The rows in reverse: the lowest band on top."""
    return features.flip(2), lengths


def rotated_180(features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Both: half a turn."""
    return backward(*upside_down(features, lengths))


def _quarter(turns: int) -> Transform:
    def turned(features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        square = F.pad(features, (0, features.shape[2] - features.shape[3]))  # a batch of narrow images is not as wide as its form
        return square.rot90(turns, (2, 3)), torch.full_like(lengths, features.shape[2])

    return turned


HALF: dict[str, Transform] = {"backward": backward, "upside_down": upside_down, "rotated_180": rotated_180}
TURNS: dict[str, Transform] = {"rotated_90": _quarter(1), "rotated_180": rotated_180, "rotated_270": _quarter(3)}  # of square images
TRANSFORMS = {"same": same, **HALF, **TURNS}


def fitting(form: Spectrogram | Image) -> tuple[str, ...]:
    """The names of the transformations that features of this form may undergo."""
    square = isinstance(form, Image) and form.height == form.width
    return tuple(HALF | TURNS if square else HALF)


def usual(form: Spectrogram | Image) -> tuple[str, ...]:
    """The largest of them: quarter turns of square images; anything else is mirrored in time, in frequency and in both."""
    square = isinstance(form, Image) and form.height == form.width
    return tuple(TURNS if square else HALF)


def checked(names: Sequence[str], form: Spectrogram | Image, where: str) -> tuple[str, ...]:
    """The names. Raises Problem for one that does not fit the form, and for one named twice."""
    there = fitting(form)
    for name in names:
        if name not in there:
            raise Problem(f"{where} names '{name}', but what fits a {form} is: {listing(there)}.{nearest(name, there)}")
        if names.count(name) > 1:
            raise Problem(f"{where} names '{name}' twice.")
    return tuple(names)


def transformed(names: Sequence[str], features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Features `[n, channels, rows, columns]`, lengths `[n]` -> `[n * m, ...]`, `[n * m]`: the m results of each input side by side."""
    found = [TRANSFORMS[name](features, lengths) for name in names]
    widest = max(one.shape[3] for one, _ in found)
    stacked = torch.stack([F.pad(one, (0, widest - one.shape[3])) for one, _ in found], 1)
    return stacked.flatten(0, 1), torch.stack([own for _, own in found], 1).flatten()
