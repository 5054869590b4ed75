"""Plain classification: all classes known from the start, groups kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem
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
        test: Annotated[
            float | list[str], Field(description="groups asked at the end: a share, or names; the publisher's split goes first")
        ] = 0.25,
        valid: Annotated[Share | list[str], Field(description="groups that choose: a share of the rest, or names; 0 for none")] = 0.15,
    ) -> None:
        self.seed, self.test, self.valid = seed, test, valid

    def base(self, samples: Samples) -> Stage:
        """The only stage, with every class that has training rows."""
        pool = pools(samples, self.test, self.valid, np.random.default_rng([self.seed, 2]))
        classes = np.unique(samples.labels[pool.train])
        unknown = np.setdiff1d(samples.labels[np.concatenate([pool.valid, pool.query])], classes)
        if len(unknown):
            name = samples.classes[int(unknown[0])]
            raise Problem(
                f"Class '{name}' is asked or chosen by but has no training rows after the split; change the split or leave it out."
            )
        return Stage(pool.train, pool.valid, as_rows(), pool.query, classes)

    def later(self, samples: Samples, draw: int) -> Iterator[Stage]:
        """No further stages."""
        return iter(())
