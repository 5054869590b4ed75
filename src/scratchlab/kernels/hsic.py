"""The Hilbert-Schmidt independence criterion (HSIC) of linear kernels, biased and debiased, from three sums; CKA from HSIC.

With features X, Y centred over n inputs, K = X Xᵀ, L = Y Yᵀ and a, b their diagonals, the sums are

    off = Σ_{i≠j} K_ij L_ij,   on = Σ_i a_i b_i,   the traces Σ a and Σ b.

    biased:   HSIC₀ = (off + on) / (n - 1)²                                          Gretton et al. (2005), equation 9
    debiased: HSIC₁ = [off - 2 on / (n - 2) + Σa Σb / ((n - 1)(n - 2))] / (n (n - 3))   Song et al. (2012), equation 5

The debiased form is Song's estimator written for centred kernels, whose rows sum to zero, so that K̃1 = -a. It does not depend on a shift,
may be negative, and is not clipped at 0. CKA = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)): Kornblith et al. (2019), arXiv 1905.00414, eq. 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sums:
    """The sums for all pairs of l layers over n inputs: off and on `[l, l]`, traces `[l]`."""

    n: int
    off: Values
    on: Values
    traces: Values

    def biased(self) -> Values:
        """HSIC₀ `[l, l]`."""
        return (self.off + self.on) / (self.n - 1) ** 2

    def debiased(self) -> Values:
        """HSIC₁ `[l, l]`; needs four or more inputs."""
        n = self.n
        traces = np.outer(self.traces, self.traces)
        return (self.off - 2 / (n - 2) * self.on + traces / ((n - 1) * (n - 2))) / (n * (n - 3))

    def times(self, scales: Values) -> Sums:
        """The sums for kernels multiplied by `scales` `[l]`."""
        both = np.outer(scales, scales)
        return Sums(self.n, self.off * both, self.on * both, self.traces * scales)


def aligned(hsic: Values) -> Values:
    """CKA `[l, l]` of HSIC `[l, l]`; NaN for a layer whose HSIC with itself is not above 0. Divides by roots one by one to avoid overflow.

    >>> aligned(np.array([[4.0, 3.0], [3.0, 9.0]])).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    own = np.diagonal(hsic)
    roots = np.sqrt(np.where(own > 0, own, np.nan))
    return hsic / roots[:, None] / roots[None]
