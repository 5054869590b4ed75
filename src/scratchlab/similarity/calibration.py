"""New classes moved towards the base classes they are similar to. Source: Wang et al. (2023), "Few-Shot Class-Incremental Learning via
Training-Free Prototype Calibration" (TEEN), arXiv 2312.05229, eqs. 5-7."""

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
    """p' = ‖p‖ · ((1 - share) · norm(p) + share · norm(Σ_b w_b · norm(p_b))), w `[m, b]` = softmax of temperature · similarity(p, p_b).

    new: m references; base: one prototype for each of b base classes. What the similarity reads is moved, the vector or the matrix; a
    matrix is normalised as a whole, and the base matrices are resampled to its steps. The length ‖p‖ is put back, which the paper has no
    need of, so that similarities that feel lengths still compare new classes with queries on one scale.
    """
    weights = (temperature * similarity(new, base)).softmax(1)
    if similarity.reads == "vector":
        vector = _blended(new.vector, weights @ F.normalize(base.vector, dim=1), share)
        return Embeddings(vector, new.matrix, new.lengths, new.streams)
    matrix = new.matrix.clone()
    for steps in sorted({int(length) for length in new.lengths}):
        own = new.lengths == steps
        known = F.normalize(resampled(base, steps).flatten(1), dim=1)
        matrix[own, :steps] = _blended(new.matrix[own, :steps].flatten(1), weights[own] @ known, share).view(-1, steps, matrix.shape[2])
    return Embeddings(new.vector, matrix * real_steps(new)[..., None], new.lengths, new.streams)


def _blended(own: Tensor, others: Tensor, share: float) -> Tensor:
    """`[m, d]` each: both at length one, mixed, at the first one's length."""
    mixed = (1 - share) * F.normalize(own, dim=1) + share * F.normalize(others, dim=1)
    return mixed * own.square().sum(1, keepdim=True).sqrt()
