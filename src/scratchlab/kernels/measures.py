"""Measures of similarity between two layers over the same inputs: functions of two layers, larger is more similar.

Each returns a number for layers that are defined; `compared` gives the reason if there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.kernels.hsic import Sums, Values, aligned
from scratchlab.kernels.layers import Layer, layer
from scratchlab.kernels.products import sums
from scratchlab.metrics.estimate import Estimate, undefined

Measure = Callable[[Layer, Layer], float]
NEIGHBOURS = 10
KEPT = 0.99  # fraction of the variance that svcca keeps


def linear_cka(x: Layer, y: Layer, *, debiased: bool = True) -> float:
    """Linear CKA; see `alignment.py`."""
    hsic = sums([x, y], np.ones((2, 2), dtype=np.bool_))
    return float(aligned(hsic.debiased() if debiased else hsic.biased())[0, 1])


def biased_cka(x: Layer, y: Layer) -> float:
    """Linear CKA, biased: near 1 even for unrelated layers if they have more features than inputs."""
    return linear_cka(x, y, debiased=False)


def rbf_cka(x: Layer, y: Layer) -> float:
    """Debiased CKA of RBF kernels exp(-‖x - x'‖² / (2 σ²)), σ the median distance (Kornblith et al. 2019, section 3)."""
    kernels = torch.stack([_centred(_radial(layer)) for layer in (x, y)])
    diagonals = kernels.diagonal(dim1=1, dim2=2)
    flat = kernels.flatten(1)
    inner, on = (flat @ flat.T).cpu().numpy(), (diagonals @ diagonals.T).cpu().numpy()
    hsic = Sums(x.n, inner - on, on, diagonals.sum(1).cpu().numpy())
    return float(aligned(hsic.debiased())[0, 1])


def procrustes(x: Layer, y: Layer) -> float:
    """Procrustes similarity 1 - d²/2, d the smallest distance over rotations at unit norm: ‖XᵀY‖_* / (‖X‖ ‖Y‖), in [0, 1].

    Source: Schönemann (1966), Psychometrika 31:1; as a shape distance Williams et al. (2021), arXiv 2110.14739, section 2.
    """
    (u_x, s_x), (u_y, s_y) = (_singular(layer.values.double()) for layer in (x, y))  # X = U S Vᵀ; V is a rotation and cancels
    nuclear = _singular((u_x * s_x).T @ (u_y * s_y))[1].sum()
    return float(nuclear) / float(x.norms.sum().sqrt() * y.norms.sum().sqrt())


def angular(x: Layer, y: Layer) -> float:
    """1 - θ/(π/2), where θ = arccos(‖XᵀY‖_* / (‖X‖ ‖Y‖)) is the angular shape distance, a metric (Williams et al. 2021, equation 4)."""
    return 1 - float(np.arccos(min(1.0, procrustes(x, y)))) / (np.pi / 2)


def rsa(x: Layer, y: Layer) -> float:
    """Spearman correlation of the distances between all pairs of inputs (Kriegeskorte et al. 2008, doi 10.3389/neuro.06.004.2008)."""
    upper = torch.triu_indices(x.n, x.n, 1)
    first, second = (_squared_distances(layer)[upper[0], upper[1]].cpu().numpy() for layer in (x, y))
    return float(stats.spearmanr(first, second).statistic)  # pyright: ignore


def mutual_knn(x: Layer, y: Layer) -> float:
    """Mean fraction of an input's k nearest neighbours in x that are also among them in y (Huh et al. 2024, arXiv 2405.07987, app. A)."""
    in_x, in_y = _neighbours(x), _neighbours(y)
    return float((in_x & in_y).sum(1).double().mean()) / min(NEIGHBOURS, x.n - 1)


def jaccard(x: Layer, y: Layer) -> float:
    """Mean Jaccard index |∩| / |∪| of an input's k nearest neighbours in x and in y."""
    in_x, in_y = _neighbours(x), _neighbours(y)
    return float(((in_x & in_y).sum(1).double() / (in_x | in_y).sum(1)).mean())


def cknna(x: Layer, y: Layer) -> float:
    """CKA restricted to pairs of inputs that are neighbours in both layers, CKNNA (Huh et al. 2024, appendix A).

    Σ α_ij K_ij L_ij / sqrt(Σ β_ij K_ij² · Σ γ_ij L_ij²), where β_ij (γ_ij) is 1 if j is among the k nearest neighbours of i in x (y) and
    else 0, and α_ij = β_ij γ_ij.
    """
    kernels = [layer.values.double() @ layer.values.double().T for layer in (x, y)]
    neighbours = [_neighbours(layer) for layer in (x, y)]
    cross = float((kernels[0] * kernels[1] * (neighbours[0] & neighbours[1])).sum())
    own = [float((kernel.square() * near).sum()) for kernel, near in zip(kernels, neighbours, strict=True)]
    return cross / float(np.sqrt(own[0]) * np.sqrt(own[1])) if min(own) > 0 else float("nan")


def svcca(x: Layer, y: Layer) -> float:
    """Mean canonical correlation of the directions that hold 99 % of each layer's variance, SVCCA (Raghu et al. 2017, arXiv 1706.05806).

    For comparison with older papers: it needs many more inputs than features.
    """
    bases: list[Tensor] = []
    for z in (x, y):
        vectors, values = _singular(z.values.double())
        explained = values.square().cumsum(0) / values.square().sum()
        bases.append(vectors[:, : int((explained < KEPT).sum()) + 1])
    return float(_singular(bases[0].T @ bases[1])[1].clamp(max=1).mean())


MEASURES: dict[str, Measure] = {
    "angular": angular,
    "biased_cka": biased_cka,
    "cka": linear_cka,
    "cknna": cknna,
    "jaccard": jaccard,
    "mutual_knn": mutual_knn,
    "procrustes": procrustes,
    "rbf_cka": rbf_cka,
    "rsa": rsa,
    "svcca": svcca,
}
LEAST = {"biased_cka": 2, "cka": 4, "rbf_cka": 4, **dict.fromkeys(("cknna", "jaccard", "mutual_knn"), 2 * NEIGHBOURS)}
"""Minimal number of inputs of each measure; 3 for others. With few inputs nearly all are neighbours, and any two layers agree on them."""


def compared(measure: str, a: Tensor, b: Tensor) -> Estimate:
    """Compare two layers a and b `[n, ...]` over the same n inputs by a measure: its value, or the reason why it is undefined.

    measure: angular, biased_cka, cka, cknna, jaccard, mutual_knn, procrustes, rbf_cka, rsa or svcca. Raises Problem for another, and for
    layers that differ in n.

    >>> layer = torch.tensor([[0.0, 1.0], [1.0, 0.0], [3.0, 1.0], [4.0, 4.0]])
    >>> round(compared("procrustes", layer, layer.flip(1)).value, 4), compared("mutual_knn", layer, layer).how
    (1.0, 'undefined, because mutual_knn needs 20 inputs, and there are 4')
    """
    if measure not in MEASURES:
        raise Problem(f"There is no measure '{measure}'; the measures are: {listing(MEASURES)}.{nearest(measure, MEASURES)}")
    x, y = layer("a", a), layer("b", b)
    if x.n != y.n:
        raise Problem(f"Layers must have the same inputs, but a has {x.n} and b {y.n}.")
    least = LEAST.get(measure, 3)
    reason = x.reason or y.reason or (f"{measure} needs {least} inputs, and there are {x.n}" if x.n < least else "")
    if reason:
        return undefined(reason)
    value = MEASURES[measure](x, y)
    if not np.isfinite(value):
        return undefined(f"{measure} of {x.name} and {y.name} is a ratio whose denominator is 0")
    return Estimate(value)


def _singular(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Left singular vectors and singular values, in descending order."""
    vectors, values, _ = cast("tuple[Tensor, Tensor, Tensor]", torch.linalg.svd(matrix, full_matrices=False))
    return vectors, values


def _squared_distances(x: Layer) -> Tensor:
    """Squared distances between inputs, `[n, n]` in double precision."""
    values = x.values.double()
    return (x.norms[:, None] + x.norms[None] - 2 * values @ values.T).clamp_min(0)


def _radial(x: Layer) -> Tensor:
    distances = _squared_distances(x)
    upper = torch.triu_indices(x.n, x.n, 1)
    median = distances[upper[0], upper[1]].median()
    if float(median) == 0:  # at least half of all pairs are equal: the limit of the kernel for σ -> 0
        return (distances == 0).double()
    return (-distances / (2 * median)).exp()


def _centred(kernel: Tensor) -> Tensor:
    rows = kernel.mean(0)
    return kernel - rows[:, None] - rows[None] + rows.mean()


def _neighbours(x: Layer) -> Tensor:
    """Mask `[n, n]`: whether j is among the nearest neighbours of i; ties are broken by index."""
    distances = _squared_distances(x).fill_diagonal_(float("inf"))
    neighbours = distances.argsort(stable=True, dim=1)[:, : min(NEIGHBOURS, x.n - 1)]
    return torch.zeros_like(distances, dtype=torch.bool).scatter(1, neighbours, torch.ones((), dtype=torch.bool).expand_as(neighbours))


def spectrum(x: Layer, targets: Values) -> Values:
    """Task-model alignment C(ρ) `[n]`: the fraction of the targets' power in the first ρ eigenvectors of the layer's kernel, ρ from 1 on.

    targets: `[n, c]` or `[n]`; they are centred. Eigenvectors are in descending order of eigenvalues. Source: Canatar, Bordelon & Pehlevan
    (2021), arXiv 2006.13198, equation 6. The faster C rises, the better the kernel suits the task; its last value is 1. Raises Problem for
    an undefined layer, and for targets that are constant, not finite or of another length.
    """
    if x.reason:
        raise Problem(f"There is no spectrum, because {x.reason}.")
    targets = np.asarray(targets, dtype=np.float64).reshape(len(targets), -1)
    if len(targets) != x.n or not np.isfinite(targets).all():
        raise Problem(f"Targets must be finite numbers [n, c] for {counted(x.n, 'input')}; these are {len(targets)}, or not finite.")
    centred = targets - targets.mean(0)
    vectors, _ = _singular(x.values.double())
    power = np.square(vectors.cpu().numpy().T @ centred).sum(1)
    total = float(np.square(centred).sum())
    if total == 0:
        raise Problem("The targets are the same for all inputs, so they have no variance to be explained.")
    explained = np.cumsum(power) / total
    return np.append(explained, np.ones(max(0, x.n - len(explained)))) if len(explained) < x.n else np.minimum(explained, 1.0)
