"""A classifier of the base classes, replaced by class means (or shots) after training: the plain baseline of incremental learning.

Sources: cosine classifier and decoupled training of Zhang et al. (2021), "Few-Shot Incremental Learning with Continually Evolved
Classifiers", arXiv 2104.03047, sections 3.2-3.3 (scale 16); class means as classifier: Snell et al. (2017), arXiv 1703.05175, eq. 1.

In addition to the heads that compare with references, there is the head `trained`: base classes keep the classifier's weights, and new
classes are compared by their references. With loss.prototypical there are no such weights, and the method is a prototypical network.
"""

from __future__ import annotations

import torch
from torch import Tensor

from scratchlab.learn.incremental import Incremental
from scratchlab.learn.references import References
from scratchlab.learn.stored import Tensors, under
from scratchlab.types import Inputs, Scores, TrainingView

ROWS = "rows."  # how names of the classifier's stored weights begin


class Prototypes(Incremental):
    """Base training with a classifier; no training afterwards.

    Built around an encoder; given to `scratchlab.run`, it learns and scores queries, `[n, classes]` for each head.

    >>> from scratchlab.models.encoders.conv4 import Conv4
    >>> Prototypes(Conv4()).groups  # of parameters, for training={"rates": ...}
    ('body', 'readout')
    """

    trained: References | None = None

    def train(self, view: TrainingView) -> None:
        """Trains, unless there are no epochs, and keeps the classifier's weights, if any, for the head `trained`."""
        if not self.components.trainer.settings.trains:
            return
        learner, criterion = self.learner(view), self.components.losses.criterion
        if not criterion.by_prototypes and self.components.whitening is None:
            weights = learner.class_weights.embeddings(self.embedder.streams)
            labels = torch.arange(len(weights), device=self.embedder.device)
            self.trained = References(criterion.similarities[criterion.leading], weights, labels, len(weights))

    @torch.no_grad()
    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """Scores by head: all similarities, then `trained`."""
        heads = super().score(inputs)
        if self.trained is None:
            return heads
        new = self.references[self.components.losses.criterion.leading][1:]
        values = torch.cat([references.scores(self.embedder, inputs) for references in (self.trained, *new)], 1)
        return {**heads, "trained": Scores(values.cpu().numpy(), self.classes)}

    def tensors(self) -> dict[str, Tensor]:
        """The plain method's tensors, and the classifier's weights."""
        return {**super().tensors(), **(self.trained.tensors(ROWS) if self.trained else {})}

    def restore(self, kept: Tensors) -> None:
        """As the plain method; also sets the classifier's weights, if there were any."""
        super().restore(kept)
        criterion = self.components.losses.criterion
        similarity = criterion.similarities[criterion.leading]
        self.trained = References.of_tensors(similarity, kept, ROWS, self.embedder.streams) if under(ROWS, kept) else None
