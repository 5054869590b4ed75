"""Closed-set classification: all classes are known in training; training and test share no group."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data.protocols.orders import named_classes
from scratchlab.data.protocols.pools import Disjoint, Test, Valid, check_samples, pools
from scratchlab.types import Plan, Samples, Split
from scratchlab.types import rows as as_rows


class ClosedSet:
    """Trains once on some groups and tests on others, with the same classes: standard closed-set classification.

    `plan` gives row numbers `[n]` of training, validation and queries.

    >>> from scratchlab.data.sources.sklearn_digits import SklearnDigits
    >>> split = ClosedSet(test=0.25).plan(SklearnDigits().read()).split
    >>> len(split.train), len(split.valid), len(split.query)
    (1146, 201, 450)
    """

    kind = "closed_set"

    def __init__(
        self,
        seed: int = 0,
        *,
        classes: Annotated[list[str], Field(description="names of the classes to use; empty: all")] = [],
        test: Test = 0.25,
        valid: Valid = 0.15,
        disjoint: Disjoint = [],
    ) -> None:
        if len(classes) == 1:
            raise Problem(f"protocol.classes = {classes} is a single class; name at least two.")
        self.seed, self.classes, self.test, self.valid, self.disjoint = seed, classes, test, valid, disjoint

    def plan(self, samples: Samples) -> Plan:
        """One split of the classes in `classes`, or of all. Raises Problem for a class with query or validation but no training rows."""
        check_samples(samples)
        groups = samples.grouped(self.disjoint)
        pool = pools(samples, groups, self.test, self.valid, np.random.default_rng([self.seed, 2]), what=samples.group_name(self.disjoint))
        train, valid, query = pool.train, pool.valid, pool.query
        if self.classes:
            labels = named_classes(samples, self.classes, "protocol.classes")
            train, valid, query = (rows[np.isin(samples.labels[rows], labels)] for rows in (train, valid, query))
        classes = np.unique(samples.labels[train])
        unknown = np.setdiff1d(samples.labels[np.concatenate([valid, query])], classes)
        if len(unknown):
            name = samples.classes[int(unknown[0])]
            raise Problem(
                f"Class '{name}' has test or validation rows, but no training rows, after the split; change the split or remove the class."
            )
        return Plan(Split(train, valid, as_rows(), query, classes), groups, " and ".join(samples.group_columns(self.disjoint)))
