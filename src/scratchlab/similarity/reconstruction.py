"""Embeddings rebuilt from the parts of known classes: what is compared is not what something is, but which known parts it resembles.

The attention is that of primitive reuse in Zou et al. (2024), arXiv 2405.17022, section 3.3, see `similarity/reuse.py`. There classes are
rebuilt from each other while they are learned; here queries and classes alike from the base classes, and nothing is learned.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from scratchlab.similarity.sequences import real_steps
from scratchlab.similarity.vector import squared_distance
from scratchlab.types import Embeddings


def rebuilt_from(known: Tensor, parts: Tensor, aux: float) -> Tensor:
    """`[n, c]`, `[p, c]` -> `[n, c]`: Σ_j softmax_j(-aux · ‖k - p_j‖²) p_j, where distances are taken at length 1 and parts at their own.

    So a part counts by its direction, and a stream that says little, its vectors being short, says as little when rebuilt.
    aux: the larger, the more the nearest part counts alone.

    >>> rebuilt_from(torch.tensor([[2.0, 0.0]]), torch.tensor([[4.0, 0.0], [0.0, 8.0]]), 0.5493).round(decimals=3)
    tensor([[3., 2.]])
    """
    return (-aux * squared_distance(F.normalize(known, dim=1), F.normalize(parts, dim=1))).softmax(1) @ parts


def reconstructed(known: Embeddings, base: Embeddings, aux: float) -> Embeddings:
    """n embeddings -> n embeddings made of the parts of `base`, stream by stream.

    A part of a vector is its share of one stream, and is rebuilt from the same stream of all base vectors; a part of a matrix is a step
    of one stream, and is rebuilt from all real steps of the same stream of all base matrices, whichever their place in time.
    """
    streams = known.streams or ("",)
    real, heard = real_steps(known), real_steps(base)
    vectors = [rebuilt_from(known.stream(name).vector, base.stream(name).vector, aux) for name in streams]
    steps = [rebuilt_from(known.stream(name).matrix[real], base.stream(name).matrix[heard], aux) for name in streams]
    matrix = known.matrix.new_zeros(known.matrix.shape).masked_scatter(real[..., None], torch.cat(steps, 1))
    return Embeddings(torch.cat(vectors, 1), matrix, known.lengths, known.streams)
