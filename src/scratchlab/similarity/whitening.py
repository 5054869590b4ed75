"""Within-class whitening: a linear map after which the variation within classes is the same in all directions.

Source: Hatch, Kajarekar and Stolcke (2006), "Within-class covariance normalization for SVM-based speaker recognition", Interspeech, eq. 6.
Here the covariance is shrunk towards a multiple of the identity, by default as in Ledoit and Wolf (2004), "A well-conditioned estimator for
large-dimensional covariance matrices", and the inverse square root is the symmetric one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.similarity.sequences import real_steps
from scratchlab.types import Embeddings

PREFIX = "whitening."  # of the names of stored tensors


def _check(values: Tensor) -> None:
    if not (isinstance(cast(object, values), Tensor) and values.is_floating_point()):
        kind = values.dtype if isinstance(cast(object, values), Tensor) else type(values).__name__
        raise Problem(f"Whitening takes a tensor of floating-point numbers, not {kind}; convert with torch.as_tensor(…).float().")


@dataclass(frozen=True)
class Whitening:
    """Maps x to (x - mean) · transform. mean: `[c]`; transform: `[c, c]`.

    >>> x = torch.tensor([[0.0, 0.0], [8.0, 0.0], [0.0, 2.0], [8.0, 2.0]])
    >>> Whitening.fit(x, torch.zeros(4), shrinkage=0)(x)
    tensor([[-0.8660, -0.8660],
            [ 0.8660, -0.8660],
            [-0.8660,  0.8660],
            [ 0.8660,  0.8660]])
    """

    mean: Tensor
    transform: Tensor

    @classmethod
    def fit(cls, values: Tensor, labels: Tensor, *, shrinkage: float | None = None) -> Whitening:
        """From vectors `[n, c]` or step-aligned matrices `[n, t, c]` of the classes `labels` `[n]`.

        Deviations are from the class mean of the same step. shrinkage: 0 to 1, None for that of Ledoit and Wolf; the covariance is (1 -
        shrinkage) · W + shrinkage · tr(W) / c · I, so that with 1 only the mean is subtracted, up to scale. Raises Problem where no class
        has two members.
        """
        if shrinkage is not None and not 0 <= shrinkage <= 1:
            raise Problem(f"The shrinkage of a whitening must be 0 to 1; it is {shrinkage:g}.")
        _check(values)
        labels = torch.as_tensor(labels)
        if values.ndim not in (2, 3) or labels.shape != values.shape[:1]:
            raise Problem(
                f"Whitening is fitted to vectors [n, c] or matrices [n, t, c] with labels [n]; here {list(values.shape)} with labels "
                f"{list(labels.shape)}."
            )
        if not bool(values.isfinite().all()):
            raise Problem("Whitening needs finite values; some of these are NaN or infinite.")
        channels, exact = values.shape[-1], values.double()
        classes, place = cast("tuple[Tensor, Tensor]", labels.unique(return_inverse=True))
        counts = place.bincount(minlength=len(classes))
        means = exact.new_zeros(len(classes), *values.shape[1:]).index_add_(0, place, exact) / counts.view(-1, *[1] * (values.ndim - 1))
        within = (exact - means[place]).reshape(-1, channels)
        freedom = (len(values) - len(classes)) * (within.shape[0] // len(values))
        if freedom == 0:
            raise Problem("Whitening needs two or more members of a class, for the variation within classes; every class has one.")
        covariance = within.T @ within / freedom
        scale = covariance.diagonal().mean()
        if shrinkage is None:
            from sklearn import covariance as estimators  # takes half a second to load

            shrinkage = float(cast(Any, estimators).ledoit_wolf_shrinkage(within.cpu().numpy(), assume_centered=True))
        identity = torch.eye(channels, dtype=torch.float64, device=values.device)
        shrunk = (1 - shrinkage) * covariance + max(shrinkage, 1e-6) * scale * identity
        eigenvalues, vectors = cast("tuple[Tensor, Tensor]", torch.linalg.eigh(shrunk))
        transform = (vectors * eigenvalues.clamp_min(1e-12).rsqrt()) @ vectors.T
        return cls(exact.reshape(-1, channels).mean(0).to(values), transform.to(values))

    def __call__(self, values: Tensor) -> Tensor:
        """Whitened values of the same shape, `[..., c]`. Raises Problem for another dimension, and for whole numbers."""
        _check(values)
        if values.shape[-1] != len(self.mean):
            raise Problem(
                f"This whitening was fitted to dimension {len(self.mean)}; the values {list(values.shape)} have {values.shape[-1]}."
            )
        return (values - self.mean) @ self.transform


@dataclass(frozen=True)
class EmbeddingWhitening:
    """Whitens vectors `[n, d]` and the steps of matrices `[n, t, c]`, each with a map of its own; padding stays zero.

    steps: None where no similarity reads matrices, which then stay as they are.
    """

    vector: Whitening
    steps: Whitening | None = None

    def __call__(self, embeddings: Embeddings) -> Embeddings:
        """Returns whitened embeddings of the same shapes."""
        matrix = embeddings.matrix
        if self.steps is not None:
            matrix = self.steps(matrix) * real_steps(embeddings)[..., None]
        return Embeddings(self.vector(embeddings.vector), matrix, embeddings.lengths, embeddings.streams)

    def tensors(self) -> dict[str, Tensor]:
        """Returns means `[c]` and transforms `[c, c]` by name, for storage."""
        parts = {"vector": self.vector, "steps": self.steps}
        kept = {name: part for name, part in parts.items() if part is not None}
        return {f"{PREFIX}{name}.{field}": getattr(part, field) for name, part in kept.items() for field in ("mean", "transform")}

    @classmethod
    def of_tensors(cls, kept: Mapping[str, Tensor]) -> EmbeddingWhitening | None:
        """Returns the whitening with these stored tensors; None if there are none."""
        maps = {
            name: Whitening(kept[f"{PREFIX}{name}.mean"], kept[f"{PREFIX}{name}.transform"])
            for name in ("vector", "steps")
            if f"{PREFIX}{name}.mean" in kept
        }
        return cls(**maps) if maps else None
