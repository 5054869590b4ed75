"""In which order classes arrive."""

from __future__ import annotations

import numpy as np

from scratchlab.checks import Problem, listing, nearest
from scratchlab.types import Rows, Samples

# The last fifteen of the 35 Google keywords, three a session; the twenty others are the base.
# Source: FILL, doi 10.21437/Interspeech.2024-1823, the sessions of its keyword protocol.
FILL = (
    *("dog", "wow", "house"),
    *("marvin", "bird", "happy"),
    *("cat", "sheila", "bed"),
    *("tree", "backward", "visual"),
    *("follow", "learn", "forward"),
)


def by_count(samples: Samples) -> Rows:
    """Classes by number of samples, the largest first; equals in the source's order."""
    return np.argsort(-np.bincount(samples.labels, minlength=len(samples.classes)), kind="stable")


def class_order(samples: Samples, order: str | list[str], rng: np.random.Generator) -> Rows:
    """Class indices in order of arrival: "count", "seed" (shuffled by the run's seed), "source" (as the source lists them),
    "fill" (the published keyword split), or class names, which then are all that is used."""
    if order == "count":
        return by_count(samples)
    if order == "seed":
        return rng.permutation(len(samples.classes))
    if order == "source":
        return np.arange(len(samples.classes))
    last = named_classes(samples, list(order) if isinstance(order, list) else list(FILL), "protocol.order")
    if isinstance(order, list):
        return last
    counted = by_count(samples)
    return np.concatenate([counted[~np.isin(counted, last)], last])


def named_classes(samples: Samples, names: list[str], where: str) -> Rows:
    """The indices of these classes. Raises Problem for one that is not there and for one named twice; where: the setting."""
    index = {name: number for number, name in enumerate(samples.classes)}
    for name in names:
        if name not in index:
            raise Problem(
                f"{where} names '{name}', which is no class here; there are: {listing(samples.classes, 50)}.{nearest(name, index)}"
            )
    if len(set(names)) != len(names):
        raise Problem(f"{where} names a class twice: {listing(sorted({n for n in names if names.count(n) > 1}))}.")
    return np.array([index[name] for name in names], dtype=np.int64)
