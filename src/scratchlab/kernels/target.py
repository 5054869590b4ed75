"""How far a layer's kernel is aligned with the labels: CKA with the kernel of one-hot targets, of sums over classes alone.

With S_c the sum of the centred features of class c, which has n_c of the n inputs,

    <K, L> = Σ_c ‖S_c‖²,   ‖L_c‖² = Σ n_c² - 2 Σ n_c³ / n + (Σ n_c²)² / n²,

so that no n × n matrix is made. Sources: Cristianini et al. (2001), "On kernel-target alignment"; Cortes, Mohri & Rostamizadeh (2012),
JMLR 13:795, for the centred form; debiased as in `hsic.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from scratchlab.checks import Problem
from scratchlab.kernels.alignment import ENOUGH, alignment
from scratchlab.kernels.hsic import Sums, aligned
from scratchlab.kernels.layers import Layer, width
from scratchlab.kernels.products import held, sums
from scratchlab.kernels.ready import Features, Ready, ready
from scratchlab.metrics.estimate import Estimate, undefined

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ToTarget:
    """CKA of one layer with the labels."""

    biased: Estimate
    debiased: Estimate


def to_target(features: Features, labels: Labels) -> dict[str, ToTarget]:
    """By layer, over n inputs; labels `[n]`, any integers. Raises Problem where their numbers differ, and as `checked`."""
    checked(labels)
    for name, values in features.items():
        if width(name, values) and len(values) != len(labels):
            raise Problem(f"Layer {name} has {len(values)} inputs, but there are {len(labels)} labels.")
    one = np.ones((1, 1), dtype=bool)
    found: dict[str, ToTarget] = {}
    for kernels in (True, False):
        some = {name: values for name, values in features.items() if held(len(labels), [width(name, values)], one) == kernels}
        found |= ready_to_target(ready(some, kernels=kernels), labels) if some else {}
    return {name: found[name] for name in features}


def ready_to_target(layers: Ready, labels: Labels) -> dict[str, ToTarget]:
    """The same of layers that are ready, of as many inputs as there are labels; where kernels are held, the labels are one layer more."""
    places = checked(labels)
    counts = np.bincount(places)
    if layers.held is None:
        return {one.name: _of_sums(one, places, counts) for one in layers.layers}
    target, rows = "of the labels", torch.nn.functional.one_hot(torch.from_numpy(places), len(counts)).float()
    found = alignment(layers, ready({target: rows.to(layers.held.entries.device)}, kernels=True))
    return {name: ToTarget(found.of(name, target, debiased=False), found.of(name, target)) for name in layers.names}


def checked(labels: Labels) -> Labels:
    """The place of each label among the classes, `[n]`. Raises Problem for labels that are no list, or all the same."""
    if labels.ndim != 1:
        raise Problem(f"Labels are one number an input, [n]; these have the shape {list(labels.shape)}. Of one-hot rows, take argmax(1).")
    kinds, places = np.unique(labels, return_inverse=True)
    if len(kinds) < 2:
        raise Problem(
            f"All {len(labels)} labels are {kinds[0] if len(kinds) else 'missing'}: a kernel can be aligned with two classes or more. "
            "Do the labels collide?"
        )
    return places


def _of_sums(of: Layer, places: Labels, counts: Labels) -> ToTarget:
    n = of.n
    if of.reason:
        return ToTarget(undefined(of.reason), undefined(of.reason))
    share = counts / n
    target_norms = 1 - 2 * share + np.square(share).sum()  # of a one-hot vector less its mean, by class
    target = n**2 * (np.square(share).sum() - 2 * (share**3).sum() + np.square(share).sum() ** 2)
    where = torch.from_numpy(places).to(of.values.device)
    by_class = of.values.new_zeros(len(counts), of.d, dtype=torch.float64).index_add_(0, where, of.values.double())
    own = sums([of], np.ones((1, 1), dtype=bool))
    norms = of.norms.cpu().numpy()
    inner = np.array([[own.off[0, 0] + own.on[0, 0], float(by_class.square().sum())], [0.0, target]])
    inner[1, 0] = inner[0, 1]
    on = np.array([[own.on[0, 0], norms @ target_norms[places]], [0.0, float((counts * target_norms**2).sum())]])
    on[1, 0] = on[0, 1]
    found = Sums(n, inner - on, on, np.array([norms.sum(), float((counts * target_norms).sum())]))
    biased = Estimate(float(aligned(found.biased())[0, 1]))
    if n < ENOUGH:
        return ToTarget(biased, undefined(f"a debiased CKA needs four inputs, and there are {n}"))
    debiased = float(aligned(found.debiased())[0, 1])
    if np.isnan(debiased):
        return ToTarget(biased, undefined(f"the debiased HSIC of layer {of.name} or of the labels with itself is not above 0"))
    return ToTarget(biased, Estimate(debiased))
