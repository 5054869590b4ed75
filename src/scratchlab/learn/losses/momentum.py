"""Supervised contrastive loss with a queue of keys from past steps, computed by a momentum encoder.

Sources: queue and momentum encoder: He et al. (2020), "Momentum Contrast for Unsupervised Visual Representation Learning", arXiv
1911.05722, section 3.2, eq. 2; supervised: Song et al. (2023), "Learning with Fantasy", arXiv 2304.00426, section 3.2; the mean over
positives outside the logarithm: Khosla et al. (2020), arXiv 2004.11362, eq. 2.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.learn import parallel
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss
from scratchlab.learn.losses.labels import Labels, checked_labels


class MomentumContrast(nn.Module):
    """Cross-entropy of a query over its own key and a queue of keys from past steps; its own key and the keys of its class are positives.

    Called with queries `[n, dim]` of the network, keys `[n, dim]` of a momentum encoder for other views of the inputs, and their labels
    `[n]`, it returns the mean loss in nats, and puts the keys into the queue, which holds the last `queue` of them and belongs to the
    module's state. temperature: divides the cosines. A departure from the papers: the queue is empty at first, not filled with random keys.

    >>> loss = MomentumContrast(2, queue=8, temperature=1.0)
    >>> x, labels = torch.eye(2), torch.tensor([0, 1])
    >>> loss(x, x, labels), loss(x, x, labels)  # 0 with an empty queue; then with two positives of cosine 1 and a negative of cosine 0
    (tensor(0.), tensor(0.8620))
    """

    def __init__(self, dim: int, *, queue: int = 8192, temperature: float = 0.07) -> None:
        super().__init__()
        self.temperature = temperature
        self.keys: Tensor
        self.labels: Tensor
        self.count: Tensor
        self.register_buffer("keys", torch.zeros(queue, dim))
        self.register_buffer("labels", torch.zeros(queue, dtype=torch.long))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))  # of all keys ever added

    def forward(self, queries: Tensor, keys: Tensor, labels: Labels) -> Tensor:
        """The mean loss of n queries; see the class. Raises Problem unless queries and keys are both `[n, dim]`, with n labels."""
        n, dim = len(queries), self.keys.shape[1]
        if not queries.shape == keys.shape == (n, dim):
            raise Problem(
                f"MomentumContrast({dim}) takes queries and keys [n, {dim}]; their shapes are {list(queries.shape)} and {list(keys.shape)}."
            )
        return self.per_input(F.normalize(queries, dim=1), F.normalize(keys.detach(), dim=1), checked_labels(labels, queries), n).mean()

    def per_input(self, queries: Tensor, keys: Tensor, labels: Tensor, inputs: int) -> Tensor:
        """The loss of each query `[n]`, of queries and keys of norm 1. inputs: number of inputs in the batch, each with as many keys."""
        n_queued = min(int(self.count), len(self.keys))
        queued = self.keys[:n_queued].clone()  # the backward pass needs them unchanged
        logits = torch.cat([(queries * keys).sum(1, keepdim=True), queries @ queued.T], 1) / self.temperature
        positive = torch.cat([torch.ones_like(labels[:, None]), (labels[:, None] == self.labels[:n_queued]).long()], 1)
        self._enqueue(keys, labels, inputs)
        return -(logits.log_softmax(1) * positive).sum(1) / positive.sum(1)

    @torch.no_grad()
    def _enqueue(self, key: Tensor, label: Tensor, n_inputs: int) -> None:
        """Replaces the oldest keys of the queue, in the order of the batch over all processes."""
        keys = parallel.gather(key.view(n_inputs, -1, key.shape[1])).flatten(0, 1)
        labels = parallel.gather(label.view(n_inputs, -1)).flatten()
        position = int(self.count) + torch.arange(len(keys), device=keys.device)
        self.count += len(keys)
        position, keys, labels = (part[-len(self.keys) :] for part in (position, keys, labels))
        self.keys[position % len(self.keys)] = keys
        self.labels[position % len(self.keys)] = labels


class MomentumTerm(Loss):
    """Weighted momentum contrast of vectors, projected by a two-layer MLP (parameter group `projection`), whatever the similarities read.

    Keys are of a second augmentation, by the momentum encoder. Momentum encoder and queue belong to the module's state, so resuming is
    bit-exact. With several processes, each has the same queue: the keys of all, in the order of the batch.
    """

    def __init__(self, embedder: Embedder, *, weight: float, temperature: float, momentum: float, queue: int, dim: int) -> None:
        super().__init__()
        self.weight, self.momentum = weight, momentum
        d, device = embedder.dim, embedder.device
        self.projection = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, dim)).to(device)
        self.slow = nn.ModuleList([copy.deepcopy(part) for part in self._averaged_modules(embedder)]).requires_grad_(False)
        self.contrast = MomentumContrast(dim, queue=queue, temperature=temperature).to(device)

    def _averaged_modules(self, embedder: Embedder) -> list[nn.Module]:
        """The modules that the momentum encoder averages."""
        return [embedder.encoder, embedder.temporal, self.projection]

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The projection. The momentum encoder is not trained by gradients."""
        return {"projection": list(self.projection.parameters())}

    def of_batch(self, batch: EmbeddedBatch) -> Tensor:
        """The loss of each input `[n]`. Updates the momentum encoder and the queue, so it is for training only."""
        query = F.normalize(self.projection(batch.embeddings.vector).float(), dim=1)
        self.update_momentum_encoder(batch.embedder)
        return self.weight * self.contrast.per_input(query, self._key(batch), batch.target, len(batch.inputs.values))

    @torch.no_grad()
    def update_momentum_encoder(self, embedder: Embedder) -> None:
        """momentum encoder <- momentum · momentum encoder + (1 - momentum) · encoder, for all weights; running statistics are its own."""
        for slow, fast in zip(self.slow, self._averaged_modules(embedder), strict=True):
            slow.train(fast.training)
            for average, weight in zip(slow.parameters(), fast.parameters(), strict=True):
                average.lerp_(weight, 1 - self.momentum)

    @torch.no_grad()
    def _key(self, batch: EmbeddedBatch) -> Tensor:
        """Keys `[n, dim]` of norm 1, from a second augmentation."""
        encoder, temporal, projection = self.slow
        features, lengths = batch.embedder.features(batch.inputs, batch.rng)
        return F.normalize(projection(temporal(encoder(features, lengths)).vector).float(), dim=1)
