"""Chains of element-wise operations in one pass over memory, compiled for the CPU: float32, one thread.

Importing this file imports numba, so `fused.py` imports it only when needed. Results are bit-identical to torch's: each number is rounded
after every operation, except in `multiply_add`, which rounds product and sum once (fused multiply-add), as `torch.addcmul` does.
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
    """Write values `[c, m]` · scale `[c]` + shift `[c]` into out `[c, m]`, followed by ReLU if `rectified`."""
    for c in range(len(values)):
        source, target, factor, term = values[c], out[c], scale[c], shift[c]
        if rectified:
            for k in range(len(source)):
                value = source[k] * factor + term
                target[k] = ZERO if value < ZERO else value
        else:
            for k in range(len(source)):
                target[k] = source[k] * factor + term


@machine_code.compiled()
def masked_product(grad: Floats, y: Floats, values: Floats, masked: Floats, product: Floats) -> None:
    """Write masked = grad where y > 0, else 0, and product = masked · values; all `[m]`."""
    for k in range(len(grad)):
        kept = ZERO if y[k] <= ZERO else grad[k]
        masked[k] = kept
        product[k] = kept * values[k]


@machine_code.compiled()
def normalised_gradient(centred: Floats, grad: Floats, slope: Floats, mean: Floats, scale: Floats, out: Floats) -> None:
    """Write out = (centred · slope + grad - mean) · scale; centred, grad and out `[c, m]`, the others `[c]`."""
    for c in range(len(centred)):
        source, above, target, first, second, third = centred[c], grad[c], out[c], slope[c], mean[c], scale[c]
        for k in range(len(source)):
            target[k] = (source[k] * first + above[k] - second) * third


@machine_code.compiled()
def add_and_rectify(y: Floats, x: Floats, z: Floats) -> None:
    """Replace y by ReLU(y + x + z); y and x `[c, rows, m]`, z `[c, m]`. Without rows in x: by ReLU(y + z)."""
    for c in range(len(y)):
        broadcast = z[c]
        for row in range(y.shape[1]):
            target = y[c, row]
            if x.shape[1]:
                other = x[c, row]
                for k in range(len(target)):
                    value = target[k] + other[k] + broadcast[k]
                    target[k] = ZERO if value < ZERO else value
            else:
                for k in range(len(target)):
                    value = target[k] + broadcast[k]
                    target[k] = ZERO if value < ZERO else value


@machine_code.compiled(fastmath={"contract"})
def multiply_add(out: Floats, values: Floats, weights: Floats, taps: Ints, covered: bool) -> None:
    """For each tap, add to a part of out `[c, rows, m]` a part of values `[c, other rows, k]` times the tap's weight, of `[c, taps]`.

    A tap consists of its rows in `out` (first, stop, step), its columns there (first, stop), its rows in `values` (first, step), and its
    first column there. covered: the first tap covers all of `out` and so initialises it; otherwise `out` is filled with zeros first.
    """
    for c in range(len(out)):
        for row in range(out.shape[1]):
            if not covered:
                out[c, row] = ZERO
            for tap in range(len(taps)):
                first, stop, step, begin, end, other, stride, start = taps[tap]
                if row < first or row >= stop or (row - first) % step:
                    continue
                target, weight = out[c, row, begin:end], weights[c, tap]
                source = values[c, other + (row - first) // step * stride, start : start + end - begin]
                if covered and tap == 0:
                    for k in range(len(target)):
                        target[k] = source[k] * weight
                else:
                    for k in range(len(target)):
                        target[k] += source[k] * weight
