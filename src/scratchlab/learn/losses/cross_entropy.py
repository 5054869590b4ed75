"""Cross-entropy over the similarities to class weights, one embedding per class; a weighted sum over several similarities.

Sources: cosine classifier with a scale: Zhang et al. (2021), arXiv 2104.03047, section 3.2 (scale 16); with a margin: Wang et al. (2018),
"CosFace", arXiv 1801.09414, eq. 4; losses over vector and map together: Zou et al. (2024), arXiv 2405.17022; reversed sequences as
negatives: Sun et al. (2023), "TACos", arXiv 2305.10816.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem, listing
from scratchlab.learn.losses.classification import OverClassWeights, Temperature, Weights
from scratchlab.learn.losses.interface import Similarities
from scratchlab.learn.losses.labels import Embedded
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import reversed_steps
from scratchlab.types import Embeddings


class CrossEntropy(OverClassWeights):
    """Sum over similarities of weight · CE(temperature · (similarity to the class weights - margin of the true class)), in nats.

    Called with embeddings `[n, d]` or `[n, t, c]`, labels `[n]` and class weights `[k, d]` or `[k, s, c]`, it returns the mean over n.

    >>> embeddings = torch.eye(2)  # two inputs, of cosine 1 to the weights of their own class and 0 to the other's
    >>> CrossEntropy(temperature=1.0)(embeddings, torch.tensor([0, 1]), embeddings)  # ln(1 + 1/e)
    tensor(0.3133)
    """

    name = "cross_entropy"

    def __init__(
        self,
        similarities: Similarities | Similarity | None = None,
        *,
        weights: Weights = {},
        temperature: Temperature = 16.0,
        margin: Annotated[float, Field(ge=0, description="subtracted from the similarity to the true class")] = 0.0,
        reversed_negatives: Annotated[bool, Field(description="adds the time-reversed class matrices as negatives")] = False,
        imprint: Annotated[
            bool, Field(description="class weights begin as the class means of the embeddings, for a pretrained encoder; else at random")
        ] = False,
    ) -> None:
        super().__init__(similarities, weights, temperature)
        self.imprint = imprint
        if imprint and any(found.biased for found in self.similarities.values()):
            raise Problem("loss.cross_entropy.imprint needs class weights without a bias; use the similarity cosine instead of linear.")
        self.margin, self.reversed_negatives = margin, reversed_negatives
        if reversed_negatives and not any(found.sees_order for found in self.similarities.values()):
            raise Problem(
                f"loss.cross_entropy.reversed_negatives has no effect: {listing(self.similarities)} do not depend on the order of steps; "
                "name one that depends on the order of steps in loss.cross_entropy.weights."
            )

    def over_classes(self, name: str, embeddings: Embedded, labels: Tensor, classes: Embedded) -> Tensor:
        """The cross-entropy of each input `[n]`."""
        logits = self.logits(name, embeddings, classes)
        if self.margin:
            logits = logits - self.temperature * self.margin * F.one_hot(labels, logits.shape[1])
        if self.reversed_negatives and self.similarities[name].sees_order:
            matrices = classes if isinstance(classes, Embeddings) else Embeddings.of(classes, what="class weights")
            logits = torch.cat([logits, self.logits(name, embeddings, reversed_steps(matrices))], 1)
        return F.cross_entropy(logits, labels, reduction="none")
