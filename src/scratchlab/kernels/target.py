"""Kernel-target alignment: CKA of a layer with the kernel of one-hot labels, computed from sums over classes.

With S_c the sum of the centred features of class c, which has n_c of the n inputs,

    <K, L> = Σ_c ‖S_c‖²,   ‖L_c‖² = Σ n_c² - 2 Σ n_c³ / n + (Σ n_c²)² / n²,

so that no n × n matrix is needed. Sources: Cristianini et al. (2001), "On kernel-target alignment"; Cortes, Mohri & Rostamizadeh (2012),
JMLR 13:795, for the centred form; debiased as in `hsic.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scratchlab.checks import Problem, as_array
from scratchlab.kernels.alignment import MIN_DEBIASED, alignment
from scratchlab.kernels.hsic import Sums, aligned
from scratchlab.kernels.layers import Layer, width
from scratchlab.kernels.products import kernels_fit, sums
from scratchlab.kernels.ready import Features, Ready, ready
from scratchlab.metrics.estimate import Estimate, undefined

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ToTarget:
    """CKA of one layer with the labels, biased and debiased.

    >>> aligned = to_target(torch.tensor([[0.0], [0.1], [5.0], [5.1]]), ["low", "low", "high", "high"])
    >>> print(aligned.biased, aligned.debiased)
    100.0% 100.0%
    """

    biased: Estimate
    debiased: Estimate


@overload
def to_target(features: Tensor, labels: npt.ArrayLike) -> ToTarget: ...
@overload
def to_target(features: Features, labels: npt.ArrayLike) -> dict[str, ToTarget]: ...
def to_target(features: Features | Tensor, labels: npt.ArrayLike) -> dict[str, ToTarget] | ToTarget:
    """CKA of a layer `[n, ...]` with labels `[n]`, names or numbers; of a mapping of layers by name, a dictionary of results by name.

    Raises Problem if numbers of inputs differ, if labels are not one per input, or all the same.

    >>> layers = {"useful": torch.tensor([[0.0], [0.1], [5.0], [5.1]]), "useless": torch.tensor([[0.0], [5.1], [0.1], [5.0]])}
    >>> {name: round(aligned.biased.value, 2) for name, aligned in to_target(layers, [0, 0, 1, 1]).items()}
    {'useful': 1.0, 'useless': 0.0}
    """
    if isinstance(features, Tensor):
        return to_target({"": features}, labels)[""]
    labels = checked(as_array(labels))
    for name, values in features.items():
        if width(name, values) and len(values) != len(labels):
            raise Problem(f"Layer {name} has {len(values)} inputs, but there are {len(labels)} labels.")
    one_pair = np.ones((1, 1), dtype=bool)
    results: dict[str, ToTarget] = {}
    for kernels in (True, False):
        part = {name: values for name, values in features.items() if kernels_fit(len(labels), [width(name, values)], one_pair) == kernels}
        results |= ready_to_target(ready(part, kernels=kernels), labels) if part else {}
    return {name: results[name] for name in features}


def ready_to_target(layers: Ready, labels: Labels) -> dict[str, ToTarget]:
    """CKA of prepared layers with labels `[n]`, by layer. With kernels, the one-hot labels are treated as another layer."""
    places = checked(labels)
    counts = np.bincount(places)
    if layers.kernels is None:
        return {layer.name: _of_sums(layer, places, counts) for layer in layers.layers}
    target, rows = "of the labels", torch.nn.functional.one_hot(torch.from_numpy(places), len(counts)).float()
    aligned_with = alignment(layers, ready({target: rows.to(layers.kernels.entries.device)}, kernels=True))
    return {name: ToTarget(aligned_with.of(name, target, debiased=False), aligned_with.of(name, target)) for name in layers.names}


def checked(labels: npt.NDArray[Any]) -> Labels:
    """Class indices of labels, `[n]`. Raises Problem for labels that are not one-dimensional, or all the same."""
    if labels.ndim != 1:
        raise Problem(f"Labels must be one number per input, [n]; these have shape {list(labels.shape)}. For one-hot rows, take argmax(1).")
    classes, places = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise Problem(
            f"All {len(labels)} labels are {classes[0] if len(classes) else 'missing'}: a kernel can be aligned with two classes or more. "
            "Do the labels collide?"
        )
    return places


def _of_sums(layer: Layer, places: Labels, counts: Labels) -> ToTarget:
    """CKA of a layer with labels, given their class indices and class counts."""
    n = layer.n
    if layer.reason:
        return ToTarget(undefined(layer.reason), undefined(layer.reason))
    prior = counts / n
    target_norms = 1 - 2 * prior + np.square(prior).sum()  # squared norms of centred one-hot vectors, by class
    target = n**2 * (np.square(prior).sum() - 2 * (prior**3).sum() + np.square(prior).sum() ** 2)
    index = torch.from_numpy(places).to(layer.values.device)
    by_class = layer.values.new_zeros(len(counts), layer.d, dtype=torch.float64).index_add_(0, index, layer.values.double())
    own = sums([layer], np.ones((1, 1), dtype=bool))
    norms = layer.norms.cpu().numpy()
    inner = np.array([[own.off[0, 0] + own.on[0, 0], float(by_class.square().sum())], [0.0, target]])
    inner[1, 0] = inner[0, 1]
    on = np.array([[own.on[0, 0], norms @ target_norms[places]], [0.0, float((counts * target_norms**2).sum())]])
    on[1, 0] = on[0, 1]
    hsic = Sums(n, inner - on, on, np.array([norms.sum(), float((counts * target_norms).sum())]))
    biased = Estimate(float(aligned(hsic.biased())[0, 1]))
    if n < MIN_DEBIASED:
        return ToTarget(biased, undefined(f"a debiased CKA needs four inputs, and there are {n}"))
    debiased = float(aligned(hsic.debiased())[0, 1])
    if np.isnan(debiased):
        return ToTarget(biased, undefined(f"the debiased HSIC of layer {layer.name} or of the labels with itself is not above 0"))
    return ToTarget(biased, Estimate(debiased))
