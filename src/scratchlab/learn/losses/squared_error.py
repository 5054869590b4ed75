"""Squared error of the similarities to the class weights, with target 1 for the correct class and 0 for the others.

Source: Hui & Belkin (2021), "Evaluation of Neural Architectures Trained with Square Loss vs Cross-Entropy in Classification Tasks",
arXiv 2006.07322, section 2, without its rescaling for many classes.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from scratchlab.learn.losses.classification import OverClassWeights, Temperature, Weights
from scratchlab.learn.losses.interface import Similarities
from scratchlab.learn.losses.labels import Embedded
from scratchlab.similarity.interface import Similarity


class SquaredError(OverClassWeights):
    """Sum over similarities of weight · mean over the classes of (temperature · similarity - one-hot target)².

    Called with embeddings `[n, d]` or `[n, t, c]`, labels `[n]` and class weights `[k, d]` or `[k, s, c]`, it returns the mean over n.

    >>> import torch
    >>> embeddings = torch.eye(2)
    >>> SquaredError()(embeddings, torch.tensor([0, 0]), embeddings)  # 0 for the first, (0 - 1)² and (1 - 0)² for the second
    tensor(0.5000)
    """

    name = "squared_error"

    def __init__(
        self,
        similarities: Similarities | Similarity | None = None,
        *,
        weights: Weights = {},
        temperature: Temperature = 1.0,
    ) -> None:
        super().__init__(similarities, weights, temperature)

    def over_classes(self, name: str, embeddings: Embedded, labels: Tensor, classes: Embedded) -> Tensor:
        """The squared error of each input `[n]`."""
        logits = self.logits(name, embeddings, classes)
        return (logits - F.one_hot(labels, logits.shape[1])).square().mean(1)
