"""Queries of classes that a method has not learned yet, which a session should not take for classes that it knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scratchlab.metrics.open_set import OpenSet, open_set
from scratchlab.types import Rows, Samples, Scores, Split, Strings

if TYPE_CHECKING:
    from scratchlab.evaluation.predictions import Predictions
    from scratchlab.types import Inputs


@dataclass(frozen=True)
class UnknownQueries:
    """Queries of the classes of later sessions: rows `[m]`, and by head the scores `[m, k]` of the k classes known so far."""

    rows: Rows
    scores: Mapping[str, npt.NDArray[np.floating]]

    @classmethod
    def of(cls, score: Callable[[Inputs], Mapping[str, Scores]], split: Split, later: Sequence[Split], samples: Samples) -> UnknownQueries:
        """Scores the new queries of each later session separately: they are what is embedded and cached there, in the same batches."""
        rows: list[Rows] = []
        scored: list[Mapping[str, Scores]] = []
        for before, after in zip((split, *later), later):  # noqa: B905 (the last has none after it)
            rows.append(after.query[~np.isin(after.query, before.query)])
            scored.append(score(replace(split, query=rows[-1]).inputs(samples)))
        if not rows:
            return NO_QUERIES
        return cls(np.concatenate(rows), {head: np.concatenate([part[head].values for part in scored]) for head in scored[0]})

    def metrics(self, head: str, predictions: Predictions, groups: Strings, *, interval: bool) -> OpenSet:
        """AUROC of known and unknown queries, and the share of known ones lost; the groups of half of the rows choose the threshold for the
        other half."""
        known = predictions.scores
        column = {label: place for place, label in enumerate(known.classes.tolist())}
        columns = np.array([column.get(label, -1) for label in predictions.truth.tolist()])
        unknown = self.scores.get(head, np.empty((0, known.values.shape[1])))
        of, of_unknown, times = groups[predictions.rows], groups[self.rows], 2000 if interval else 0
        return open_set(known.values, columns, unknown, groups=of, unknown_groups=of_unknown, times=times)


NO_QUERIES = UnknownQueries(np.empty(0, np.int64), {})
