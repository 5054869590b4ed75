"""The learner of classes: an embedder, one weight row per class (unless the loss uses prototypes), and a sum of losses."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.learn.class_weights import ClassWeights
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.learner import Learner, StepResult, TrainingBatch, scatter_queries
from scratchlab.learn.losses.classification import Classification
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss
from scratchlab.learn.phases import Phase
from scratchlab.similarity.interface import Similarity
from scratchlab.types import LabelledInputs, Rows

LENGTH_SAMPLE = 64  # training inputs whose mean number of steps sets that of the class matrices


class ClassLearner(Learner):
    """Learns to classify `classes`. `criterion` is the loss that validation reports; `others` are added to it in training."""

    def __init__(
        self, embedder: Embedder, train: LabelledInputs, classes: Rows, criterion: Classification, others: Iterable[Loss] = ()
    ) -> None:
        self.embedder, self.criterion, self.others = embedder, criterion, list(others)
        self.classes, self.index = classes, np.full(int(classes.max()) + 1, -1)
        self.index[classes] = np.arange(len(classes))
        similarities = [similarity for loss in (criterion, *self.others) for similarity in loss.class_weight_similarities()]
        self.class_weights = ClassWeights(len(classes), embedder, similarities, class_matrix_steps(embedder, train, similarities))
        if criterion.imprint:
            self.class_weights.imprint(embedder.embeddings(train), torch.from_numpy(self.index[train.labels]).to(embedder.device))
        self.module = nn.Module()
        self.module.body, self.module.class_weights, self.module.losses = embedder, self.class_weights, nn.ModuleList(self.others)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameter groups: the embedder (`body`), the class weights (`readout`, or `vector` and `matrix`), and those of the losses."""
        groups = {"body": list(self.embedder.parameters()), **self.class_weights.groups()}
        return groups | {name: parameters for loss in self.others for name, parameters in loss.groups().items()}

    def training_step(self, batch: TrainingBatch) -> StepResult:
        """The sum of all losses. In an episode only queries have a criterion, so the ledger keeps that of the queries."""
        embedded = self.embed(batch, by_prototypes=self.criterion.by_prototypes)
        criterion = total = self.criterion.of_batch(embedded)
        for loss in self.others:
            total = total + loss.of_batch(embedded)
        if embedded.support is None:
            return StepResult(total)
        return StepResult(total, {"loss": (criterion.detach() * embedded.query_share).masked_fill(embedded.support, torch.nan)})

    def validates_by_episodes(self, labels: Rows, phase: Phase) -> bool:
        """True if there are no class weights, or none for some of these classes."""
        del phase
        return self.criterion.by_prototypes or not np.isin(labels, self.classes).all()

    def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """The criterion `[n]`, and whether the leading similarity is largest for the correct class `[n]`.

        In an episode, classes are the prototypes of its support, and the loss is the cross-entropy over the leading similarity, with the
        criterion's temperature.
        """
        embedded, leading = self.embed(batch, by_prototypes=batch.episode is not None), self.criterion.leading
        if batch.episode is None:
            predicted = self.criterion.logits(leading, embedded.embeddings, embedded.classes).argmax(1)
            return self.criterion.of_batch(embedded), predicted == embedded.target
        logits, target = self.criterion.prototype_logits(embedded, leading)
        losses, correct = F.cross_entropy(logits, target, reduction="none"), (logits.argmax(1) == target).float()
        return scatter_queries(losses, batch), scatter_queries(correct, batch)

    def embed(self, batch: TrainingBatch, *, by_prototypes: bool) -> EmbeddedBatch:
        """The batch as input of the losses. Targets are indices of classes: among the class weights, or within the episode."""
        device = self.embedder.device
        if not by_prototypes:
            target = torch.from_numpy(self.index[batch.labels]).to(device)
            return EmbeddedBatch(self.embedder, batch.inputs, target, batch.rng(), self.class_weights)
        assert batch.episode is not None
        target, support = (torch.from_numpy(part).to(device) for part in (batch.episode.classes(batch.places), batch.support))
        query_share = batch.episode.query_share
        return EmbeddedBatch(self.embedder, batch.inputs, target, batch.rng(), self.class_weights, support, query_share)


@torch.no_grad()
def class_matrix_steps(embedder: Embedder, train: LabelledInputs, similarities: Iterable[Similarity]) -> int:
    """Number of steps of the learned class matrices: the mean over some training inputs; 1 if no similarity reads matrices."""
    if all(similarity.reads == "vector" for similarity in similarities):
        return 1
    positions = np.unique(np.linspace(0, len(train) - 1, LENGTH_SAMPLE).astype(np.int64))
    was_training = embedder.training
    embedder.eval()
    lengths = embedder(train.batch(positions)).lengths
    embedder.train(was_training)
    return max(1, round(float(lengths.cpu().double().mean())))
