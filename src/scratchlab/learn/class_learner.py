"""How classes are learned: an embedder and, unless prototypes take their place, one row of weights a class, under a sum of losses."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.learn.class_weights import ClassWeights
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.learner import Learner, StepResult, TrainingBatch, over_rows
from scratchlab.learn.losses.classification import Classification
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss
from scratchlab.learn.phases import Phase
from scratchlab.similarity.interface import Similarity
from scratchlab.types import LabelledInputs, Rows

LOOKED_AT = 64  # inputs by which the number of steps of the class matrices is set


class ClassLearner(Learner):
    """Learns to tell `classes` apart. `criterion` is the loss that validation measures; `others` are added to it."""

    def __init__(
        self, embedder: Embedder, train: LabelledInputs, classes: Rows, criterion: Classification, others: Iterable[Loss] = ()
    ) -> None:
        self.embedder, self.criterion, self.others = embedder, criterion, list(others)
        self.classes, self.index = classes, np.full(int(classes.max()) + 1, -1)
        self.index[classes] = np.arange(len(classes))
        compared = [one for loss in (criterion, *self.others) for one in loss.needs()]
        self.class_weights = ClassWeights(len(classes), embedder, compared, row_steps(embedder, train, compared))
        self.module = nn.Module()
        self.module.body, self.module.class_weights, self.module.losses = embedder, self.class_weights, nn.ModuleList(self.others)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The embedder is the body, the class weights are the readout; losses may bring groups of their own."""
        own = {"body": list(self.embedder.parameters()), **self.class_weights.groups()}
        return own | {name: parameters for loss in self.others for name, parameters in loss.groups().items()}

    def training_step(self, batch: TrainingBatch) -> StepResult:
        """The sum of all losses; in the ledger, where the criterion is of queries alone, that of the queries."""
        embedded = self.embed(batch, by_prototypes=self.criterion.by_prototypes)
        criterion = total = self.criterion(embedded)
        for loss in self.others:
            total = total + loss(embedded)
        if embedded.support is None:
            return StepResult(total)
        return StepResult(total, {"loss": (criterion.detach() * embedded.query_share).masked_fill(embedded.support, torch.nan)})

    def validates_by_episodes(self, labels: Rows, phase: Phase) -> bool:
        """Where there are no class weights, or none for some of these classes."""
        del phase
        return self.criterion.by_prototypes or not np.isin(labels, self.classes).all()

    def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """The criterion, and whether the leading similarity is largest at the right class; in an episode, by the prototypes of its support.

        The loss of an episode is the cross-entropy of the leading similarity, scaled as the criterion scales it.
        """
        embedded, leading = self.embed(batch, by_prototypes=batch.episode is not None), self.criterion.leading
        if batch.episode is None:
            answers = self.criterion.logits(leading, embedded.embeddings, embedded.classes).argmax(1)
            return self.criterion(embedded), answers == embedded.target
        logits, target = self.criterion.to_prototypes(embedded, leading)
        return over_rows(F.cross_entropy(logits, target, reduction="none"), batch), over_rows((logits.argmax(1) == target).float(), batch)

    def embed(self, batch: TrainingBatch, *, by_prototypes: bool) -> EmbeddedBatch:
        """The batch for the losses. Its target is the place of each row's class among the class weights, or within the episode."""
        device = self.embedder.device
        if not by_prototypes:
            target = torch.from_numpy(self.index[batch.labels]).to(device)
            return EmbeddedBatch(self.embedder, batch.inputs, target, batch.rng(), self.class_weights)
        assert batch.episode is not None
        target, support = (torch.from_numpy(part).to(device) for part in (batch.episode.classes(batch.places), batch.support))
        share = batch.episode.query_share
        return EmbeddedBatch(self.embedder, batch.inputs, target, batch.rng(), self.class_weights, support, share)


@torch.no_grad()
def row_steps(embedder: Embedder, train: LabelledInputs, compared: Iterable[Similarity]) -> int:
    """How long a learned class matrix is: the mean number of steps of some training inputs' matrices, where any are compared."""
    if all(one.reads == "vector" for one in compared):
        return 1
    positions = np.unique(np.linspace(0, len(train) - 1, LOOKED_AT).astype(np.int64))
    was = embedder.training
    embedder.eval()
    lengths = embedder(train.batch(positions)).lengths
    embedder.train(was)
    return max(1, round(float(lengths.cpu().double().mean())))
