"""A subset of samples as samples of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scratchlab.types import Batch, Rows, Samples


def subset(samples: Samples, rows: Rows) -> Samples:
    """The samples of these rows, in this order, with the classes that occur among their labels."""
    given = None if samples.given is None else samples.given[rows]
    classes = np.unique(samples.labels[rows] if given is None else np.concatenate([samples.labels[rows], given]))

    def load(some: Rows) -> Batch:
        return samples.load(rows[some])

    return replace(
        samples,
        ids=samples.ids[rows],
        labels=np.searchsorted(classes, samples.labels[rows]),
        classes=tuple(samples.classes[int(label)] for label in classes),
        groups={name: column[rows] for name, column in samples.groups.items()},
        splits=samples.splits[rows],
        load=load,
        given=None if given is None else np.searchsorted(classes, given),
    )
