"""Cross-entropy over the similarities to one learned row a class; several similarities may each have a share.

Sources: cosine classifier with a scale: Zhang et al. (2021), arXiv 2104.03047, section 3.2 (scale 16); losses over vector and map together:
Zou et al. (2024), arXiv 2405.17022; reversed sequences as negatives: Sun et al. (2023), "TACos", arXiv 2305.10816.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem, listing
from scratchlab.learn.losses.classification import Classification, Temperature, Weights
from scratchlab.learn.losses.interface import EmbeddedBatch, Similarities
from scratchlab.similarity.sequences import reversed_steps


class CrossEntropy(Classification):
    """Sum over similarities of weight · CE(temperature · similarity to every class row)."""

    called = "cross_entropy"

    def __init__(
        self,
        similarities: Similarities,
        *,
        weights: Weights = {},
        temperature: Temperature = 16.0,
        reversed_negatives: Annotated[
            bool, Field(description="class matrices backwards in time stand beside them as wrong answers")
        ] = False,
    ) -> None:
        super().__init__(similarities, weights, temperature)
        self.against_reversed = reversed_negatives
        if reversed_negatives and not any(one.sees_order for one in self.compared.values()):
            raise Problem(
                f"loss.cross_entropy.reversed_negatives has no effect: {listing(self.compared)} cannot tell a matrix from its reversal; "
                "take a similarity that sees order into loss.cross_entropy.weights."
            )

    def of(self, batch: EmbeddedBatch, name: str) -> Tensor:
        """`[n]`."""
        return F.cross_entropy(self._contest(batch, name), batch.target, reduction="none")

    def _contest(self, batch: EmbeddedBatch, name: str) -> Tensor:
        """The logits that compete: the classes, and beside them what must not win."""
        logits = self.logits(name, batch.embeddings, batch.classes)
        if not (self.against_reversed and self.compared[name].sees_order):
            return logits
        return torch.cat([logits, self.logits(name, batch.embeddings, reversed_steps(batch.classes))], 1)
