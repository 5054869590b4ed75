"""Gram matrices of few inputs, and the centring of kernels, compiled for the CPU: float32, one thread.

Importing this file imports numba, so it is imported only when needed. Kernels are symmetric: only their entries on and above the diagonal
are read.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab import machine_code

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

STRETCH = 2048  # features multiplied at once: those of four inputs fit into the L1 cache
ZERO = np.float32(0)

compiled = machine_code.compiled(fastmath={"contract", "reassoc", "nsz", "arcp"})  # affects rounding, but not infinities and NaN


@compiled
def gram(values: Floats, kernel: Floats) -> None:
    """Write X Xᵀ of X `[n, d]` on and above the diagonal of `kernel` `[n, n]`; entries below it are undefined afterwards.

    Multiplies four inputs with two at a time, whose eight sums stay in registers. Unlike a general matrix product, it does not copy its
    operands first, which takes half of the time if inputs are few and features many.
    """
    n, d = values.shape
    fours = n - n % 4
    kernel[:] = ZERO
    for start in range(0, d, STRETCH):
        stop = min(d, start + STRETCH)
        for i in range(0, fours, 4):
            x0, x1, x2, x3 = values[i, start:stop], values[i + 1, start:stop], values[i + 2, start:stop], values[i + 3, start:stop]
            for j in range(i, fours, 2):
                y0, y1 = values[j, start:stop], values[j + 1, start:stop]
                s00 = s01 = s10 = s11 = s20 = s21 = s30 = s31 = ZERO
                for k in range(stop - start):
                    s00 += x0[k] * y0[k]
                    s10 += x1[k] * y0[k]
                    s20 += x2[k] * y0[k]
                    s30 += x3[k] * y0[k]
                    s01 += x0[k] * y1[k]
                    s11 += x1[k] * y1[k]
                    s21 += x2[k] * y1[k]
                    s31 += x3[k] * y1[k]
                kernel[i, j] += s00
                kernel[i, j + 1] += s01
                kernel[i + 1, j] += s10
                kernel[i + 1, j + 1] += s11
                kernel[i + 2, j] += s20
                kernel[i + 2, j + 1] += s21
                kernel[i + 3, j] += s30
                kernel[i + 3, j + 1] += s31
        for j in range(fours, n):
            last = values[j, start:stop]
            for i in range(j + 1):
                other = values[i, start:stop]
                total = ZERO
                for k in range(stop - start):
                    total += other[k] * last[k]
                kernel[i, j] += total


@compiled
def centre(kernel: Floats, entries: Floats, diagonal: Doubles) -> tuple[float, float]:
    """Centre a kernel `[n, n]`: write the centred entries above the diagonal, row by row, to `entries`, those on it to `diagonal` `[n]`.

    Returns the mean of all entries before centring, and the sum of squares of the entries above the diagonal after it.
    """
    n = len(kernel)
    sums = np.zeros(n, dtype=np.float32)
    for i in range(n):
        row, below = kernel[i, i + 1 :], sums[i + 1 :]
        total = kernel[i, i]
        for j in range(n - i - 1):
            total += row[j]
            below[j] += row[j]
        sums[i] += total
    common = sums.mean() / np.float32(n)
    shifts, squares, start = sums / np.float32(n) - common / np.float32(2), 0.0, 0
    for i in range(n):
        diagonal[i] = kernel[i, i] - 2 * shifts[i]
        row, below, target = kernel[i, i + 1 :], shifts[i + 1 :], entries[start : start + n - i - 1]
        total = ZERO
        for j in range(n - i - 1):
            centred = row[j] - (shifts[i] + below[j])
            target[j] = centred
            total += centred * centred
        squares += float(total)
        start += n - i - 1
    return float(common), squares
