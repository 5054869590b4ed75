"""The loss of prototypical networks: cross-entropy over the similarities of an episode's queries to the means of its support.

Source: Snell, Swersky & Zemel (2017), "Prototypical Networks for Few-shot Learning", arXiv 1703.05175, section 2.2, algorithm 1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from scratchlab.learn.losses.classification import Classification, Temperature, Weights
from scratchlab.learn.losses.interface import EmbeddedBatch, Similarities


class Prototypical(Classification):
    """Sum over similarities of weight · CE(temperature · similarity of the queries to the class means of the support).

    It learns no class weights and needs `sampler.name = "episodes"`. Validation is by fixed episodes of the validation rows, whose classes
    may be others than those of training.
    """

    called = "prototypical"
    by_prototypes = True

    def __init__(
        self,
        similarities: Similarities,
        *,
        weights: Weights = {},
        temperature: Temperature = 1.0,  # as published, with squared distances; cosines, which end at 1, want some 10
    ) -> None:
        super().__init__(similarities, weights, temperature)

    def of(self, batch: EmbeddedBatch, name: str) -> Tensor:
        """`[n]`, zero for the support and scaled for the queries, so that its mean over the rows is the mean over the queries."""
        assert batch.support is not None
        logits, target = self.to_prototypes(batch, name)
        losses = F.cross_entropy(logits, target, reduction="none")
        return losses.new_zeros(len(batch.support)).index_copy(0, torch.nonzero(~batch.support)[:, 0], losses / batch.query_share)
