"""How alike two layers are, by other measures than linear CKA: each a function of two layers over the same inputs, larger is more alike.

Every one of them is a number for layers that are defined; `compared` says why there is none.
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
KEPT = 0.99  # share of the variance that svcca keeps


def linear_cka(x: Layer, y: Layer, *, debiased: bool = True) -> float:
    """Linear CKA; see `alignment.py`."""
    found = sums([x, y], np.ones((2, 2), dtype=np.bool_))
    return float(aligned(found.debiased() if debiased else found.biased())[0, 1])


def biased_cka(x: Layer, y: Layer) -> float:
    """Linear CKA, biased: near 1 for unrelated layers of more features than inputs."""
    return linear_cka(x, y, debiased=False)


def rbf_cka(x: Layer, y: Layer) -> float:
    """Debiased CKA of kernels exp(-‖x - x'‖² / (2 σ²)), σ the median distance (Kornblith et al. 2019, section 3)."""
    kernels = torch.stack([_centred(_radial(one)) for one in (x, y)])
    diagonals = kernels.diagonal(dim1=1, dim2=2)
    flat = kernels.flatten(1)
    inner, on = (flat @ flat.T).cpu().numpy(), (diagonals @ diagonals.T).cpu().numpy()
    found = Sums(x.n, inner - on, on, diagonals.sum(1).cpu().numpy())
    return float(aligned(found.debiased())[0, 1])


def procrustes(x: Layer, y: Layer) -> float:
    """1 - d²/2 for the least distance d between both at unit size over all rotations: ‖XᵀY‖_* / (‖X‖ ‖Y‖), in [0, 1].

    Source: Schönemann (1966), Psychometrika 31:1; as a shape distance Williams et al. (2021), arXiv 2110.14739, section 2.
    """
    (left, long), (right, wide) = (_singular(one.values.double()) for one in (x, y))  # thin: X = U S Vᵀ, and V turns nothing
    nuclear = _singular((left * long).T @ (right * wide))[1].sum()
    return float(nuclear) / float(x.norms.sum().sqrt() * y.norms.sum().sqrt())


def angular(x: Layer, y: Layer) -> float:
    """1 - θ/(π/2), θ the angle of shapes arccos(‖XᵀY‖_* / (‖X‖ ‖Y‖)) (Williams et al. 2021, equation 4): a metric, turned around."""
    return 1 - float(np.arccos(min(1.0, procrustes(x, y)))) / (np.pi / 2)


def rsa(x: Layer, y: Layer) -> float:
    """Spearman's correlation of the distances between all pairs of inputs (Kriegeskorte et al. 2008, doi 10.3389/neuro.06.004.2008)."""
    upper = torch.triu_indices(x.n, x.n, 1)
    first, second = (_squared_distances(one)[upper[0], upper[1]].cpu().numpy() for one in (x, y))
    return float(stats.spearmanr(first, second).statistic)  # pyright: ignore


def mutual_knn(x: Layer, y: Layer) -> float:
    """Mean share of an input's k nearest others in x that are among its k nearest in y (Huh et al. 2024, arXiv 2405.07987, appendix A)."""
    near, far = _neighbours(x), _neighbours(y)
    return float((near & far).sum(1).double().mean()) / min(NEIGHBOURS, x.n - 1)


def jaccard(x: Layer, y: Layer) -> float:
    """Mean over inputs of |∩| / |∪| of their k nearest others in x and in y."""
    near, far = _neighbours(x), _neighbours(y)
    return float(((near & far).sum(1).double() / (near | far).sum(1)).mean())


def cknna(x: Layer, y: Layer) -> float:
    """CKA over pairs of inputs that are among each other's k nearest in both layers (Huh et al. 2024, appendix A).

    Σ α_ij K_ij L_ij / sqrt(Σ α_ij K_ij² · Σ α_ij L_ij²), α 1 for j among the k nearest others of i: in both layers above, in the one below.
    """
    kernels = [one.values.double() @ one.values.double().T for one in (x, y)]
    near = [_neighbours(one) for one in (x, y)]
    both = float((kernels[0] * kernels[1] * (near[0] & near[1])).sum())
    own = [float((kernel.square() * mine).sum()) for kernel, mine in zip(kernels, near, strict=True)]
    return both / float(np.sqrt(own[0]) * np.sqrt(own[1])) if min(own) > 0 else float("nan")


def svcca(x: Layer, y: Layer) -> float:
    """Mean canonical correlation of the directions that hold 99 % of each one's variance (Raghu et al. 2017, arXiv 1706.05806).

    Kept for old papers: it needs many more inputs than features.
    """
    bases: list[Tensor] = []
    for one in (x, y):
        left, sizes = _singular(one.values.double())
        shares = sizes.square().cumsum(0) / sizes.square().sum()
        bases.append(left[:, : int((shares < KEPT).sum()) + 1])
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
"""Inputs that a measure needs, 3 if it is not named: where the nearest are nearly all others, any two layers agree on them."""


def compared(measure: str, first: tuple[str, Tensor], second: tuple[str, Tensor]) -> Estimate:
    """Two layers `(name, features [n, ...])` by a measure of `MEASURES`; its value, or why it is undefined.

    Raises Problem for a measure that is not there, and for layers of different inputs.
    """
    if measure not in MEASURES:
        raise Problem(f"There is no measure '{measure}'; there are: {listing(MEASURES)}.{nearest(measure, MEASURES)}")
    x, y = layer(*first), layer(*second)
    if x.n != y.n:
        raise Problem(f"Layers must be of the same inputs, but {x.name} has {x.n} and {y.name} {y.n}.")
    least = LEAST.get(measure, 3)
    reason = x.reason or y.reason or (f"{measure} needs {least} inputs, and there are {x.n}" if x.n < least else "")
    if reason:
        return undefined(reason)
    value = MEASURES[measure](x, y)
    if not np.isfinite(value):
        return undefined(f"{measure} of {x.name} and {y.name} has no spread to divide by")
    return Estimate(value)


def _singular(of: Tensor) -> tuple[Tensor, Tensor]:
    """Left vectors and singular values, falling."""
    left, sizes, _ = cast("tuple[Tensor, Tensor, Tensor]", torch.linalg.svd(of, full_matrices=False))
    return left, sizes


def _squared_distances(of: Layer) -> Tensor:
    """`[n, n]` in double precision."""
    values = of.values.double()
    return (of.norms[:, None] + of.norms[None] - 2 * values @ values.T).clamp_min(0)


def _radial(of: Layer) -> Tensor:
    distances = _squared_distances(of)
    upper = torch.triu_indices(of.n, of.n, 1)
    median = distances[upper[0], upper[1]].median()
    if float(median) == 0:  # more than half of all pairs are equal: what differs is infinitely far
        return (distances == 0).double()
    return (-distances / (2 * median)).exp()


def _centred(kernel: Tensor) -> Tensor:
    rows = kernel.mean(0)
    return kernel - rows[:, None] - rows[None] + rows.mean()


def _neighbours(of: Layer) -> Tensor:
    """`[n, n]`: whether j is among the nearest others of i; the first of equals."""
    distances = _squared_distances(of).fill_diagonal_(float("inf"))
    nearest_ones = distances.argsort(stable=True, dim=1)[:, : min(NEIGHBOURS, of.n - 1)]
    return torch.zeros_like(distances, dtype=torch.bool).scatter(1, nearest_ones, torch.ones((), dtype=torch.bool).expand_as(nearest_ones))


def spectrum(of: Layer, targets: Values) -> Values:
    """Task-model alignment C(ρ) `[n]`: the share of the targets' power in the first ρ eigenvectors of the layer's kernel, ρ from 1 on.

    targets: `[n, c]` or `[n]`, centred here. Eigenvectors by falling eigenvalue. Source: Canatar, Bordelon & Pehlevan (2021), arXiv
    2006.13198, equation 6. The faster it rises, the better the kernel suits the task; the last value is 1. Raises Problem for a layer
    that is undefined and for targets that do not fit.
    """
    if of.reason:
        raise Problem(f"There is no spectrum, because {of.reason}.")
    targets = np.asarray(targets, dtype=np.float64).reshape(len(targets), -1)
    if len(targets) != of.n or not np.isfinite(targets).all():
        raise Problem(f"Targets are finite numbers, [n, c], for {counted(of.n, 'input')}; these are {len(targets)}, or not finite.")
    centred = targets - targets.mean(0)
    left, _ = _singular(of.values.double())
    power = np.square(left.cpu().numpy().T @ centred).sum(1)
    total = float(np.square(centred).sum())
    if total == 0:
        raise Problem("The targets are the same for all inputs, so no share of their power can be told.")
    found = np.cumsum(power) / total
    return np.append(found, np.ones(max(0, of.n - len(found)))) if len(found) < of.n else np.minimum(found, 1.0)
