"""A classifier on the base classes, then class means (or shots) in its place: the plain baseline of incremental learning.

Sources: cosine classifier and decoupled training of Zhang et al. (2021), "Few-Shot Incremental Learning with Continually Evolved
Classifiers", arXiv 2104.03047, sections 3.2-3.3 (scale 16); class means as classifier: Snell et al. (2017), arXiv 1703.05175, eq. 1.

Beside the heads that compare with references, through all sessions and never mixed, stands
trained: base classes keep the rows the classifier learned; new classes are compared by their references.
"""

from __future__ import annotations

import torch
from torch import Tensor

from scratchlab.learn.incremental import Incremental
from scratchlab.learn.references import References
from scratchlab.types import Inputs, Scores, TrainingView


class Prototypes(Incremental):
    """Base training with a classifier; afterwards nothing is trained."""

    trained: References

    def train(self, view: TrainingView) -> None:
        """Trains, and keeps the classifier's rows for comparison."""
        learner = self.learner(view)
        similarity = self.components.losses.judge.compared[self.components.losses.judge.leading]
        rows = learner.rows.embeddings(self.embedder.streams)
        self.trained = References(similarity, rows, torch.arange(len(rows), device=self.embedder.device), len(rows))

    @torch.no_grad()
    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """The heads of all similarities, and `trained`."""
        new = self.references[self.components.losses.judge.leading][1:]
        values = torch.cat([one.scores(self.embedder, inputs) for one in (self.trained, *new)], 1)
        return {**super().score(inputs), "trained": Scores(values.cpu().numpy(), self.classes)}

    def tensors(self) -> dict[str, Tensor]:
        """With the classifier's rows."""
        part = self.trained.similarity.reads
        return {**super().tensors(), f"rows.{part}": getattr(self.trained.embeddings, part).detach()}
