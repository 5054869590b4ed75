"""Virtual prototypes: learned weights of no class, kept apart from the classes in base training to reserve space for future classes.

What FACT and FILL share: their settings, the training loss, and the scores through virtual prototypes. Source: Zhou et al.
(2022), "Forward Compatible Few-Shot Class-Incremental Learning" (FACT), arXiv 2203.06953, section 4.1, eqs. 4-7, and section 4.3, eq. 8.
"""

from __future__ import annotations

import functools
from typing import Annotated

import numpy as np
import numpy.typing as npt
import scipy.special
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.learn.class_weights import ClassWeights
from scratchlab.learn.losses.classification import Classification
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss
from scratchlab.learn.losses.labels import Embedded, Labels, checked_labels
from scratchlab.models.mixing import mixed
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.vector import Cosine

Count = Annotated[int, Field(ge=1, description="number of virtual prototypes; in the paper: the number of future classes")]
Weight = Annotated[float, Field(gt=0, description="weight of the virtual losses")]
Beta = Annotated[float, Field(gt=0, description="both parameters of the Beta distribution of the mixing coefficient of two inputs")]
Serves = Annotated[int, Field(ge=1, description="number of base classes that each virtual prototype may be assigned to, drawn once")]
Eta = Annotated[float, Field(ge=0, le=1, description="weight of the scores through virtual prototypes in the final score")]
Top = Annotated[int, Field(ge=1, description="number of virtual prototypes nearest to a query that its scores use")]

MINUS_INFINITY = float("-inf")


def check_unbiased(criterion: Classification) -> None:
    """Raises Problem if class weights have a bias, which virtual prototypes cannot have."""
    for name, similarity in criterion.similarities.items():
        if similarity.biased:
            raise Problem(
                f"The class weights of the similarity '{name}' have a bias, but virtual prototypes, like class means, have none; "
                "train with another similarity, such as cosine or l2."
            )


class VirtualPrototypes(nn.Module):
    """reserve + forecast: losses that keep room between the classes for virtual prototypes, learned weights of no class, in nats.

    reserve: cross-entropy without the true class, with the most similar virtual prototype assigned to the class as target (eq. 4).
    forecast: for mixtures of two inputs of different classes, cross-entropy with the most similar virtual prototype as target, and, without
    it, with the most similar real class as target (eqs. 5-7). Each virtual prototype is assigned to `serves` classes, drawn by `seed`, so
    that classes spread over them; a class without one may use any.

    Called with embeddings `[n, d]`, labels `[n]`, class weights `[k, d]` and virtual prototypes `[v, d]` (or matrices, for a similarity of
    these), it returns the mean over n; with mixtures `[n, d]` and the labels `[n]` of the inputs that were mixed in, of both losses.
    similarity: None for the cosine; temperature: multiplies it.

    >>> classes, virtual = torch.eye(3)[:2], torch.eye(3)[2:]
    >>> loss = VirtualPrototypes(temperature=1.0)
    >>> loss(classes, torch.tensor([0, 1]), classes, virtual)  # the other class and the virtual prototype are equally far: ln 2
    tensor(0.6931)
    """

    def __init__(self, similarity: Similarity | None = None, *, temperature: float = 16.0, serves: int = 3, seed: int = 0) -> None:
        super().__init__()
        self.similarity, self.temperature, self.serves, self.seed = similarity or Cosine(), temperature, serves, seed

    def forward(
        self,
        embeddings: Embedded,
        labels: Labels,
        classes: Embedded,
        virtual: Embedded,
        mixtures: Embedded | None = None,
        partner_labels: Labels | None = None,
    ) -> Tensor:
        """The mean loss over n inputs; see the class. Raises Problem for labels that do not fit, and for mixtures without labels."""
        target, partner = checked_labels(labels, embeddings, len(classes)), None
        if (mixtures is None) != (partner_labels is None):
            raise Problem("Mixtures need the labels of the inputs that were mixed in, partner_labels [n], and the reverse.")
        if mixtures is not None and partner_labels is not None:
            checked_labels(labels, mixtures, what="labels of mixtures")
            partner = checked_labels(partner_labels, mixtures, len(classes), "partner_labels")
        return self.per_input(embeddings, target, classes, virtual, mixtures, partner).mean()

    def per_input(
        self,
        embeddings: Embedded,
        target: Tensor,
        classes: Embedded,
        virtual: Embedded,
        mixtures: Embedded | None = None,
        partner: Tensor | None = None,
    ) -> Tensor:
        """The loss of each input `[n]`; see the class."""
        assigned = torch.from_numpy(assignment(len(classes), len(virtual), self.serves, self.seed)).to(target.device)
        reserve = _reserve(self._logits(embeddings, classes), self._logits(embeddings, virtual), target, assigned)
        if mixtures is None:
            return reserve
        return reserve + (target != partner) * _forecast(self._logits(mixtures, classes), self._logits(mixtures, virtual))

    def _logits(self, inputs: Embedded, others: Embedded) -> Tensor:
        return self.temperature * self.similarity(inputs, others)


class Virtual(Loss):
    """weight · the losses of `VirtualPrototypes`, over the similarities of the criterion, of inputs and of inputs mixed in the encoder.

    The virtual prototypes are parameters of their own (parameter group `virtual`) and share memory with no other tensor.
    """

    def __init__(self, criterion: Classification, rows: ClassWeights, *, weight: float, beta: float, serves: int, seed: int) -> None:
        super().__init__()
        self.criterion, self.rows, self.weight, self.beta = criterion, rows, weight, beta
        for parameter in rows.parameters():
            nn.init.orthogonal_(parameter.data.view(len(parameter), -1))
        self.losses = {
            name: VirtualPrototypes(similarity, temperature=criterion.temperature, serves=serves, seed=seed)
            for name, similarity in criterion.similarities.items()
        }

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The virtual prototypes; a learning rate of 0 keeps their initial values."""
        return {"virtual": list(self.rows.parameters())}

    def of_batch(self, batch: EmbeddedBatch) -> Tensor:
        """The loss of each input `[n]`; needs an rng, so it is for training only."""
        assert batch.rng is not None
        partner = batch.rng.uniform().argsort().to(batch.target.device)
        coefficient = (
            torch.from_numpy(scipy.special.betaincinv(self.beta, self.beta, batch.rng.uniform().numpy())).float().to(batch.target.device)
        )
        features, lengths = batch.features
        with mixed(batch.embedder.encoder, partner, coefficient):
            mixture = batch.embedder.embed_features(features, torch.maximum(lengths, lengths[partner])).float()
        virtual = self.rows.embeddings(batch.embeddings.streams)
        given = (batch.embeddings, batch.target, batch.classes, virtual, mixture, batch.target[partner])
        return self.weight * self.criterion.weighted(lambda name: self.losses[name].per_input(*given))


@functools.lru_cache(maxsize=8)
def assignment(classes: int, virtual: int, serves: int, seed: int) -> npt.NDArray[np.bool_]:
    """`[classes, virtual]`: which virtual prototypes are assigned to each class; all of them to a class that none was drawn for."""
    rng, assigned = np.random.default_rng([seed, classes]), np.zeros((classes, virtual), dtype=bool)
    for column in assigned.T:
        column[rng.permutation(classes)[:serves]] = True
    assigned[~assigned.any(1)] = True
    return assigned


def _reserve(real: Tensor, virtual: Tensor, target: Tensor, assigned: Tensor) -> Tensor:
    """The loss `[n]` from logits `[n, c]` of real classes and `[n, v]` of virtual prototypes, eq. 4. assigned: `[c, v]`."""
    others = real.scatter(1, target[:, None], MINUS_INFINITY)
    best = virtual.masked_fill(~assigned[target], MINUS_INFINITY).argmax(1)
    return F.cross_entropy(torch.cat([others, virtual], 1), real.shape[1] + best, reduction="none")


def _forecast(real: Tensor, virtual: Tensor) -> Tensor:
    """The loss `[n]` from logits `[n, c]` and `[n, v]` of mixed inputs, eqs. 5-7."""
    best = virtual.argmax(1)
    first = F.cross_entropy(torch.cat([real, virtual], 1), real.shape[1] + best, reduction="none")
    without = virtual.scatter(1, best[:, None], MINUS_INFINITY)
    return first + F.cross_entropy(torch.cat([real, without], 1), real.argmax(1), reduction="none")


def virtual_scores(virtual: Tensor, classes: Tensor, logits: Tensor, eta: float, top: int) -> Tensor:
    """`[n, c]`: log(eta · softmax(virtual @ classes, with the `top` largest of `virtual` only) + (1 - eta) · softmax(logits)), eq. 8.

    virtual: similarities `[n, v]` of queries to virtual prototypes; classes: similarities `[v, c]` of these to classes; logits: `[n, c]`,
    similarities of queries to classes, times the temperature. The logarithm makes the spread of the scores comparable to that of other
    similarities, for fusion.

    >>> near, classes, logits = torch.tensor([[3.0, 1.0]]), torch.tensor([[0.5, 0.0], [0.0, 9.0]]), torch.tensor([[0.0, 0.0]])
    >>> virtual_scores(near, classes, logits, 0.5, 1).exp()  # (softmax(1.5, 0) + softmax(0, 0)) / 2
    tensor([[0.6588, 0.3412]])
    """
    best = virtual.topk(min(top, virtual.shape[1]), dim=1)
    through = torch.zeros_like(virtual).scatter(1, best.indices, best.values) @ classes
    log_weights = torch.tensor([eta, 1 - eta], dtype=logits.dtype, device=logits.device).log()
    return torch.logaddexp(log_weights[0] + through.log_softmax(1), log_weights[1] + logits.log_softmax(1))
