"""Results that depend on several sources of chance at once: seeds of training, drawings of shots, groups that were asked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab.metrics.estimate import Estimate, undefined

Values = npt.NDArray[np.float64]


def over_crossed(total: Values, asked: Values, names: tuple[str, ...], *, times: int = 2000, seed: int = 0) -> Estimate:
    """Sum of `total` over sum of `asked`, and the percentile interval of a bootstrap that resamples every axis by itself.

    Both `[a, b, ...]`, one axis for each of `names` ("seeds", "draws", "speakers"): in each cell what was counted (right answers, or
    wins less losses of a paired comparison) among how many answers. An axis of one is not resampled: it has no spread to tell of, and the
    interval then speaks for that one alone, which `how` says. Source: Owen (2007), "The pigeonhole bootstrap", Annals of Applied
    Statistics 1:386: it errs on the wide side, where resampling answers as if they were independent errs, by far, on the narrow side.

    >>> over_crossed(np.array([[3.0, 4.0], [5.0, 4.0]]), np.full((2, 2), 8.0), ("seeds", "draws")).value
    0.5
    """
    if asked.sum() == 0:
        return undefined("there is no answer")
    value, rng = float(total.sum() / asked.sum()), np.random.default_rng(seed)
    if max(asked.shape) == 1:
        return Estimate(value, n=1, how=f"one of each ({', '.join(names)}); an interval is undefined, because one has no spread")
    above, below = total[None], asked[None]
    for axis, size in enumerate(asked.shape):
        drawn = rng.multinomial(size, np.full(size, 1 / size), size=times).astype(np.float64) if size > 1 else np.ones((times, 1))
        shape = (times, size, *[1] * (asked.ndim - axis - 1))
        above, below = ((part * drawn.reshape(shape)).sum(1) for part in (above, below))
    shares = np.divide(above, below, out=np.full(times, np.nan), where=below > 0)
    low, high = np.nanquantile(shares, [0.025, 0.975])
    parts = [f"{size} {name}" for size, name in zip(asked.shape, names, strict=True) if size > 1]
    alone = [name for size, name in zip(asked.shape, names, strict=True) if size == 1]
    how = f"bootstrap over {' × '.join(parts)}" + (f"; of {', '.join(alone)} there is one, whose chance it does not tell" if alone else "")
    return Estimate(value, float(low), float(high), int(np.prod(asked.shape)), how)
