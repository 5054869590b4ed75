"""The loss of prototypical networks: cross-entropy over the similarities of an episode's queries to the class means of its support.

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

    It learns no class weights and needs `sampler.name = "episodes"`. Validation uses fixed episodes of the validation rows, whose classes
    may differ from those of training.
    """

    name = "prototypical"
    by_prototypes = True

    def __init__(
        self,
        similarities: Similarities,
        *,
        weights: Weights = {},
        temperature: Temperature = 1.0,  # as published, for squared distances; cosines, at most 1, need about 10
    ) -> None:
        super().__init__(similarities, weights, temperature)

    def similarity_loss(self, batch: EmbeddedBatch, name: str) -> Tensor:
        """`[n]`: 0 for support rows, and scaled for queries, so that the mean over all rows equals the mean over queries."""
        assert batch.support is not None
        logits, target = self.prototype_logits(batch, name)
        losses = F.cross_entropy(logits, target, reduction="none")
        return losses.new_zeros(len(batch.support)).index_copy(0, torch.nonzero(~batch.support)[:, 0], losses / batch.query_share)
