"""A cosine classifier on the base classes, then class means in its place: the plain baseline of incremental learning.

Sources: cosine classifier and decoupled training of Zhang et al. (2021), "Few-Shot Incremental Learning with Continually Evolved
Classifiers", arXiv 2104.03047, sections 3.2-3.3 (scale 16); class means as classifier: Snell et al. (2017), arXiv 1703.05175, eq. 1.

Two heads are reported through all sessions and never mixed:
prototype: each class, base or new, is the mean of its embeddings (of the base: of the training rows; of the new: of the shots).
trained: base classes keep the rows the classifier learned; new classes are the mean of their shots.
"""

from __future__ import annotations

import copy
from typing import Annotated, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.data.augment.dice import Dice
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.training import Trainer
from scratchlab.similarity.vector import cosine
from scratchlab.types import Asked, Batch, Labelled, Rows, Scores, Seen


class CosineClassifier:
    """The base classes' learner: cross-entropy over scaled cosines to one weight row a class."""

    def __init__(self, embedder: Embedder, classes: Rows, temperature: float) -> None:
        self.embedder, self.temperature = embedder, temperature
        self.index = np.full(int(classes.max()) + 1, -1)
        self.index[classes] = np.arange(len(classes))
        self.rows = nn.Parameter(torch.randn(len(classes), embedder.dim).to(embedder.device))
        self.module = nn.Module()
        self.module.body, self.module.readout = embedder, nn.ParameterList([self.rows])

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The embedder is the body, the class rows are the readout."""
        return {"body": list(self.embedder.parameters()), "readout": [self.rows]}

    def _logits(self, batch: Batch, labels: Rows, dice: Dice | None) -> tuple[Tensor, Tensor]:
        target = torch.from_numpy(self.index[labels]).to(self.embedder.device)
        return self.temperature * cosine(self.embedder(batch, dice).vector, self.rows), target

    def losses(self, batch: Batch, labels: Rows, dice: Dice) -> Tensor:
        """Cross-entropy `[n]`."""
        logits, target = self._logits(batch, labels, dice)
        return F.cross_entropy(logits, target, reduction="none")

    def judged(self, batch: Batch, labels: Rows) -> tuple[Tensor, Tensor]:
        """Cross-entropy `[n]` and whether the largest cosine is at the right class `[n]`."""
        logits, target = self._logits(batch, labels, None)
        return F.cross_entropy(logits, target, reduction="none"), logits.argmax(1) == target


class Prototypes:
    """Base training with a cosine classifier; afterwards nothing is trained."""

    groups = ("body", "readout")

    def __init__(
        self,
        embedder: Embedder,
        trainer: Trainer,
        *,
        temperature: Annotated[float, Field(gt=0, description="scale of the cosines in the loss")] = 16.0,
    ) -> None:
        self.embedder, self.trainer, self.temperature = embedder, trainer, temperature
        self.classes: Rows = np.empty(0, dtype=np.int64)
        self.heads: dict[str, Tensor] = {}

    def learn(self, seen: Seen) -> None:
        """Trains if the stage has training rows; then adds the means of its reference rows as new classes."""
        if len(seen.train):
            classifier = CosineClassifier(self.embedder, seen.classes, self.temperature)
            self.trainer.train(classifier, seen.train, seen.valid)
            self.classes = seen.classes
            self.heads = {"prototype": self._means(seen.train, seen.classes), "trained": classifier.rows.detach()}
        if len(seen.reference):
            new = seen.classes[~np.isin(seen.classes, self.classes)]
            means = self._means(seen.reference, new)
            self.classes = np.concatenate([self.classes, new])
            self.heads = {name: torch.cat([rows, means]) for name, rows in self.heads.items()}

    def _means(self, rows: Labelled, classes: Rows) -> Tensor:
        """Mean embedding of each class, `[c, d]`."""
        vectors = self.embedder.vectors(rows)
        means: list[Tensor] = []
        for label in classes:
            own = torch.from_numpy(rows.labels == label).to(vectors.device)
            if not own.any():
                raise Problem(f"Class {label} has no labelled row to make its prototype of.")
            means.append(vectors[own].mean(0))
        return torch.stack(means)

    @torch.no_grad()
    def score(self, asked: Asked) -> dict[str, Scores]:
        """Cosines to the rows of each head."""
        vectors = self.embedder.vectors(asked)
        return {name: Scores(cosine(vectors, rows).cpu().numpy(), self.classes) for name, rows in self.heads.items()}

    def vectors(self, asked: Asked) -> Tensor:
        """Vector embeddings `[n, d]`."""
        return self.embedder.vectors(asked)

    def branch(self) -> Self:
        """A copy that shares the frozen embedder."""
        return copy.copy(self)

    def tensors(self) -> dict[str, Tensor]:
        """The embedder's weights and the rows of both heads."""
        return {f"embedder.{name}": tensor for name, tensor in self.embedder.state_dict().items()} | {
            f"heads.{name}": rows for name, rows in self.heads.items()
        }
