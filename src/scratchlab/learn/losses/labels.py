"""Labels of losses: class indices, checked and brought to the embeddings' device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.types import Embeddings

Embedded = Embeddings | Tensor
Labels = Tensor | Sequence[int]


def checked_labels(labels: Labels, embeddings: Embedded, classes: int | None = None, what: str = "labels") -> Tensor:
    """Labels `[n]` of n embeddings as int64 on their device. classes: number of class weights, if labels are indices of these.

    Raises Problem, naming `what`, unless they are one whole number per embedding, from 0 to classes - 1.

    >>> checked_labels([0, 1], torch.eye(2))
    tensor([0, 1])
    """
    if not isinstance(cast(object, embeddings), Embeddings | Tensor):
        raise Problem(f"embeddings must be a tensor or Embeddings, not {type(embeddings).__name__}, which torch.as_tensor converts.")
    device = embeddings.device if isinstance(embeddings, Tensor) else embeddings.vector.device
    try:
        found = torch.as_tensor(labels, device=device)
    except (TypeError, ValueError) as error:
        raise Problem(f"{what} must be whole numbers, one per embedding; here {error}.") from None
    n = len(embeddings)
    if found.shape != (n,):
        hint = " For one-hot rows, take argmax(1)." if found.ndim == 2 and len(found) == n else ""
        raise Problem(f"{what} must hold one number per embedding, shape [{n}]; their shape is {list(found.shape)}.{hint}")
    if found.is_floating_point() or found.is_complex():
        raise Problem(f"{what} must be whole numbers, not {found.dtype}; convert with .long().")
    if classes is not None and n and not 0 <= int(found.min()) <= int(found.max()) < classes:
        raise Problem(
            f"{what} must be 0 to {classes - 1}, the places of the {classes} class weights; they are {int(found.min())} to "
            f"{int(found.max())}."
        )
    return found.long()
