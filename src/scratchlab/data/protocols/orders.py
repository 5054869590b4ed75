"""The order in which classes are learned."""

from __future__ import annotations

import numpy as np

from scratchlab.checks import Problem, listing, nearest
from scratchlab.types import Rows, Samples

# Fifteen of the 35 Google keywords, three per session; the other twenty are the base classes.
# Source: FILL, doi 10.21437/Interspeech.2024-1823, its keyword protocol.
FILL = (
    *("dog", "wow", "house"),
    *("marvin", "bird", "happy"),
    *("cat", "sheila", "bed"),
    *("tree", "backward", "visual"),
    *("follow", "learn", "forward"),
)


def by_count(samples: Samples) -> Rows:
    """Class indices by descending number of samples; ties in the source's order."""
    return np.argsort(-np.bincount(samples.labels, minlength=len(samples.classes)), kind="stable")


def class_order(samples: Samples, order: str | list[str], rng: np.random.Generator) -> Rows:
    """Class indices in the order in which they are learned.

    order: "count" (most samples first), "seed" (shuffled by the run's seed), "source" (the source's order), "fill" (the published keyword
    split, after all other classes), or a list of class names; then other classes are not used.
    """
    if order == "count":
        return by_count(samples)
    if order == "seed":
        return rng.permutation(len(samples.classes))
    if order == "source":
        return np.arange(len(samples.classes))
    named = named_classes(samples, list(order) if isinstance(order, list) else list(FILL), "protocol.order")
    if isinstance(order, list):
        return named
    descending = by_count(samples)
    return np.concatenate([descending[~np.isin(descending, named)], named])


def named_classes(samples: Samples, names: list[str], where: str) -> Rows:
    """The indices of these classes. Raises Problem, naming the setting `where`, for an unknown or repeated name."""
    index = {name: label for label, name in enumerate(samples.classes)}
    for name in names:
        if name not in index:
            raise Problem(
                f"{where} names '{name}', which is not a class; the classes are: {listing(samples.classes, 50)}.{nearest(name, index)}"
            )
    if len(set(names)) != len(names):
        raise Problem(f"{where} names a class twice: {listing(sorted({name for name in names if names.count(name) > 1}))}.")
    return np.array([index[name] for name in names], dtype=np.int64)
