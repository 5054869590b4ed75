"""Compositional primitives: Zou, Zhang, Zhou, Li and Li (2024), "Compositional Few-Shot Class-Incremental Learning", ICML 2024,
arXiv 2405.17022.

A class has a vector and a matrix, whose rows are its primitives. The base is trained by

    CE(vector) + w_map · CE(T · CKA to the class matrices) + w_re · CE(T · CKA to matrices rebuilt from other classes' primitives);

a session optimises the vectors and matrices of its new classes alone, from the means of their shots, by the first two terms against all
classes. The answer is the sum of both logits. The first term is the recipe's cross-entropy, over any similarity; any similarity of
matrices may stand for CKA.

Published are T, `steps` and `rate`, and weights by data set: w_map, w_re and `aux` from 0.01, 0.001, 4096 (CUB-200) to 4, 4, 16
(miniImageNet, ResNet-18); ours are those of CIFAR-100 with ResNet-20, the smallest network. Departures: going by the settings of the
published runs, they also raise embeddings to powers (0.5 to 1.2), mostly have dot products for cosines, and in one case rebuild new classes
as well; here is none of that. Not published, so far as is known here: whether the descent has momentum or decay (it has none), and what
stands for the base afterwards. Its learned rows (`base = "trained"`) are outdone by new classes at once; means stand on the same footing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Unpack

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem, listing
from scratchlab.learn.class_weights import ClassWeights, readouts
from scratchlab.learn.components import Components, Parts
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.losses.classification import named
from scratchlab.learn.losses.composition import Composition
from scratchlab.learn.losses.interface import Similarities
from scratchlab.learn.references import References, class_means
from scratchlab.models.interface import Encoder
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Embeddings, Inputs, LabelledInputs, Scores, TrainingView

HEAD = "compositional"


class Compositional(Incremental):
    """Learned vectors and matrices of all classes; the heads of the recipe's similarities beside them compare class means as ever."""

    def __init__(
        self,
        encoder: Encoder | Components,
        *,
        matrix: Annotated[
            str, Field(description="similarity of the class matrices: a table of [similarity], or one that `scratchlab parts` lists")
        ] = "cka",
        w_map: Annotated[float, Field(gt=0, description="share of the loss over class matrices")] = 0.5,
        w_re: Annotated[float, Field(ge=0, description="share of the loss over rebuilt class matrices; 0 leaves it out")] = 1.0,
        aux: Annotated[float, Field(gt=0, description="how much nearer primitives count more when a class is rebuilt")] = 1024.0,
        temperature: Annotated[float, Field(gt=0, description="scale of the similarities of matrices; it is learned from here")] = 16.0,
        steps: Annotated[int, Field(ge=0, description="steps of gradient descent on new prototypes; 0 leaves them the shots' means")] = 100,
        rate: Annotated[float, Field(gt=0, description="rate of these steps")] = 0.1,
        base: Annotated[
            Literal["means", "trained"],
            Field(description="prototypes of the base classes: means of their training rows, or the learned rows"),
        ] = "means",
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(encoder, **parts)
        self.components.losses.require_class_weights("compositional")
        compared = self.components.losses.criterion.compared
        if len(compared) > 1:
            raise Problem(
                f"loss.{self.components.losses.criterion.called}.weights names {listing(compared)}, but the method compositional adds "
                "the loss over matrices itself: "
                "name one similarity there, and another in method.matrix."
            )
        self.settings = {"w_map": w_map, "w_re": w_re, "aux": aux, "temperature": temperature}
        self.matrix, self.steps, self.rate, self.base = _of_matrices(self.components.similarities, matrix), steps, rate, base
        # by session, of one set of prototypes: as the cross-entropy compares them, and as matrices
        self.composed: tuple[tuple[References, References], ...] = ()
        self.composition: Composition
        self.class_weights: ClassWeights

    @property
    def groups(self) -> tuple[str, ...]:
        """Those of the plain method, with rows for matrices, and the temperature."""
        rows = readouts([*self.components.losses.criterion.compared.values(), self.matrix])
        own = [name for loss in self.components.losses.added for name in loss.groups()]
        return ("body", *rows, *own, "temperature")

    # -- learning -------------------------------------------------------------------------------------

    def train(self, view: TrainingView) -> None:
        """Trains embedder, class rows and temperature together."""
        if len(view.classes) < 2:
            raise Problem(
                "The method compositional rebuilds each base class from others, so it needs two base classes or more; there is one."
            )
        self.composition = Composition(self.matrix, **self.settings).to(self.embedder.device)
        self.class_weights = self.learner(view, self.composition).class_weights

    def learn(self, view: TrainingView) -> None:
        """As the plain method; beside its references stand the prototypes that are learned."""
        super().learn(view)
        if len(view.train):
            self.composed = (self._compared(self._base(view)),)
        known = sum(first.count for first, _ in self.composed)
        if known < len(self.classes):
            self.composed = (*self.composed, self._compared(self._prototypes(view.reference, known)))

    def _base(self, view: TrainingView) -> Embeddings:
        """Prototypes of the base classes."""
        if self.base == "trained":
            return self.class_weights.embeddings(self.embedder.streams)
        return class_means(self.embedder.embeddings(view.train), self._places(view.train), len(view.classes))

    def _places(self, rows: LabelledInputs) -> Tensor:
        """`[n]`: the place of each row's class among all classes."""
        place = np.full(int(self.classes.max()) + 1, -1)
        place[self.classes] = np.arange(len(self.classes))
        return torch.from_numpy(place[rows.labels]).to(self.embedder.device)

    def _prototypes(self, shots: LabelledInputs, known: int) -> Embeddings:
        """Prototypes of all classes beyond the first `known`."""
        found, target = self.embedder.embeddings(shots), self._places(shots)
        with torch.no_grad():
            before = [self._logits(found, first.embeddings) for first, _ in self.composed]
        firsts, seconds = (torch.cat(parts, 1) for parts in zip(*before, strict=True))

        def loss(new: Embeddings) -> Tensor:
            first, second = self._logits(found, new)
            on_first = F.cross_entropy(torch.cat([firsts, first], 1), target)
            return on_first + self.composition.w_map * F.cross_entropy(torch.cat([seconds, second], 1), target)

        return descended(class_means(found, target - known, len(self.classes) - known), loss, self.steps, self.rate)

    def _logits(self, inputs: Embeddings, classes: Embeddings) -> tuple[Tensor, Tensor]:
        """`[n, c]` twice: what the cross-entropy compares, and matrices."""
        criterion = self.components.losses.criterion
        return criterion.logits(criterion.leading, inputs, classes), self.composition.logits(inputs, classes)

    def _compared(self, prototypes: Embeddings) -> tuple[References, References]:
        criterion, count = self.components.losses.criterion, len(prototypes)
        kept = Embeddings(prototypes.vector.detach(), prototypes.matrix.detach(), prototypes.lengths, prototypes.streams)
        labels = torch.arange(count, device=self.embedder.device)
        return (References(criterion.compared[criterion.leading], kept, labels, count), References(self.matrix, kept, labels, count))

    # -- answering ------------------------------------------------------------------------------------

    @torch.no_grad()
    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """The sum of both logits; then the heads of all similarities."""
        first, second = (torch.cat([both[part].scores(self.embedder, inputs) for both in self.composed], 1) for part in (0, 1))
        values = self.components.losses.criterion.temperature * first + self.composition.temperature * second
        return {HEAD: Scores(values.cpu().numpy(), self.classes), **super().score(inputs)}

    def tensors(self) -> dict[str, Tensor]:
        """With the learned prototypes and the temperature."""
        kept = {**super().tensors(), "temperature": self.composition.temperature.detach()}
        for number, both in enumerate(self.composed):
            for part in {one.similarity.reads for one in both}:
                kept[f"prototypes.{number}.{part}"] = getattr(both[0].embeddings, part)
        return kept


def descended(start: Embeddings, loss: Callable[[Embeddings], Tensor], steps: int, rate: float) -> Embeddings:
    """`steps` of plain gradient descent on vectors and matrices. What `start` holds stays as it is, as does every other parameter."""
    vector, matrix = start.vector.detach(), start.matrix.detach()
    for _ in range(steps):
        now = Embeddings(vector.requires_grad_(), matrix.requires_grad_(), start.lengths, start.streams)
        by_vector, by_matrix = torch.autograd.grad(loss(now), (vector, matrix), materialize_grads=True)
        vector, matrix = (vector - rate * by_vector).detach(), (matrix - rate * by_matrix).detach()
    return Embeddings(vector, matrix, start.lengths, start.streams)


def _of_matrices(similarities: Similarities, name: str) -> Similarity:
    """The similarity of this name, by its default settings where no table introduces it. Raises Problem unless it compares matrices."""
    found = SIMILARITIES[name]() if name in SIMILARITIES and name not in similarities else named(similarities, name, "method.matrix")
    if found.reads != "matrix":
        raise Problem(f"method.matrix = '{name}' compares vectors; the method compositional needs a similarity of matrices, such as cka.")
    return found
