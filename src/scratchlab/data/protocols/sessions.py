"""Few-shot class-incremental learning: a base, then sessions of a few new classes with a few shots each.

Source: Tao et al. (2020), "Few-Shot Class-Incremental Learning", arXiv 2004.10956, section 3; the keyword split `fill` is of
doi 10.21437/Interspeech.2024-1823. Departures, on purpose: validation is separate from test, groups do not cross, shots are drawn again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem, counted
from scratchlab.data.protocols.orders import class_order
from scratchlab.data.protocols.pools import Share, pools
from scratchlab.types import Rows, Samples, Stage
from scratchlab.types import rows as as_rows


class Sessions:
    """`base` classes, then `sessions` times `way` new ones with `shot` labelled rows each, drawn `draws` times."""

    def __init__(
        self,
        seed: int,
        *,
        base: Annotated[int, Field(ge=1, description="classes of the base session")] = 20,
        way: Annotated[int, Field(ge=1, description="new classes a session")] = 3,
        shot: Annotated[int, Field(ge=1, description="labelled rows of each new class")] = 5,
        sessions: Annotated[int, Field(ge=1, description="sessions after the base")] = 5,
        order: Annotated[
            Literal["count", "seed", "source", "fill"] | list[str],
            Field(description="how classes arrive: by count, by seed, as the source lists them, the published keyword split, or names"),
        ] = "count",
        draws: Annotated[int, Field(ge=1, description="how often the shots are drawn again")] = 10,
        test: Annotated[
            float | list[str], Field(description="groups asked at the end: a share, or names; the publisher's split goes first")
        ] = 0.25,
        valid: Annotated[Share | list[str], Field(description="groups that choose: a share of the rest, or names; 0 for none")] = 0.15,
    ) -> None:
        self.base_classes, self.way, self.shot, self.sessions, self.order = base, way, shot, sessions, order
        self.draws, self.test, self.valid, self.seed = draws, test, valid, seed

    def _rng(self, *purpose: int) -> np.random.Generator:
        """A generator of its own for each purpose, so that one more draw does not change the others."""
        return np.random.default_rng([self.seed, *purpose])

    def _plan(self, samples: Samples) -> tuple[Rows, Rows, Rows, Rows]:
        """Class order and the three pools; raises Problem when there are too few classes."""
        order = class_order(samples, self.order, self._rng(1))
        needed = self.base_classes + self.way * self.sessions
        if needed > len(order):
            raise Problem(
                f"The protocol needs {needed} classes ({self.base_classes} base + {self.sessions} × {self.way}), but there are "
                f"{len(order)}; lower protocol.base, protocol.way or protocol.sessions."
            )
        pool = pools(samples, self.test, self.valid, self._rng(2))
        return order[:needed], pool.train, pool.valid, pool.query

    def base(self, samples: Samples) -> Stage:
        """Session 0: the base classes' training and validation rows, and its queries."""
        order, train, valid, query = self._plan(samples)
        classes = order[: self.base_classes]

        def of_base(pool: Rows) -> Rows:
            return pool[np.isin(samples.labels[pool], classes)]

        stage = Stage(of_base(train), of_base(valid), as_rows(), of_base(query), classes)
        for name, pool in (("training", stage.train), ("query", stage.query)):
            missing = np.setdiff1d(classes, samples.labels[pool])
            if len(missing):
                label = int(missing[0])
                raise Problem(
                    f"Base class '{samples.classes[label]}' has no {name} rows after the split, of "
                    f"{counted(int((samples.labels == label).sum()), 'sample')} in all; give it more, order it later (protocol.order), or "
                    "change protocol.test, protocol.valid or the seed."
                )
        return stage

    def later(self, samples: Samples, draw: int) -> Iterator[Stage]:
        """Sessions 1, 2, … of one draw: the shots as reference, the queries of all classes seen so far."""
        order, train, _, query = self._plan(samples)
        rng = self._rng(3, draw)
        for session in range(1, self.sessions + 1):
            known = order[: self.base_classes + self.way * session]
            shots = [self._shots(samples, train, label, rng) for label in known[-self.way :]]
            asked = query[np.isin(samples.labels[query], known)]
            yield Stage(as_rows(), as_rows(), np.concatenate(shots), asked, known, session, draw)

    def _shots(self, samples: Samples, train: Rows, label: int, rng: np.random.Generator) -> Rows:
        """`shot` rows of one class out of the training groups."""
        candidates = train[samples.labels[train] == label]
        if len(candidates) < self.shot:
            raise Problem(
                f"Class '{samples.classes[label]}' has {counted(len(candidates), 'sample')} in the training groups, "
                f"fewer than protocol.shot = {self.shot}; lower the shots, give the class more samples, or leave it out of protocol.order."
            )
        return rng.choice(candidates, self.shot, replace=False)
