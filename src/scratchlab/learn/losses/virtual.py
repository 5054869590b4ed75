"""Virtual prototypes: rows of no class, which base training keeps apart from the classes, so that there is room for classes to come.

Here is what FACT and FILL share: their settings, the loss of training, and the answer through virtual prototypes. Source: Zhou et al.
(2022), "Forward Compatible Few-Shot Class-Incremental Learning" (FACT), arXiv 2203.06953, section 4.1, eqs. 4-7, and section 4.3, eq. 8.
"""

from __future__ import annotations

import functools
from typing import Annotated

import numpy as np
import scipy.special
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.learn.class_weights import ClassWeights
from scratchlab.learn.losses.classification import Classification
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss
from scratchlab.models.mixing import mixed

Count = Annotated[int, Field(ge=1, description="virtual prototypes; the paper: as many as classes are to come")]
Weight = Annotated[float, Field(gt=0, description="share of the virtual losses")]
Beta = Annotated[float, Field(gt=0, description="both parameters of the Beta distribution that mixes two inputs")]
Serves = Annotated[int, Field(ge=1, description="base classes that each virtual prototype may serve, drawn once")]
Eta = Annotated[float, Field(ge=0, le=1, description="share of the answer that goes through the virtual prototypes")]
Top = Annotated[int, Field(ge=1, description="virtual prototypes nearest to a query that it goes through")]

NEVER = float("-inf")


def check_unbiased(criterion: Classification) -> None:
    """Raises Problem where class rows have a bias, which prototypes have not."""
    for name, similarity in criterion.compared.items():
        if similarity.biased:
            raise Problem(
                f"Virtual prototypes are compared with embeddings as class means are, and rows that '{name}' learns have a bias, which "
                "those have not; train on another similarity, such as cosine or l2."
            )


class Virtual(Loss):
    """weight · (reserve + forecast), over every similarity that the cross-entropy trains.

    reserve: once the true class is left out, the best virtual prototype that the class may have should win (eq. 4).
    forecast: inputs of two classes mixed half-way through the encoder should fall to a virtual prototype, and behind it to the real class
    they are most alike (eqs. 5-7). Each virtual prototype may serve `serves` classes, drawn once, so that classes spread; a class that none
    may serve may have any.

    The virtual rows are parameters of their own (group `virtual`), tied to nothing: no device or copy can part them from the loss.
    """

    def __init__(
        self, criterion: Classification, rows: ClassWeights, classes: int, *, weight: float, beta: float, serves: int, seed: int
    ) -> None:
        super().__init__()
        self.criterion, self.rows, self.weight, self.beta = criterion, rows, weight, beta
        for parameter in rows.parameters():
            nn.init.orthogonal_(parameter.data.view(len(parameter), -1))
        rng, allowed = np.random.default_rng([seed, classes]), np.zeros((classes, rows.count), dtype=bool)
        for served in allowed.T:
            served[rng.permutation(classes)[:serves]] = True
        allowed[~allowed.any(1)] = True
        self.allowed: Tensor
        self.register_buffer("allowed", torch.from_numpy(allowed).to(next(rows.parameters()).device), persistent=False)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The virtual rows, whose rate 0 keeps them as they began."""
        return {"virtual": list(self.rows.parameters())}

    def forward(self, batch: EmbeddedBatch) -> Tensor:
        """`[n]`; needs rng, so it is for training alone."""
        assert batch.rng is not None
        n = len(batch.target)
        partner = batch.rng.uniform().argsort().to(batch.target.device)
        share = (
            torch.from_numpy(scipy.special.betaincinv(self.beta, self.beta, batch.rng.uniform().numpy())).float().to(batch.target.device)
        )
        features, lengths = batch.features
        with mixed(batch.embedder.encoder, partner, share):
            between = batch.embedder.embed_features(features, torch.maximum(lengths, lengths[partner])).float()
        apart = batch.target != batch.target[partner]
        virtual = self.rows.embeddings(batch.embeddings.streams)
        total = between.vector.new_zeros(n)
        for name, weight in self.criterion.weights.items():
            logits = functools.partial(self.criterion.logits, name)
            reserve = self._reserve(logits(batch.embeddings, batch.classes), logits(batch.embeddings, virtual), batch.target)
            forecast = _forecast(logits(between, batch.classes), logits(between, virtual))
            total = total + weight * (reserve + apart * forecast)
        return self.weight * total

    def _reserve(self, real: Tensor, virtual: Tensor, target: Tensor) -> Tensor:
        """Logits `[n, c]`, `[n, v]` -> `[n]`."""
        others = real.scatter(1, target[:, None], NEVER)
        best = virtual.masked_fill(~self.allowed[target], NEVER).argmax(1)
        return F.cross_entropy(torch.cat([others, virtual], 1), real.shape[1] + best, reduction="none")


def _forecast(real: Tensor, virtual: Tensor) -> Tensor:
    """Logits `[n, c]`, `[n, v]` of mixed inputs -> `[n]`."""
    best = virtual.argmax(1)
    first = F.cross_entropy(torch.cat([real, virtual], 1), real.shape[1] + best, reduction="none")
    without = virtual.scatter(1, best[:, None], NEVER)
    return first + F.cross_entropy(torch.cat([real, without], 1), real.argmax(1), reduction="none")


def answer_through(virtual: Tensor, classes: Tensor, logits: Tensor, eta: float, top: int) -> Tensor:
    """`[n, c]`: log(eta · softmax(virtual, the `top` largest alone, @ classes) + (1 - eta) · softmax(logits)), eq. 8.

    virtual: similarities `[n, v]` of queries to virtual prototypes; classes: `[v, c]`, of these to classes; logits: `[n, c]`, scaled
    similarities of queries to classes. A logarithm, so that a fusion meets what is as evenly spread as other similarities' scores.

    >>> near, classes, logits = torch.tensor([[3.0, 1.0]]), torch.tensor([[0.5, 0.0], [0.0, 9.0]]), torch.tensor([[0.0, 0.0]])
    >>> answer_through(near, classes, logits, 0.5, 1).exp()  # (softmax(1.5, 0) + softmax(0, 0)) / 2
    tensor([[0.6588, 0.3412]])
    """
    best = virtual.topk(min(top, virtual.shape[1]), dim=1)
    through = torch.zeros_like(virtual).scatter(1, best.indices, best.values) @ classes
    shares = torch.tensor([eta, 1 - eta], dtype=logits.dtype, device=logits.device).log()
    return torch.logaddexp(shares[0] + through.log_softmax(1), shares[1] + logits.log_softmax(1))
