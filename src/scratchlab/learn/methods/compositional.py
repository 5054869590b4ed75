"""Compositional primitives: Zou, Zhang, Zhou, Li and Li (2024), "Compositional Few-Shot Class-Incremental Learning", ICML 2024,
arXiv 2405.17022.

A class has a vector and a matrix, whose rows are its primitives. Base training minimises

    CE(vector) + w_map · CE(T · CKA to the class matrices) + w_re · CE(T · CKA to matrices rebuilt from other classes' primitives);

a session optimises only the vectors and matrices of its new classes, starting from the means of their shots, with the first two terms over
all classes. The score is the sum of both logits. The first term is the recipe's cross-entropy, over any similarity; any similarity of
matrices can replace CKA.

Published are T, `steps` and `rate`, and weights by data set: w_map, w_re and `aux` from 0.01, 0.001, 4096 (CUB-200) to 4, 4, 16
(miniImageNet, ResNet-18); the defaults here are those of CIFAR-100 with ResNet-20, the smallest network. Departures: according to the
settings of the published runs, these also raise embeddings to powers (0.5 to 1.2), mostly use dot products instead of cosines, and in one
case rebuild new classes too; none of this is done here. As far as we know, two points are not published: whether gradient descent uses
momentum or weight decay (here it does not), and how base classes are represented after base training. With the learned class weights
(`base = "trained"`), new classes immediately score higher than base classes; means are comparable to the prototypes of new classes.
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
from scratchlab.learn.class_weights import ClassWeights, readout_groups
from scratchlab.learn.components import Components, Parts
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.losses.classification import find_similarity
from scratchlab.learn.losses.composition import Composition
from scratchlab.learn.losses.interface import Similarities
from scratchlab.learn.references import References, class_means
from scratchlab.learn.stored import Tensors
from scratchlab.models.interface import Encoder
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Embeddings, Inputs, LabelledInputs, Scores, TrainingView

HEAD = "compositional"


class Compositional(Incremental):
    """Learned prototypes (vectors and matrices) of all classes; the heads of single similarities use class means, as usual.

    Built around an encoder; given to `scratchlab.run`, it learns and scores queries, `[n, classes]` for each head.

    >>> from scratchlab.models.encoders.conv4 import Conv4
    >>> Compositional(Conv4(), matrix="cka").groups  # of parameters, for training={"rates": ...}
    ('body', 'vector', 'matrix', 'temperature')
    """

    scores_by_embeddings = False

    def __init__(
        self,
        encoder: Encoder | Components,
        *,
        matrix: Annotated[
            str,
            Field(description="similarity of the class matrices: one of [similarity], or any that `scratchlab parts` lists"),
        ] = "cka",
        w_map: Annotated[float, Field(gt=0, description="weight of the loss over class matrices")] = 0.5,
        w_re: Annotated[float, Field(ge=0, description="weight of the loss over rebuilt class matrices; 0: no such loss")] = 1.0,
        aux: Annotated[float, Field(gt=0, description="sharpness of the weights of similar primitives when a class is rebuilt")] = 1024.0,
        temperature: Annotated[float, Field(gt=0, description="initial factor of the similarities of matrices; learned")] = 16.0,
        steps: Annotated[
            int, Field(ge=0, description="steps of gradient descent on new prototypes; 0: they are the means of their shots")
        ] = 100,
        rate: Annotated[float, Field(gt=0, description="learning rate of these steps")] = 0.1,
        base: Annotated[
            Literal["means", "trained"],
            Field(description="prototypes of the base classes: means of their training rows, or the learned class weights"),
        ] = "means",
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(encoder, **parts)
        self.components.losses.require_class_weights("compositional")
        trained = self.components.losses.criterion.similarities
        if len(trained) > 1:
            raise Problem(
                f"loss.{self.components.losses.criterion.name}.weights names {listing(trained)}, but the method compositional adds "
                "the loss over matrices itself: name only one similarity there, and another in method.matrix."
            )
        self.settings = {"w_map": w_map, "w_re": w_re, "aux": aux, "temperature": temperature}
        self.matrix, self.steps, self.rate, self.base = _matrix_similarity(self.components.similarities, matrix), steps, rate, base
        # by session: the same prototypes compared by the criterion's similarity, and by that of matrices
        self.prototypes: tuple[tuple[References, References], ...] = ()
        self.composition: Composition
        self.class_weights: ClassWeights

    @property
    def groups(self) -> tuple[str, ...]:
        """The plain method's parameter groups, with class matrices, and the temperature."""
        weights = readout_groups([*self.components.losses.criterion.similarities.values(), self.matrix])
        own = [name for loss in self.components.losses.added for name in loss.groups()]
        return ("body", *weights, *own, "temperature")

    # -- learning -------------------------------------------------------------------------------------

    def train(self, view: TrainingView) -> None:
        """Trains embedder, class weights and temperature together."""
        if len(view.classes) < 2:
            raise Problem(
                "The method compositional rebuilds each base class from others, so it needs at least two base classes; there is one."
            )
        self.composition = Composition(self.matrix, **self.settings).to(self.embedder.device)
        self.class_weights = self.learner(view, self.composition).class_weights

    def learn(self, view: TrainingView) -> None:
        """As the plain method; also learns prototypes of the new classes."""
        super().learn(view)
        if len(view.train):
            self.prototypes = (self._references(self._base_prototypes(view)),)
        known = sum(first.count for first, _ in self.prototypes)
        if known < len(self.classes):
            self.prototypes = (*self.prototypes, self._references(self._new_prototypes(view.reference, known)))

    def _base_prototypes(self, view: TrainingView) -> Embeddings:
        """Prototypes of the base classes."""
        if self.base == "trained":
            return self.class_weights.embeddings(self.embedder.streams)
        return class_means(self.embedder.embeddings(view.train), self._class_indices(view.train), len(view.classes))

    def _class_indices(self, rows: LabelledInputs) -> Tensor:
        """`[n]`: the index of each row's class among all classes."""
        index = np.full(int(self.classes.max()) + 1, -1)
        index[self.classes] = np.arange(len(self.classes))
        return torch.from_numpy(index[rows.labels]).to(self.embedder.device)

    def _new_prototypes(self, shots: LabelledInputs, known: int) -> Embeddings:
        """Prototypes of the classes after the first `known`, optimised on their shots."""
        embeddings, target = self.embedder.embeddings(shots), self._class_indices(shots)
        with torch.no_grad():
            known_logits = [self._logits(embeddings, first.embeddings) for first, _ in self.prototypes]
        firsts, seconds = (torch.cat(parts, 1) for parts in zip(*known_logits, strict=True))

        def loss(new: Embeddings) -> Tensor:
            first, second = self._logits(embeddings, new)
            criterion = F.cross_entropy(torch.cat([firsts, first], 1), target)
            return criterion + self.composition.w_map * F.cross_entropy(torch.cat([seconds, second], 1), target)

        return gradient_descent(class_means(embeddings, target - known, len(self.classes) - known), loss, self.steps, self.rate)

    def _logits(self, inputs: Embeddings, classes: Embeddings) -> tuple[Tensor, Tensor]:
        """`[n, c]` twice: the criterion's logits, and those of the matrices."""
        criterion = self.components.losses.criterion
        return criterion.logits(criterion.leading, inputs, classes), self.composition.logits(inputs, classes)

    def _references(self, prototypes: Embeddings) -> tuple[References, References]:
        criterion, count = self.components.losses.criterion, len(prototypes)
        fixed = Embeddings(prototypes.vector.detach(), prototypes.matrix.detach(), prototypes.lengths, prototypes.streams)
        labels = torch.arange(count, device=self.embedder.device)
        return (References(criterion.similarities[criterion.leading], fixed, labels, count), References(self.matrix, fixed, labels, count))

    # -- scoring --------------------------------------------------------------------------------------

    @torch.no_grad()
    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """Scores by head: the sum of both logits, then all similarities."""
        first, second = (torch.cat([both[part].scores(self.embedder, inputs) for both in self.prototypes], 1) for part in (0, 1))
        values = self.components.losses.criterion.temperature * first + self.composition.temperature * second
        return {HEAD: Scores(values.cpu().numpy(), self.classes), **super().score(inputs)}

    def tensors(self) -> dict[str, Tensor]:
        """The plain method's tensors, the learned prototypes and the temperature."""
        kept = {**super().tensors(), "temperature": self.composition.temperature.detach()}
        for number, (_, by_matrix) in enumerate(self.prototypes):
            kept |= by_matrix.tensors(f"prototypes.{number}.")
        return kept

    def restore(self, kept: Tensors) -> None:
        """As the plain method; also sets the learned prototypes and the temperature."""
        super().restore(kept)
        learned = {**self.settings, "temperature": float(kept["temperature"])}
        self.composition = Composition(self.matrix, **learned).to(self.embedder.device)
        sessions = range(len(next(iter(self.references.values()))))
        stored = (References.of_tensors(self.matrix, kept, f"prototypes.{number}.", self.embedder.streams) for number in sessions)
        self.prototypes = tuple(self._references(by_matrix.embeddings) for by_matrix in stored)


def gradient_descent(start: Embeddings, loss: Callable[[Embeddings], Tensor], steps: int, rate: float) -> Embeddings:
    """Embeddings after `steps` of plain gradient descent on vectors and matrices. `start` and all parameters are unchanged."""
    vector, matrix = start.vector.detach(), start.matrix.detach()
    for _ in range(steps):
        current = Embeddings(vector.requires_grad_(), matrix.requires_grad_(), start.lengths, start.streams)
        by_vector, by_matrix = torch.autograd.grad(loss(current), (vector, matrix), materialize_grads=True)
        vector, matrix = (vector - rate * by_vector).detach(), (matrix - rate * by_matrix).detach()
    return Embeddings(vector, matrix, start.lengths, start.streams)


def _matrix_similarity(similarities: Similarities, name: str) -> Similarity:
    """The similarity of this name, with default settings if it has no table. Raises Problem if it does not compare matrices."""
    found = (
        SIMILARITIES[name]() if name in SIMILARITIES and name not in similarities else find_similarity(similarities, name, "method.matrix")
    )
    if found.reads != "matrix":
        raise Problem(f"method.matrix = '{name}' compares vectors; the method compositional needs a similarity of matrices, such as cka.")
    return found
