"""Transformations of features that change the class: an image rotated, a word played backwards.

An augmentation preserves the class; each of these turns a class into a new, synthetic one. Which ones apply depends on the features' form.
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
    """The identity."""
    return features, lengths


def backward(features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Reverse the real columns; padding stays at the end.

    >>> backward(torch.tensor([[[[1.0, 2.0, 3.0, 0.0]]]]), torch.tensor([3]))[0].flatten().tolist()
    [3.0, 2.0, 1.0, 0.0]
    """
    place = torch.arange(features.shape[3], device=features.device)
    source = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)
    return features.gather(3, source[:, None, None].expand_as(features)), lengths


def upside_down(features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Reverse the rows: the lowest band is on top."""
    return features.flip(2), lengths


def rotated_180(features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Rotate by 180°: reverse rows and columns."""
    return backward(*upside_down(features, lengths))


def _quarter(turns: int) -> Transform:
    def turned(features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        square = F.pad(features, (0, features.shape[2] - features.shape[3]))  # a batch of narrow images is narrower than the form
        return square.rot90(turns, (2, 3)), torch.full_like(lengths, features.shape[2])

    return turned


HALF: dict[str, Transform] = {"backward": backward, "upside_down": upside_down, "rotated_180": rotated_180}
TURNS: dict[str, Transform] = {"rotated_90": _quarter(1), "rotated_180": rotated_180, "rotated_270": _quarter(3)}  # of square images
TRANSFORMS = {"same": same, **HALF, **TURNS}


def fitting(form: Spectrogram | Image) -> tuple[str, ...]:
    """The names of the transformations that apply to features of this form."""
    square = isinstance(form, Image) and form.height == form.width
    return tuple(HALF | TURNS if square else HALF)


def usual(form: Spectrogram | Image) -> tuple[str, ...]:
    """The default transformations: rotations of square images by 90°, 180° and 270°; for other forms, reversed time, frequency, or both."""
    square = isinstance(form, Image) and form.height == form.width
    return tuple(TURNS if square else HALF)


def checked(names: Sequence[str], form: Spectrogram | Image, where: str) -> tuple[str, ...]:
    """Return the names. Raises Problem, naming the setting `where`, for one that does not apply to the form, and for duplicates."""
    choices = fitting(form)
    for name in names:
        if name not in choices:
            raise Problem(f"{where} names '{name}', but inputs of the form {form} allow: {listing(choices)}.{nearest(name, choices)}")
        if names.count(name) > 1:
            raise Problem(f"{where} names '{name}' twice.")
    return tuple(names)


def transformed(names: Sequence[str], features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Apply m transformations to features `[n, channels, rows, columns]` with lengths `[n]`: features `[n * m, ...]`, lengths `[n * m]`.

    The m results of an input follow each other.
    """
    results = [TRANSFORMS[name](features, lengths) for name in names]
    widest = max(changed.shape[3] for changed, _ in results)
    stacked = torch.stack([F.pad(changed, (0, widest - changed.shape[3])) for changed, _ in results], 1)
    return stacked.flatten(0, 1), torch.stack([new_lengths for _, new_lengths in results], 1).flatten()
