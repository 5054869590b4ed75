"""Embeddings reconstructed from parts of base classes, by attention to similar parts.

The attention is that of primitive reuse in Zou et al. (2024), arXiv 2405.17022, section 3.3, see `similarity/reuse.py`. There, classes are
reconstructed from each other in training; here, queries and classes are reconstructed from the base classes, without any learning.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from scratchlab.similarity.sequences import real_steps
from scratchlab.similarity.vector import squared_distance
from scratchlab.types import Embeddings


def rebuilt_from(known: Tensor, parts: Tensor, aux: float) -> Tensor:
    """Reconstruct each k of `known` `[n, c]` from p parts `[p, c]` as Σ_j softmax_j(-aux · ‖k - p_j‖²) p_j, `[n, c]`.

    Distances are between normalised vectors, but the parts summed keep their norms: attention depends on direction only, and a stream whose
    vectors have small norms keeps them. aux: sharpness of the attention; in the limit only the nearest part counts.

    >>> rebuilt_from(torch.tensor([[2.0, 0.0]]), torch.tensor([[4.0, 0.0], [0.0, 8.0]]), 0.5493).round(decimals=3)
    tensor([[3., 2.]])
    """
    return (-aux * squared_distance(F.normalize(known, dim=1), F.normalize(parts, dim=1))).softmax(1) @ parts


def reconstructed(known: Embeddings, base: Embeddings, aux: float) -> Embeddings:
    """Reconstruct n embeddings from those of the base classes, stream by stream.

    Vectors are reconstructed per stream, from the same stream of all base vectors. Matrices are reconstructed per step and stream, from the
    same stream of all real steps of all base matrices, regardless of their position in time.
    """
    streams = known.streams or ("",)
    real, base_real = real_steps(known), real_steps(base)
    vectors = [rebuilt_from(known.stream(name).vector, base.stream(name).vector, aux) for name in streams]
    steps = [rebuilt_from(known.stream(name).matrix[real], base.stream(name).matrix[base_real], aux) for name in streams]
    matrix = known.matrix.new_zeros(known.matrix.shape).masked_scatter(real[..., None], torch.cat(steps, 1))
    return Embeddings(torch.cat(vectors, 1), matrix, known.lengths, known.streams)
