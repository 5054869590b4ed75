"""Imprinted class weights: a classifier that begins with the class means of a network's embeddings, instead of at random.

Source: Qi, Brown & Lowe (2018), "Low-Shot Learning with Imprinted Weights", arXiv 1712.07136, section 3.2. That random weights distort a
pretrained network in the first steps: Kumar et al. (2022), "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-
Distribution", arXiv 2202.10054.
"""

from __future__ import annotations

import torch
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.learn.losses.labels import Labels, checked_labels


def imprinted(embeddings: Tensor, labels: Labels, classes: int) -> Tensor:
    """Class weights `[k, d]` or `[k, t, c]`: the class means of embeddings `[n, d]` or `[n, t, c]`, each scaled to a mean square of 1.

    That is the scale of weights drawn from a normal distribution, so the same learning rates fit. labels: `[n]`, 0 to k - 1; classes: k.
    Raises Problem for a class without an embedding.

    >>> imprinted(torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 5.0]]), [0, 0, 1], 2)
    tensor([[1.4142, 0.0000],
            [0.0000, 1.4142]])
    """
    places = checked_labels(labels, embeddings, classes)
    counts = places.bincount(minlength=classes)
    if not bool(counts.all()):
        raise Problem(f"Class {int((counts == 0).nonzero()[0])} has no embedding, so it has no mean to begin with.")
    flat = embeddings.detach().flatten(1)
    means = flat.new_zeros(classes, flat.shape[1]).index_add_(0, places, flat) / counts[:, None]
    scale = means.square().mean(1, keepdim=True).sqrt().clamp_min(torch.finfo(means.dtype).tiny)
    return (means / scale).view(classes, *embeddings.shape[1:])
