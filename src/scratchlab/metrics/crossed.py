"""Results with several crossed random factors: training seeds, draws of shots, groups of queries."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab.metrics.estimate import Estimate, undefined

Values = npt.NDArray[np.float64]


def over_crossed(total: Values, count: Values, names: tuple[str, ...], *, times: int = 2000, seed: int = 0) -> Estimate:
    """Sum of `total` over sum of `count`, with the percentile interval of a bootstrap that resamples every axis independently.

    total, count: `[a, b, ...]`, one axis for each of `names` ("seeds", "draws", "speakers"); in each cell a total (of correct predictions,
    or of wins minus losses in a paired comparison) and the number of predictions. An axis of size 1 is not resampled: the interval then
    holds for that one level only, as `how` says. Source: Owen (2007), "The pigeonhole bootstrap", Annals of Applied Statistics 1:386:
    intervals are conservative, whereas those that treat predictions as independent are far too narrow.

    >>> over_crossed(np.array([[3.0, 4.0], [5.0, 4.0]]), np.full((2, 2), 8.0), ("seeds", "draws")).value
    0.5
    """
    if count.sum() == 0:
        return undefined("there is no answer")
    value, rng = float(total.sum() / count.sum()), np.random.default_rng(seed)
    if max(count.shape) == 1:
        return Estimate(value, n=1, how=f"one of each ({', '.join(names)}); an interval is undefined, because one has no spread")
    above, below = total[None], count[None]
    for axis, size in enumerate(count.shape):
        drawn = rng.multinomial(size, np.full(size, 1 / size), size=times).astype(np.float64) if size > 1 else np.ones((times, 1))
        shape = (times, size, *[1] * (count.ndim - axis - 1))
        above, below = ((part * drawn.reshape(shape)).sum(1) for part in (above, below))
    means = np.divide(above, below, out=np.full(times, np.nan), where=below > 0)
    low, high = np.nanquantile(means, [0.025, 0.975])
    parts = [f"{size} {name}" for size, name in zip(count.shape, names, strict=True) if size > 1]
    single = [name for size, name in zip(count.shape, names, strict=True) if size == 1]
    how = f"bootstrap over {' × '.join(parts)}" + (f"; only one of {', '.join(single)}, whose variation is not included" if single else "")
    return Estimate(value, float(low), float(high), int(np.prod(count.shape)), how)
