"""Classes composed of primitives: cross-entropy over class matrices, and over class matrices rebuilt from other classes' primitives.

Source: Zou et al. (2024), "Compositional Few-Shot Class-Incremental Learning", arXiv 2405.17022, sections 3.2-3.3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.learn.losses.interface import EmbeddedBatch, Loss
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.reuse import rebuilt
from scratchlab.types import Embeddings


class Composition(Loss):
    """w_map · CE(T · similarity to the class matrices) + w_re · CE(T · similarity to the rebuilt class matrices), with learned T."""

    def __init__(self, similarity: Similarity, *, w_map: float, w_re: float, aux: float, temperature: float) -> None:
        super().__init__()
        self.similarity, self.w_map, self.w_re, self.aux = similarity, w_map, w_re, aux
        self.temperature = nn.Parameter(torch.tensor(temperature))

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The temperature; a learning rate of 0 keeps its initial value."""
        return {"temperature": [self.temperature]}

    def class_weight_similarities(self) -> tuple[Similarity, ...]:
        """The similarity of class matrices."""
        return (self.similarity,)

    def logits(self, inputs: Embeddings, classes: Embeddings) -> Tensor:
        """`[n, c]`: similarities of inputs to classes, times the temperature."""
        return self.temperature * self.similarity(inputs, classes)

    def forward(self, batch: EmbeddedBatch) -> Tensor:
        """The loss of each input `[n]`."""
        classes = batch.classes
        loss = self.w_map * F.cross_entropy(self.logits(batch.embeddings, classes), batch.target, reduction="none")
        if self.w_re == 0:
            return loss
        others = Embeddings(classes.vector, rebuilt(classes.matrix, self.aux), classes.lengths, classes.streams)
        return loss + self.w_re * F.cross_entropy(self.logits(batch.embeddings, others), batch.target, reduction="none")
