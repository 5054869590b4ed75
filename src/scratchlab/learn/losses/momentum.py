"""Supervised contrast with the keys of many past steps: a queue, filled by a slow copy of the encoder.

Sources: queue and momentum encoder: He et al. (2020), "Momentum Contrast for Unsupervised Visual Representation Learning", arXiv
1911.05722, section 3.2, eq. 2; with labels: Song et al. (2023), "Learning with Fantasy", arXiv 2304.00426, section 3.2; the mean over
positives outside the logarithm: Khosla et al. (2020), arXiv 2004.11362, eq. 2.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.learn import parallel
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss


class MomentumContrast(Loss):
    """Each input should resemble its own key, made of a second augmentation by the slow copy, and the keys of its class in the queue.

    It compares vectors, projected by two layers of its own (group `projection`), whatever the similarities read. Copy and queue are part
    of the module's state, so a resumed training has them to the last bit. Several processes hold one queue: the keys of all, in the
    batch's order. A departure from the papers: the queue begins empty, not full of random keys.
    """

    def __init__(self, embedder: Embedder, *, weight: float, temperature: float, momentum: float, queue: int, dim: int) -> None:
        super().__init__()
        self.weight, self.temperature, self.momentum = weight, temperature, momentum
        d, device = embedder.dim, embedder.device
        self.projection = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, dim)).to(device)
        self.slow = nn.ModuleList([copy.deepcopy(part) for part in self._quick(embedder)]).requires_grad_(False)
        self.keys: Tensor
        self.labels: Tensor
        self.count: Tensor
        self.register_buffer("keys", torch.zeros(queue, dim, device=device))
        self.register_buffer("labels", torch.zeros(queue, dtype=torch.long, device=device))
        self.register_buffer("count", torch.zeros((), dtype=torch.long, device=device))  # of all keys that ever came

    def _quick(self, embedder: Embedder) -> list[nn.Module]:
        """What the slow copy follows."""
        return [embedder.encoder, embedder.temporal, self.projection]

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The projection. The slow copy is moved by hand."""
        return {"projection": list(self.projection.parameters())}

    def forward(self, batch: EmbeddedBatch) -> Tensor:
        """`[n]`, for training alone: the queue moves on."""
        query = F.normalize(self.projection(batch.embeddings.vector).float(), dim=1)
        self.follow(batch.embedder)
        key = self._key(batch)
        held = min(int(self.count), len(self.keys))
        known = self.keys[:held].clone()  # the gradient needs them as they were
        among = torch.cat([(query * key).sum(1, keepdim=True), query @ known.T], 1) / self.temperature
        alike = torch.cat([torch.ones_like(batch.target[:, None]), (batch.target[:, None] == self.labels[:held]).long()], 1)
        self._enqueue(key, batch.target, len(batch.inputs.values))
        return -self.weight * (among.log_softmax(1) * alike).sum(1) / alike.sum(1)

    @torch.no_grad()
    def follow(self, embedder: Embedder) -> None:
        """slow <- momentum · slow + (1 - momentum) · quick, for all weights; running statistics are the slow copy's own."""
        for slow, quick in zip(self.slow, self._quick(embedder), strict=True):
            slow.train(quick.training)
            for mine, other in zip(slow.parameters(), quick.parameters(), strict=True):
                mine.lerp_(other, 1 - self.momentum)

    @torch.no_grad()
    def _key(self, batch: EmbeddedBatch) -> Tensor:
        """`[n, dim]`, of length 1."""
        encoder, temporal, projection = self.slow
        features, lengths = batch.embedder.features(batch.inputs, batch.rng)
        return F.normalize(projection(temporal(encoder(features, lengths)).vector).float(), dim=1)

    @torch.no_grad()
    def _enqueue(self, key: Tensor, label: Tensor, inputs: int) -> None:
        """Puts keys in the place of the oldest; `inputs`: how many of them came in, each with the same number of keys."""
        keys = parallel.gather(key.view(inputs, -1, key.shape[1])).flatten(0, 1)
        labels = parallel.gather(label.view(inputs, -1)).flatten()
        place = int(self.count) + torch.arange(len(keys), device=keys.device)
        self.count += len(keys)
        place, keys, labels = (part[-len(self.keys) :] for part in (place, keys, labels))
        self.keys[place % len(self.keys)] = keys
        self.labels[place % len(self.keys)] = labels
