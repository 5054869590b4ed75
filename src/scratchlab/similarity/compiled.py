"""DTW and soft-DTW compiled for the CPU: float32, one thread, `[a, b, lanes]` with lanes (pairs of inputs) in the inner loops.

Importing this file imports numba, so it is imported only when needed. Tables have a border row and column: step i of a query is row i + 1.
`table` may have only two rows, used alternately, if no gradient is needed. Values passed from one column to the next are kept in separate
arrays: if they were read from the table, the compiler could not exclude that a loop over lanes reads what it wrote, and would not vectorise
it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab import machine_code

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

FAR = np.float32(1e30)  # cost of cells that no path reaches; finite, so that differences are defined
ONE, HALF, TWO = np.float32(1), np.float32(0.5), np.float32(2)
LOG2_E, LN_2 = np.float32(1.4426950408889634), np.float32(0.6931471805599453)
ROOT_3, LN_ROOT_3 = np.float32(3**0.5), np.float32(np.log(3) / 2)
FLOOR = np.float32(-126)  # smallest exponent of normal numbers
FAST = {"contract", "reassoc", "nsz", "arcp"}  # fast-math flags that affect rounding, but not infinities and NaN


compiled = machine_code.compiled(fastmath=FAST)
inlined = machine_code.compiled(fastmath=FAST, inline="always")


@inlined
def exp(x: np.float32) -> np.float32:
    """e^x for x <= 0, with relative error 2e-7 near 0, 4e-6 at -87, at least 1e-38: 2^k times the Taylor series of 2^f, f in [-1/2, 1/2].

    Unlike the library function, this is plain arithmetic, so that loops over lanes are vectorised.
    """
    y = max(x * LOG2_E, FLOOR)
    k = np.floor(y + HALF)
    z = (y - k) * LN_2
    p = np.float32(1 / 720)
    p = p * z + np.float32(1 / 120)
    p = p * z + np.float32(1 / 24)
    p = p * z + np.float32(1 / 6)
    p = p * z + HALF
    p = p * z + ONE
    p = p * z + ONE
    return p * np.int32((np.int32(k) + np.int32(127)) << np.int32(23)).view(np.float32)


@inlined
def log(s: np.float32) -> np.float32:
    """ln(s) for s in [1, 3], with error 1e-7: ln(r) + 2 artanh((s - r)/(s + r)), r = sqrt(3)."""
    z = (s - ROOT_3) / (s + ROOT_3)
    w = z * z
    p = np.float32(1 / 11)
    p = p * w + np.float32(1 / 9)
    p = p * w + np.float32(1 / 7)
    p = p * w + np.float32(1 / 5)
    p = p * w + np.float32(1 / 3)
    p = p * w + ONE
    return LN_ROOT_3 + TWO * z * p


@compiled
def hard(cosine: Floats, n: Ints, m: Ints, limit: Ints, banded: bool, table: Floats) -> Floats:
    """Minimal total cost of each lane, `[lanes]`, of cosines `[a, b, lanes]`; fills `table`, `[rows, b + 1, lanes]`."""
    a, b, lanes = cosine.shape
    values = np.empty(lanes, np.float32)
    left = np.empty(lanes, np.float32)
    table[0] = FAR
    table[0, 0] = np.float32(0)
    for i in range(a):
        above, here = table[i % len(table)], table[(i + 1) % len(table)]
        here[0] = FAR
        left[:] = FAR
        for j in range(b):
            for k in range(lanes):
                left[k] = min(min(above[j, k], above[j + 1, k]), left[k]) + (ONE - cosine[i, j, k])
                here[j + 1, k] = left[k]
            if banded:
                for k in range(lanes):
                    if abs(i * (m[k] - 1) - j * (n[k] - 1)) > limit[k]:
                        left[k] = FAR
                        here[j + 1, k] = FAR
        for k in range(lanes):
            if n[k] == i + 1:
                values[k] = here[m[k], k]
    return values


@compiled
def soft(cosine: Floats, n: Ints, m: Ints, limit: Ints, banded: bool, gamma: np.float32, table: Floats) -> Floats:
    """Like `hard`, with the soft minimum -gamma log(sum of exp(-x/gamma)) over the three predecessors of a cell."""
    a, b, lanes = cosine.shape
    values = np.empty(lanes, np.float32)
    sharp = ONE / gamma
    left = np.empty(lanes, np.float32)
    table[0] = FAR
    table[0, 0] = np.float32(0)
    for i in range(a):
        above, here = table[i % len(table)], table[(i + 1) % len(table)]
        here[0] = FAR
        left[:] = FAR
        for j in range(b):
            for k in range(lanes):
                x, y, z = above[j, k], above[j + 1, k], left[k]
                low, high = min(x, y), max(x, y)
                least, middle, most = min(low, z), max(low, min(high, z)), max(high, z)
                total = ONE + exp((least - middle) * sharp) + exp((least - most) * sharp)
                left[k] = least - gamma * log(total) + (ONE - cosine[i, j, k])
                here[j + 1, k] = left[k]
            if banded:
                for k in range(lanes):
                    if abs(i * (m[k] - 1) - j * (n[k] - 1)) > limit[k]:
                        left[k] = FAR
                        here[j + 1, k] = FAR
        for k in range(lanes):
            if n[k] == i + 1:
                values[k] = here[m[k], k]
    return values


@inlined
def walk(table: Floats, n: int, m: int, lane: int) -> Ints:
    """The cheapest path of a lane, `[steps, 2]`, from (0, 0) on; among equal predecessors it prefers the diagonal one."""
    path = np.empty((n + m - 1, 2), np.int64)
    i, j, at = n, m, n + m - 1
    while True:
        at -= 1
        path[at, 0], path[at, 1] = i - 1, j - 1
        if i == 1 and j == 1:
            return path[at:]
        x, y, z = table[i - 1, j - 1, lane], table[i - 1, j, lane], table[i, j - 1, lane]
        if x <= y and x <= z:
            i, j = i - 1, j - 1
        elif y <= z:
            i -= 1
        else:
            j -= 1


@compiled
def hard_slope(table: Floats, n: Ints, m: Ints, weight: Floats, slope: Floats) -> None:
    """Write the subgradient of `hard` by the costs (1 along each path) times `weight` into zeros `slope` `[a + 1, b + 1, lanes]`."""
    for k in range(len(n)):
        path = walk(table, n[k], m[k], k)
        for at in range(len(path)):
            slope[path[at, 0] + 1, path[at, 1] + 1, k] = weight[k]


@compiled
def soft_slope(table: Floats, n: Ints, m: Ints, gamma: np.float32, weight: Floats, slope: Floats) -> None:
    """Write the gradient of `soft` by the costs, times `weight`, into zeros `slope` `[a + 1, b + 1, lanes]`.

    Cuturi & Blondel (2017), algorithm 2, in a form that needs no costs: each cell distributes its gradient to its three predecessors by the
    softmax weights of their soft minimum.
    """
    sharp = ONE / gamma
    lanes = len(n)
    to_left, to_corner = np.empty(lanes, np.float32), np.empty(lanes, np.float32)
    for k in range(lanes):
        slope[n[k], m[k], k] = weight[k]
    for up in range(slope.shape[0] - 1):
        i = slope.shape[0] - 1 - up
        here, above, before, beside = slope[i], slope[i - 1], table[i - 1], table[i]
        to_left[:] = np.float32(0)
        to_corner[:] = np.float32(0)
        for back in range(slope.shape[1] - 1):
            j = slope.shape[1] - 1 - back
            for k in range(lanes):
                x, y, z = before[j - 1, k], before[j, k], beside[j - 1, k]
                least = min(min(x, y), z)
                p, q, r = exp((least - x) * sharp), exp((least - y) * sharp), exp((least - z) * sharp)
                gradient = here[j, k] + to_left[k]
                here[j, k] = gradient
                scaled = gradient / (p + q + r)
                above[j, k] += to_corner[k] + scaled * q
                to_left[k] = scaled * r
                to_corner[k] = scaled * p
