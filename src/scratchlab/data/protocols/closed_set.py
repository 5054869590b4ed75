"""Plain classification: all classes known from the start, groups kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data.protocols.orders import named_classes
from scratchlab.data.protocols.pools import Share, pools
from scratchlab.types import Samples, Stage
from scratchlab.types import rows as as_rows


class ClosedSet:
    """One stage; there is nothing to draw."""

    draws = 0

    def __init__(
        self,
        seed: int,
        *,
        classes: Annotated[list[str], Field(description="the classes that take part; empty: all of them")] = [],
        test: Annotated[
            float | list[str], Field(description="groups asked at the end: a share, or names; the publisher's split goes first")
        ] = 0.25,
        valid: Annotated[Share | list[str], Field(description="groups that choose: a share of the rest, or names; 0 for none")] = 0.15,
    ) -> None:
        if len(classes) == 1:
            raise Problem(f"protocol.classes = {classes} leaves nothing to tell apart; name two classes or more.")
        self.seed, self.classes, self.test, self.valid = seed, classes, test, valid

    def base(self, samples: Samples) -> Stage:
        """The only stage, with every class that has training rows, or with those named."""
        pool = pools(samples, self.test, self.valid, np.random.default_rng([self.seed, 2]))
        train, valid, query = pool.train, pool.valid, pool.query
        if self.classes:
            wanted = named_classes(samples, self.classes, "protocol.classes")
            train, valid, query = (rows[np.isin(samples.labels[rows], wanted)] for rows in (train, valid, query))
        classes = np.unique(samples.labels[train])
        unknown = np.setdiff1d(samples.labels[np.concatenate([valid, query])], classes)
        if len(unknown):
            name = samples.classes[int(unknown[0])]
            raise Problem(
                f"Class '{name}' is asked or chosen by but has no training rows after the split; change the split or leave it out."
            )
        return Stage(train, valid, as_rows(), query, classes)

    def later(self, samples: Samples, draw: int) -> Iterator[Stage]:
        """No further stages."""
        return iter(())
