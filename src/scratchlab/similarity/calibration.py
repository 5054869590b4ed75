"""Prototype calibration: new classes are moved towards similar base classes.

Source: Wang et al. (2023), "Few-Shot Class-Incremental Learning via Training-Free Prototype Calibration" (TEEN), arXiv 2312.05229, eq. 5-7.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import real_steps, resampled
from scratchlab.types import Embeddings

Share = Annotated[float, Field(ge=0, le=1, description="α: how far new references move towards similar base classes")]
Sharpness = Annotated[float, Field(gt=0, description="τ: scale of the similarities to base classes")]


def calibrated(new: Embeddings, base: Embeddings, similarity: Similarity, share: float, temperature: float) -> Embeddings:
    """Return ‖p‖ · ((1 - share) · norm(p) + share · norm(Σ_b w_b · norm(p_b))), w `[m, b]` = softmax(temperature · similarity(p, p_b)).

    new: m references p; base: a prototype p_b for each of b base classes. Moves the vector or the matrix, whichever the similarity reads; a
    matrix is normalised as a whole, and base matrices are resampled to its number of steps. The norm ‖p‖ is restored, unlike in the paper,
    so that new classes keep their scale for similarities that depend on norms.
    """
    weights = (temperature * similarity(new, base)).softmax(1)
    if similarity.reads == "vector":
        vector = _blended(new.vector, weights @ F.normalize(base.vector, dim=1), share)
        return Embeddings(vector, new.matrix, new.lengths, new.streams)
    matrix = new.matrix.clone()
    for steps in sorted({int(length) for length in new.lengths}):
        rows = new.lengths == steps
        bases = F.normalize(resampled(base, steps).flatten(1), dim=1)
        matrix[rows, :steps] = _blended(new.matrix[rows, :steps].flatten(1), weights[rows] @ bases, share).view(-1, steps, matrix.shape[2])
    return Embeddings(new.vector, matrix * real_steps(new)[..., None], new.lengths, new.streams)


def _blended(new: Tensor, base: Tensor, share: float) -> Tensor:
    """Mix two sets of vectors `[m, d]`, both normalised, and scale the result to the norm of the first."""
    mixed = (1 - share) * F.normalize(new, dim=1) + share * F.normalize(base, dim=1)
    return mixed * new.square().sum(1, keepdim=True).sqrt()
