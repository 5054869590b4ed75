"""Supervised contrastive loss over any similarity: inputs of one class attract each other, and repel all others.

Source: Khosla et al. (2020), "Supervised Contrastive Learning", arXiv 2004.11362, eq. 2 (L_out, positives outside the logarithm). Reversed
negatives: Sun et al. (2023), "TACos", arXiv 2305.10816.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.learn.losses.labels import Embedded, Labels, checked_labels
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import reversed_steps
from scratchlab.similarity.vector import Cosine


class SupervisedContrastive(nn.Module):
    """Mean over an input's positives of -log softmax of their similarity, over all other inputs.

    Called with embeddings `[n, d]` or `[n, t, c]`, their labels `[n]` and, if there is one, a second view of the same inputs, it returns
    the mean loss. similarity: None for the cosine; temperature: divides the similarities; reversed_negatives: adds the time-reversed second
    views as negatives, for similarities that depend on the order of steps.

    >>> embeddings = torch.eye(3)[[0, 0, 1, 1]]
    >>> round(float(SupervisedContrastive(temperature=1.0)(embeddings, torch.tensor([0, 0, 1, 1]))), 4)  # ln(1 + 2/e)
    0.5514
    """

    def __init__(self, similarity: Similarity | None = None, *, temperature: float = 0.1, reversed_negatives: bool = False) -> None:
        super().__init__()
        self.similarity = similarity or Cosine()
        self.temperature, self.reversed_negatives = temperature, reversed_negatives
        if reversed_negatives and not self.similarity.sees_order:
            raise Problem(f"reversed_negatives has no effect: {type(self.similarity).__name__} cannot tell a matrix from its reversal.")

    def forward(self, embeddings: Embedded, labels: Labels, second_view: Embedded | None = None) -> Tensor:
        """The mean loss of the inputs that have a positive, in nats; 0 if none has.

        embeddings: `[n, d]`, `[n, t, c]` or Embeddings; labels: `[n]`, any whole numbers; second_view: embeddings of another augmentation
        of the same inputs. Each input is compared with all second views, its own included, or without second views, with all other inputs.
        Raises Problem if there is not one label per embedding.
        """
        losses, positive = self.per_input(embeddings, checked_labels(labels, embeddings), second_view)
        return losses.sum() / positive.sum().clamp_min(1)

    def per_input(self, embeddings: Embedded, labels: Tensor, second_view: Embedded | None = None) -> tuple[Tensor, Tensor]:
        """The loss of each input (0 without a positive), and whether it has a positive, `[n]` each."""
        own = self.similarity.embeddings_of(embeddings, "embeddings")
        other = own if second_view is None else self.similarity.embeddings_of(second_view, "second views")
        if len(other) != len(own):
            raise Problem(f"Each embedding needs a second view of the same input; there are {len(own)} embeddings and {len(other)} views.")
        scores = self.similarity(own, other)
        positives = labels[:, None] == labels[None]
        if second_view is None:
            own_position = torch.eye(len(own), dtype=torch.bool, device=scores.device)
            scores, positives = scores.masked_fill(own_position, -torch.inf), positives & ~own_position
        if self.reversed_negatives:
            scores = torch.cat([scores, self.similarity(own, reversed_steps(other))], 1)
        log_probabilities = (scores / self.temperature).log_softmax(1)[:, : len(own)]
        count = positives.sum(1)
        return -log_probabilities.masked_fill(~positives, 0).sum(1) / count.clamp_min(1), count > 0
