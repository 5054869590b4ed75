"""Predicted classes together with the true ones, for the kinds of evaluation whose predictions are classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from scratchlab.types import Plan, Rows, Samples, Scores, Split


@dataclass(frozen=True)
class Predictions:
    """One head's predictions for the queries of one split, `[n]`: rows, scores, predicted and true labels."""

    rows: Rows
    scores: Scores
    predicted: Rows
    truth: Rows

    @classmethod
    def join(cls, split: Split, scores: Scores, samples: Samples) -> Predictions:
        """Predictions from the scores of a split's queries, with their true labels."""
        return cls(split.query, scores, scores.predicted(), split.truth(samples))

    @property
    def chance(self) -> float:
        """The accuracy of whoever always answers with the most frequent class."""
        return float(np.unique(self.truth, return_counts=True)[1].max() / len(self.truth))

    def units(self, head: str, plan: Plan, samples: Samples) -> pl.DataFrame:
        """A table with one row per query: id, group, head, truth, answer, value (1 if correct) and scores, ordered like the classes."""
        names, kind, scores = np.array(samples.classes), pl.Enum(samples.classes), self.scores.values
        return pl.DataFrame(
            {
                "id": samples.ids[self.rows],
                "group": plan.groups[self.rows],
                "head": [head] * len(self.rows),
                "truth": pl.Series(names[self.truth], dtype=kind),
                "answer": pl.Series(names[self.predicted], dtype=kind),
                "value": (self.predicted == self.truth).astype(np.float64),
                "scores": pl.Series(scores, dtype=pl.Array(pl.Float32, scores.shape[1])).cast(pl.List(pl.Float32)),
            }
        )
