"""The loss of prototypical networks: cross-entropy over the similarities of an episode's queries to the class means of its support.

Source: Snell, Swersky & Zemel (2017), "Prototypical Networks for Few-shot Learning", arXiv 1703.05175, section 2.2, algorithm 1.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.learn.losses.classification import Classification, Temperature, Weights
from scratchlab.learn.losses.interface import EmbeddedBatch, Similarities
from scratchlab.learn.losses.labels import Embedded, Labels, checked_labels
from scratchlab.learn.references import class_means
from scratchlab.similarity.interface import Similarity


class Prototypical(Classification):
    """Sum over similarities of weight · CE(temperature · similarity of the queries to the class means of the support), in nats.

    Called with the support `[s, d]` or `[s, t, c]`, its labels `[s]`, queries `[q, d]` or `[q, t, c]` and their labels `[q]`, it returns
    the mean over the queries. In a recipe it needs `sampler.name = "episodes"`; validation uses fixed episodes of the validation rows,
    whose classes may differ from those of training.

    >>> support, queries = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), torch.eye(2)
    >>> Prototypical()(support, [4, 4, 7], queries, [4, 7])  # ln(1 + 1/e)
    tensor(0.3133)
    """

    name = "prototypical"
    by_prototypes = True

    def __init__(
        self,
        similarities: Similarities | Similarity | None = None,
        *,
        weights: Weights = {},
        temperature: Temperature = 1.0,  # as published, for squared distances; cosines, at most 1, need about 10
    ) -> None:
        super().__init__(similarities, weights, temperature)

    def forward(self, support: Embedded, support_labels: Labels, queries: Embedded, query_labels: Labels) -> Tensor:
        """The mean loss over q queries, of s support embeddings with labels `[s]` and of queries with labels `[q]`, any whole numbers.

        Raises Problem for labels that do not fit, and for a query whose class has no support.
        """
        labels = checked_labels(support_labels, support, what="support labels")
        targets = checked_labels(query_labels, queries, what="query labels")
        classes, places = cast("tuple[Tensor, Tensor]", torch.unique(labels, return_inverse=True))
        if len(unknown := targets[~torch.isin(targets, classes)]):
            raise Problem(f"The query label {int(unknown[0])} is not among the support labels {classes.tolist()}.")
        compared = self.similarities.values()
        (shots, *_), (asked, *_) = (
            [one.embeddings_of(x, what) for one in compared] for x, what in ((support, "support"), (queries, "queries"))
        )
        means, target = class_means(shots, places, len(classes)), torch.searchsorted(classes, targets.contiguous())
        return self.weighted(lambda name: F.cross_entropy(self.logits(name, asked, means), target))

    def of_batch(self, batch: EmbeddedBatch) -> Tensor:
        """`[n]`: 0 for support rows, and scaled for queries, so that the mean over all rows equals the mean over queries."""
        return self.weighted(lambda name: self._of_batch(batch, name))

    def _of_batch(self, batch: EmbeddedBatch, name: str) -> Tensor:
        assert batch.support is not None
        logits, target = self.prototype_logits(batch, name)
        losses = F.cross_entropy(logits, target, reduction="none")
        return losses.new_zeros(len(batch.support)).index_copy(0, torch.nonzero(~batch.support)[:, 0], losses / batch.query_share)
