"""Chains of element-wise steps in one pass over memory, compiled for the processor: float32, one thread.

Importing this file imports numba, so `fused.py` does so late. Each number is rounded after every step, as torch's operations one after the
other round it, so that both make the same bits; `multiply_add` rounds a product and its sum at once, as `torch.addcmul` does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab import machine_code

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

ZERO = np.float32(0)


@machine_code.compiled()
def scale_and_shift(values: Floats, scale: Floats, shift: Floats, rectified: bool, out: Floats) -> None:
    """values `[c, m]`, scale and shift `[c]`: out = values · scale + shift, and the larger of that and 0 if `rectified`."""
    for c in range(len(values)):
        given, made, factor, term = values[c], out[c], scale[c], shift[c]
        if rectified:
            for k in range(len(given)):
                value = given[k] * factor + term
                made[k] = ZERO if value < ZERO else value
        else:
            for k in range(len(given)):
                made[k] = given[k] * factor + term


@machine_code.compiled()
def masked_product(grad: Floats, y: Floats, values: Floats, masked: Floats, product: Floats) -> None:
    """All `[m]`: masked = grad where y > 0, else 0; product = masked · values."""
    for k in range(len(grad)):
        kept = ZERO if y[k] <= ZERO else grad[k]
        masked[k] = kept
        product[k] = kept * values[k]


@machine_code.compiled()
def normalised_gradient(centred: Floats, grad: Floats, slope: Floats, mean: Floats, scale: Floats, out: Floats) -> None:
    """centred and grad `[c, m]`, the others `[c]`: out = (centred · slope + grad - mean) · scale."""
    for c in range(len(centred)):
        given, above, made, first, second, third = centred[c], grad[c], out[c], slope[c], mean[c], scale[c]
        for k in range(len(given)):
            made[k] = (given[k] * first + above[k] - second) * third


@machine_code.compiled()
def add_and_rectify(y: Floats, x: Floats, z: Floats) -> None:
    """y and x `[c, rows, m]`, z `[c, m]`: y becomes the larger of y + x + z and 0; x may have no rows, and then y + z is meant."""
    for c in range(len(y)):
        broadcast = z[c]
        for row in range(y.shape[1]):
            made = y[c, row]
            if x.shape[1]:
                other = x[c, row]
                for k in range(len(made)):
                    value = made[k] + other[k] + broadcast[k]
                    made[k] = ZERO if value < ZERO else value
            else:
                for k in range(len(made)):
                    value = made[k] + broadcast[k]
                    made[k] = ZERO if value < ZERO else value


@machine_code.compiled(fastmath={"contract"})
def multiply_add(whole: Floats, values: Floats, weights: Floats, taps: Ints, covered: bool) -> None:
    """Adds to parts of `whole` `[c, rows, m]` parts of values `[c, other rows, k]`, each times a weight of `[c, taps]`.

    A tap: its rows in `whole` (first, stop, step), its columns there (first, stop), its rows in `values` (first, step), its first column
    there. The first tap reaches all of `whole` if it is `covered`; else `whole` begins with zeros.
    """
    for c in range(len(whole)):
        for row in range(whole.shape[1]):
            if not covered:
                whole[c, row] = ZERO
            for tap in range(len(taps)):
                first, stop, step, begin, end, other, stride, start = taps[tap]
                if row < first or row >= stop or (row - first) % step:
                    continue
                made, weight = whole[c, row, begin:end], weights[c, tap]
                given = values[c, other + (row - first) // step * stride, start : start + end - begin]
                if covered and tap == 0:
                    for k in range(len(made)):
                        made[k] = given[k] * weight
                else:
                    for k in range(len(made)):
                        made[k] += given[k] * weight
