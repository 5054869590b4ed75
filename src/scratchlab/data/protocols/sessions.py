"""Few-shot class-incremental learning: a base session, then sessions of a few new classes with a few shots each.

Source: Tao et al. (2020), "Few-Shot Class-Incremental Learning", arXiv 2004.10956, section 3; the keyword split `fill` is from
doi 10.21437/Interspeech.2024-1823. Intended departures: validation is separate from test, splits are group-disjoint, and shots are drawn
repeatedly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem, counted
from scratchlab.data.protocols.orders import class_order
from scratchlab.data.protocols.pools import Disjoint, Pools, Test, Valid, check_samples, pools
from scratchlab.types import Plan, Rows, Samples, Split
from scratchlab.types import rows as as_rows


@dataclass(frozen=True)
class SessionsPlan(Plan):
    """`split` is the base session. draws: for each draw of the shots, the splits of sessions 1, 2, …"""

    draws: tuple[tuple[Split, ...], ...]

    @property
    def splits(self) -> list[Split]:
        """The base session and those of all draws."""
        return [self.split, *(split for draw in self.draws for split in draw)]

    @property
    def later(self) -> tuple[Split, ...]:
        """The sessions of the first draw."""
        return self.draws[0]


class Sessions:
    """`base` classes, then `sessions` sessions of `way` new classes with `shot` labelled rows each; shots are drawn `draws` times.

    `plan` gives row numbers: of the base session, and for each draw and later session the shots `[way · shot]` and the queries `[n]`.

    >>> from scratchlab.data.sources.sklearn_digits import SklearnDigits
    >>> plan = Sessions(base=6, way=2, shot=5, sessions=2).plan(SklearnDigits().read())
    >>> len(plan.draws), plan.split.classes, [session.reference.shape for session in plan.draws[0]]
    (10, array([3, 1, 5, 4, 6, 9]), [(10,), (10,)])
    """

    kind = "sessions"

    def __init__(
        self,
        seed: int = 0,
        *,
        base: Annotated[int, Field(ge=1, description="classes of the base session")] = 20,
        way: Annotated[int, Field(ge=1, description="new classes per session")] = 3,
        shot: Annotated[int, Field(ge=1, description="labelled rows per new class")] = 5,
        sessions: Annotated[int, Field(ge=1, description="sessions after the base session")] = 5,
        order: Annotated[
            Literal["count", "seed", "source", "fill"] | list[str],
            Field(
                description="order of classes: most samples first, shuffled by seed, the source's, the published keyword split, or names"
            ),
        ] = "count",
        draws: Annotated[int, Field(ge=1, description="number of independent draws of the shots")] = 10,
        test: Test = 0.25,
        valid: Valid = 0.15,
        disjoint: Disjoint = [],
    ) -> None:
        self.base_classes, self.way, self.shot, self.sessions, self.order = base, way, shot, sessions, order
        self.draws, self.test, self.valid, self.disjoint, self.seed = draws, test, valid, disjoint, seed

    def _rng(self, *purpose: int) -> np.random.Generator:
        """A separate generator for each purpose, so that more draws do not change the others."""
        return np.random.default_rng([self.seed, *purpose])

    def plan(self, samples: Samples) -> SessionsPlan:
        """The base session and the sessions of every draw. Raises Problem where there are too few classes or samples."""
        check_samples(samples)
        groups = samples.grouped(self.disjoint)
        order, what = self._order(samples), samples.group_name(self.disjoint)
        pool = pools(samples, groups, self.test, self.valid, self._rng(2), what=what)
        base = self._base(samples, order[: self.base_classes], pool)
        draws = tuple(tuple(self._later(samples, order, pool, draw)) for draw in range(self.draws))
        return SessionsPlan(base, groups, " and ".join(samples.group_columns(self.disjoint)), draws)

    def _order(self, samples: Samples) -> Rows:
        """The classes that are used, in the order in which they are learned."""
        order = class_order(samples, self.order, self._rng(1))
        needed = self.base_classes + self.way * self.sessions
        if needed > len(order):
            raise Problem(
                f"The protocol needs {needed} classes ({self.base_classes} base + {self.sessions} × {self.way}), but there are "
                f"{len(order)}; lower protocol.base, protocol.way or protocol.sessions."
            )
        return order[:needed]

    def _base(self, samples: Samples, classes: Rows, pool: Pools) -> Split:
        """Session 0: training, validation and query rows of the base classes."""

        def of_base(rows: Rows) -> Rows:
            return rows[np.isin(samples.labels[rows], classes)]

        split = Split(of_base(pool.train), of_base(pool.valid), as_rows(), of_base(pool.query), classes)
        for name, rows in (("training", split.train), ("query", split.query)):
            missing = np.setdiff1d(classes, samples.labels[rows])
            if len(missing):
                label = int(missing[0])
                raise Problem(
                    f"Base class '{samples.classes[label]}' has no {name} rows after the split, of "
                    f"{counted(int((samples.labels == label).sum()), 'sample')} in all; add samples, move the class to a later session "
                    "(protocol.order), or change protocol.test, protocol.valid or the seed."
                )
        return split

    def _later(self, samples: Samples, order: Rows, pool: Pools, draw: int) -> Iterator[Split]:
        """Yields sessions 1, 2, … of one draw: the shots as reference rows, and the queries of all classes learned so far."""
        rng = self._rng(3, draw)
        for session in range(1, self.sessions + 1):
            known = order[: self.base_classes + self.way * session]
            shots = [self._shots(samples, pool.train, label, rng) for label in known[-self.way :]]
            query = pool.query[np.isin(samples.labels[pool.query], known)]
            yield Split(as_rows(), as_rows(), np.concatenate(shots), query, known)

    def _shots(self, samples: Samples, train: Rows, label: int, rng: np.random.Generator) -> Rows:
        """Draws `shot` rows of one class from the training groups."""
        candidates = train[samples.labels[train] == label]
        if len(candidates) < self.shot:
            raise Problem(
                f"Class '{samples.classes[label]}' has {counted(len(candidates), 'sample')} in the training groups, "
                f"fewer than protocol.shot = {self.shot}; lower protocol.shot, add samples of the class, or leave it out of protocol.order."
            )
        return rng.choice(candidates, self.shot, replace=False)
