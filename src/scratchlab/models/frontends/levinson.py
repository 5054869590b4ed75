"""The Levinson-Durbin recursion over many frames at once.

Durbin (1960), "The fitting of time-series models", Rev. Int. Stat. Inst. 28; in the notation of Makhoul (1975), "Linear
prediction: a tutorial review", Proc. IEEE 63(4), equations 38a-38e.
"""

from __future__ import annotations

import torch
from torch import Tensor

SILENCE = 1e-30  # power of the white noise, -300 dB, that makes an all-zero frame well posed: its filter is 1


def levinson(r: Tensor, white_noise: float) -> tuple[Tensor, Tensor]:
    """Return prediction-error filters a `[order + 1, n]` with a_0 = 1, and the power of their residuals `[n]`, for autocorrelations
    r `[order + 1, n]`, lag 0 first.

    a minimises a'Ra, where R is the Toeplitz matrix of r with r_0 · (1 + white_noise) on its diagonal: white noise of that relative power
    bounds the condition number of R. The residual power is positive as long as r is the transform of a non-negative power spectrum, up to
    rounding errors far below white_noise.
    """
    if torch.compiler.is_exporting():
        return _out_of_place(r, white_noise)
    order = len(r) - 1
    backward = r.flip(0)
    products = torch.empty_like(r)
    a = torch.zeros_like(r)
    a[0] = 1
    residual = r[0] * (1 + white_noise) + SILENCE
    for i in range(1, order + 1):
        # Σ_j a_j r_{i-j} over j < i, divided by the residual power: the negative reflection coefficient.
        reflection = torch.mul(a[:i], backward[order - i : order], out=products[:i]).sum(0).div_(residual)
        a[1 : i + 1].addcmul_(a[:i].flip(0), reflection, value=-1)
        residual.addcmul_(residual * reflection, reflection, value=-1)
    return a, residual


def _out_of_place(r: Tensor, white_noise: float) -> tuple[Tensor, Tensor]:
    """The same for an exported graph, in which writing into a part of a tensor copies it."""
    a, zero = torch.ones_like(r[:1]), torch.zeros_like(r[:1])
    residual = r[0] * (1 + white_noise) + SILENCE
    for i in range(1, len(r)):
        reflection = (a * r[1 : i + 1].flip(0)).sum(0) / residual
        a = torch.cat([a, zero]) - reflection * torch.cat([zero, a.flip(0)])
        residual = residual - residual * reflection.square()
    return a, residual
