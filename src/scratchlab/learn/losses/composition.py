"""Classes composed of primitives: cross-entropy over class matrices, and over class matrices rebuilt from other classes' primitives.

Source: Zou et al. (2024), "Compositional Few-Shot Class-Incremental Learning", arXiv 2405.17022, sections 3.2-3.3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.learn.losses.interface import ByClassWeights
from scratchlab.learn.losses.labels import Embedded
from scratchlab.similarity.cka_matrices import CKA
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.reuse import rebuilt
from scratchlab.types import Embeddings


class Composition(ByClassWeights):
    """w_map · CE(T · similarity to the class matrices) + w_re · CE(T · similarity to the rebuilt class matrices), with learned T.

    Called with embeddings `[n, t, c]`, labels `[n]` and class matrices `[k, s, c]`, it returns the mean over n, in nats. similarity: None
    for CKA. aux: sharpness of the weights of similar primitives when a class is rebuilt. temperature: the initial T.

    >>> classes = torch.tensor([[[1.0, -1.0, 0.0]], [[1.0, 1.0, -2.0]]])  # of two classes, each is rebuilt as the other
    >>> round(Composition(temperature=1.0)(classes, torch.tensor([0, 1]), classes).item(), 4)  # 0.5 · ln(1 + 1/e) + ln(1 + e)
    1.4699
    """

    def __init__(
        self,
        similarity: Similarity | None = None,
        *,
        w_map: float = 0.5,
        w_re: float = 1.0,
        aux: float = 1024.0,
        temperature: float = 16.0,
    ) -> None:
        super().__init__()
        self.similarity, self.w_map, self.w_re, self.aux = similarity or CKA(), w_map, w_re, aux
        self.temperature = nn.Parameter(torch.tensor(temperature))

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The temperature; a learning rate of 0 keeps its initial value."""
        return {"temperature": [self.temperature]}

    def class_weight_similarities(self) -> tuple[Similarity, ...]:
        """The similarity of class matrices."""
        return (self.similarity,)

    def logits(self, inputs: Embedded, classes: Embedded) -> Tensor:
        """`[n, c]`: similarities of inputs to classes, times the temperature."""
        return self.temperature * self.similarity(inputs, classes)

    def per_input(self, embeddings: Embedded, labels: Tensor, classes: Embedded) -> Tensor:
        """The loss of each input `[n]`."""
        loss = self.w_map * F.cross_entropy(self.logits(embeddings, classes), labels, reduction="none")
        if self.w_re == 0:
            return loss
        known = self.similarity.embeddings_of(classes, "class weights")
        others = Embeddings(known.vector, rebuilt(known.matrix, self.aux), known.lengths, known.streams)
        return loss + self.w_re * F.cross_entropy(self.logits(embeddings, others), labels, reduction="none")
