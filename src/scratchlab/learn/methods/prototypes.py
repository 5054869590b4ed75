"""A classifier on the base classes, then class means (or shots) in its place: the plain baseline of incremental learning.

Sources: cosine classifier and decoupled training of Zhang et al. (2021), "Few-Shot Incremental Learning with Continually Evolved
Classifiers", arXiv 2104.03047, sections 3.2-3.3 (scale 16); class means as classifier: Snell et al. (2017), arXiv 1703.05175, eq. 1.

Beside the heads that compare with references, through all sessions and never mixed, stands
trained: base classes keep the weights the classifier learned; new classes are compared by their references. Under loss.prototypical there
are no such weights, and this is a prototypical network.
"""

from __future__ import annotations

import torch
from torch import Tensor

from scratchlab.learn.incremental import Incremental
from scratchlab.learn.references import References
from scratchlab.types import Inputs, Scores, TrainingView


class Prototypes(Incremental):
    """Base training with a classifier; afterwards nothing is trained."""

    trained: References | None = None

    def train(self, view: TrainingView) -> None:
        """Trains, and keeps the classifier's weights for comparison, where there are any."""
        learner, criterion = self.learner(view), self.components.losses.criterion
        if not criterion.by_prototypes:
            weights = learner.class_weights.embeddings(self.embedder.streams)
            places = torch.arange(len(weights), device=self.embedder.device)
            self.trained = References(criterion.compared[criterion.leading], weights, places, len(weights))

    @torch.no_grad()
    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """The heads of all similarities, and `trained`."""
        heads = super().score(inputs)
        if self.trained is None:
            return heads
        new = self.references[self.components.losses.criterion.leading][1:]
        values = torch.cat([one.scores(self.embedder, inputs) for one in (self.trained, *new)], 1)
        return {**heads, "trained": Scores(values.cpu().numpy(), self.classes)}

    def tensors(self) -> dict[str, Tensor]:
        """With the classifier's weights."""
        if self.trained is None:
            return super().tensors()
        part = self.trained.similarity.reads
        return {**super().tensors(), f"rows.{part}": getattr(self.trained.embeddings, part).detach()}
