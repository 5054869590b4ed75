"""The Levinson-Durbin recursion over many frames at once.

Durbin (1960), "The fitting of time-series models", Rev. Int. Stat. Inst. 28; in the notation of Makhoul (1975), "Linear
prediction: a tutorial review", Proc. IEEE 63(4), equations 38a-38e.
"""

from __future__ import annotations

import torch
from torch import Tensor

SILENCE = 1e-30  # power of the white noise, -300 dB, that makes an all-zero frame well posed: its filter is 1


def levinson(r: Tensor, white_noise: float) -> tuple[Tensor, Tensor]:
    """Autocorrelations r `[order + 1, n]`, lag 0 first -> prediction-error filters a `[order + 1, n]` with a_0 = 1, and the
    power `[n]` of what they leave.

    a minimises a'Ra, R the Toeplitz matrix of r with r_0 · (1 + white_noise) on its diagonal: as if the frame held that
    much white noise, which bounds the condition of R. The power left is positive as long as r is the transform of a power
    spectrum that is nowhere negative, up to rounding far below white_noise.
    """
    order = len(r) - 1
    backward = r.flip(0)
    products = torch.empty_like(r)
    a = torch.zeros_like(r)
    a[0] = 1
    left = r[0] * (1 + white_noise) + SILENCE
    for i in range(1, order + 1):
        # Σ_j a_j r_{i-j} over j < i; divided by what is left it is the reflection coefficient, its sign turned.
        turned = torch.mul(a[:i], backward[order - i : order], out=products[:i]).sum(0).div_(left)
        a[1 : i + 1].addcmul_(a[:i].flip(0), turned, value=-1)
        left.addcmul_(left * turned, turned, value=-1)
    return a, left
