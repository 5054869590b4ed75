"""CEC: Zhang, Song, Lin, Zheng, Pan and Xu (2021), "Few-Shot Incremental Learning with Continually Evolved Classifiers", arXiv 2104.03047.

First the base is trained with a classifier. Then, the embedder frozen, attention over [query; class references] learns to adapt all of
them to each other before they are compared (section 3.3), in episodes that play an incremental session with base classes alone (section
3.4): to pseudo-base classes come pseudo-new ones, which are base classes under a large transformation. The published settings are those of
CIFAR-100: 100 epochs of 50 episodes, the rate halved every 20 epochs.

Departures. The embedder does not move in the episodes, so each training row is embedded once under each transformation, without
augmentation. The attention's last layer begins at zero: untrained, it only normalises the vectors. Nothing chooses among episodes: the
last weights stay. What is not a square image, whose quarter turns the paper takes, is mirrored in time, in frequency or in both.

The episodes leave no checkpoint. They are functions of (seed, episode), so a run killed among them finds its first training finished and
repeats them from the first, to the same numbers; several processes each do all of them. Every similarity of vectors has an attention of
its own (over all references, where these are shots); similarities of matrices compare as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.checks import Diverged, Problem
from scratchlab.learn.incremental import Components, Incremental
from scratchlab.learn.references import vectors_alone
from scratchlab.learn.transformed import Transformed
from scratchlab.model.transforms import checked, usual
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.vector import CentredCosine
from scratchlab.types import Inputs, Rows, TrainingView

TILE = 2**24  # numbers held at once for some queries' nodes
HALVINGS = 5  # the rate falls to a half after every fifth of the episodes
Episode = tuple[Tensor, Tensor, Tensor]  # prototypes `[m, d]`, queries `[n, d]`, the place of each one's prototype `[n]`


class Attention(nn.Module):
    """x -> LayerNorm(x + what x attends to), over nodes `[n, m, d]`: Zhang et al., section 3.3, with scaled products as in 1706.03762."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        if dim % heads:
            raise Problem(f"method.heads = {heads} does not fit: it must divide the {dim} values of a vector.")
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(dim, dim, bias=False) for _ in range(3))
        self.out, self.dropout, self.norm = nn.Linear(dim, dim), nn.Dropout(dropout), nn.LayerNorm(dim)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, nodes: Tensor) -> Tensor:
        """Of the same shape; the order of the nodes means nothing."""
        parts = [layer(nodes).unflatten(2, (self.heads, -1)).transpose(1, 2) for layer in (self.query, self.key, self.value)]
        found = F.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2)
        return self.norm(nodes + self.dropout(self.out(found)))


class CEC(Incremental):
    """Class means (or shots) and query adapted to each other, query by query, by all classes known at the time."""

    attentions: dict[str, Attention]

    def __init__(
        self,
        components: Components,
        *,
        episodes: Annotated[int, Field(ge=0, description="pseudo-incremental episodes")] = 5000,
        way: Annotated[int, Field(ge=1, description="pseudo-base classes of an episode; all where there are fewer")] = 15,
        new_way: Annotated[int, Field(ge=1, description="pseudo-new classes of an episode; all where there are fewer")] = 15,
        shot: Annotated[int, Field(ge=1, description="rows that make a prototype in an episode")] = 1,
        query: Annotated[int, Field(ge=1, description="rows of each class that are inputs in an episode, if it has as many")] = 15,
        rate: Annotated[
            float, Field(gt=0, description="learning rate of the attention, halved after every fifth of the episodes")
        ] = 0.0002,
        temperature: Annotated[float, Field(gt=0, description="scale of the similarities in an episode's loss")] = 16.0,
        heads: Annotated[int, Field(ge=1, description="heads of the attention")] = 1,
        dropout: Annotated[float, Field(ge=0, lt=1, description="share of what is attended to that is left out in training")] = 0.5,
        transforms: Annotated[
            list[str],
            Field(description="what makes base classes pseudo-new, by name; empty: all quarter turns, or mirrored in time and frequency"),
        ] = [],
    ) -> None:
        super().__init__(components)
        for name, similarity in components.similarities.items():
            if isinstance(similarity, CentredCosine):
                raise Problem(
                    f"'{name}' takes off the mean of the training rows' vectors, but cec compares adapted vectors, "
                    "whose mean is another; take cosine."
                )
        self.played, self.ways, self.shot, self.query, self.rate = episodes, (way, new_way), shot, query, rate
        self.temperature, self.heads, self.dropout = temperature, heads, dropout
        form = components.embedder.frontend.form
        self.transforms = checked(transforms, form, "method.transforms") or usual(form)
        self._attention()  # wrong settings are told before training

    def _attention(self) -> Attention:
        return Attention(self.embedder.dim, self.heads, self.dropout).to(self.embedder.device)

    # -- learning -------------------------------------------------------------------------------------

    def train(self, view: TrainingView) -> None:
        """The classifier's training, then an attention for each similarity of vectors."""
        super().train(view)
        own = [np.flatnonzero(view.train.labels == label) for label in view.classes]
        if min(len(rows) for rows in own) < 2:
            raise Problem("cec plays sessions with the base classes, so each needs two training rows or more; one has fewer.")
        pools = torch.stack([Transformed(self.embedder, [name]).vectors(view.train) for name in ("same", *self.transforms)])
        self.attentions = {}
        for name, similarity in self.components.similarities.items():
            if similarity.reads == "vector":
                torch.manual_seed(self.components.trainer.seed)
                self.attentions[name] = self._attention()
                self._play(self.attentions[name], similarity, pools, own)

    def _play(self, attention: Attention, similarity: Similarity, pools: Tensor, own: Sequence[Rows]) -> None:
        """Trains an attention in all episodes. Raises Diverged when a loss is not finite."""
        optimizer = torch.optim.SGD(attention.parameters(), lr=self.rate, momentum=0.9, nesterov=True, weight_decay=5e-4)
        attention.train()
        for number in range(self.played):
            prototypes, queries, target = self._episode(pools, own, number)
            torch.manual_seed(hash((self.components.trainer.seed, number)) & 0x7FFFFFFF)  # of the dropout
            logits = self.temperature * self._answers(attention, similarity, queries, prototypes)
            loss = F.cross_entropy(logits, target)
            if not math.isfinite(float(loss.detach())):
                raise Diverged(f"The loss of the attention is not finite in episode {number + 1}; lower method.rate.")
            optimizer.param_groups[0]["lr"] = self.rate * 0.5 ** (HALVINGS * number // self.played)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        attention.eval().requires_grad_(False)

    def _episode(self, pools: Tensor, own: Sequence[Rows], number: int) -> Episode:
        """Episode `number` of training rows: pools `[transformations, n, d]`, the plain one first; own: the rows of each class."""
        rng = np.random.default_rng([self.components.trainer.seed, number])
        prototypes: list[Tensor] = []
        queries: list[Tensor] = []
        for new, way in enumerate(self.ways):
            for label in rng.permutation(len(own))[:way]:
                pool = pools[rng.integers(1, len(pools)) if new else 0]
                rows = torch.from_numpy(rng.permutation(own[int(label)])[: self.shot + self.query]).to(pools.device)
                shots = min(self.shot, len(rows) - 1)
                prototypes.append(pool[rows[:shots]].mean(0))
                queries.append(pool[rows[shots:]])
        counts = torch.tensor([len(one) for one in queries], device=pools.device)
        return torch.stack(prototypes), torch.cat(queries), torch.arange(len(counts), device=pools.device).repeat_interleave(counts)

    # -- answering ------------------------------------------------------------------------------------

    def _answers(self, attention: Attention, similarity: Similarity, queries: Tensor, references: Tensor) -> Tensor:
        """Queries `[n, d]`, references `[m, d]` -> `[n, m]`: similarities once each query and all references have adapted."""
        found = attention(torch.cat([queries[:, None], references.expand(len(queries), -1, -1)], 1))

        def scores(nodes: Tensor) -> Tensor:
            one, known = (vectors_alone(part, self.embedder.streams) for part in (nodes[:1], nodes[1:]))
            return similarity(one, known)[0]

        return torch.vmap(scores)(found)

    @torch.no_grad()
    def compared(self, name: str, inputs: Inputs) -> Tensor:
        """`[n, c]`. Nothing is remembered of adapted scores: they change with every class that is added."""
        if name not in self.attentions:
            return super().compared(name, inputs)
        references = torch.cat([one.embeddings.vector for one in self.references[name]])
        most = max(1, TILE // ((len(references) + 1) * max(self.embedder.dim, len(references) + 1)))
        attention, similarity = self.attentions[name], self.components.similarities[name]
        vectors = self.embedder.vectors(inputs)
        parts = [vectors[start : start + most] for start in range(0, len(vectors), most)]
        found = torch.cat([self._answers(attention, similarity, part, references) for part in parts])
        return found @ cast(Tensor, torch.block_diag(*(one.averaging for one in self.references[name])))

    # -- telling --------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, Tensor]:
        """With the attentions' weights."""
        own = {f"attention.{name}.{part}": x for name, one in self.attentions.items() for part, x in one.state_dict().items()}
        return {**super().tensors(), **own}
