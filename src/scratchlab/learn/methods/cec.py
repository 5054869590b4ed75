"""CEC: Zhang, Song, Lin, Zheng, Pan and Xu (2021), "Few-Shot Incremental Learning with Continually Evolved Classifiers", arXiv 2104.03047.

First, a classifier of the base classes is trained. Then, with a frozen embedder, attention over [query; class references] learns to adapt
these vectors to each other before they are compared (section 3.3). It is trained in episodes that simulate an incremental session with base
classes only (section 3.4): pseudo-base classes, plus pseudo-new classes, which are base classes under a large transformation. The default
settings are the published ones for CIFAR-100: 100 epochs of 50 episodes, the learning rate halved every 20 epochs.

Training has two phases, `classifier` and `episodes`; the recipe's schedule applies to the first. In the second, only the parameter group
`attention` is trained, on top of the embedder that validation selected in the first, and its last weights are kept. Its learning rate is
`training.rates.attention`.

Departures from the paper. The embedder is frozen in the episodes, so each training row is embedded once under each transformation, without
augmentation. The attention's output layer is initialised with zeros: untrained, it only normalises the vectors. All classes of an episode
have the same number of rows: the published one, or what the smallest class allows. The paper rotates images by quarter turns; inputs that
are not square images are mirrored in time, in frequency or in both. Each similarity of vectors has its own attention (over all references,
where these are shots); similarities of matrices are used unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Unpack, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.data.samplers.interface import Episode, positions_by_class
from scratchlab.learn import parallel
from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.components import Components, Parts
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.learner import StepResult, TrainingBatch, scatter_queries
from scratchlab.learn.losses.catalog import Losses
from scratchlab.learn.phases import Phase, PhaseKind
from scratchlab.learn.references import vectors_alone
from scratchlab.learn.stored import Tensors, under
from scratchlab.learn.transformed import Transformed
from scratchlab.models.interface import Encoder
from scratchlab.models.transforms import checked, usual
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.vector import CentredCosine
from scratchlab.types import Inputs, Rows, TrainingView

TILE = 2**24  # array elements in memory at once, for the attention of a tile of queries
PHASES = {
    "classifier": PhaseKind(),
    "episodes": PhaseKind(groups=("attention",), schedule=lambda fraction: 0.5 ** int(5 * fraction), selects=False, epochs=100),
}
RATES = {"attention": 0.0002}


class Attention(nn.Module):
    """x -> LayerNorm(x + self-attention(x)), over m nodes `[n, m, d]`: Zhang et al., section 3.3, with scaled dot products (1706.03762)."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        if dim % heads:
            raise Problem(f"method.heads = {heads} does not fit: it must divide the dimension {dim} of the embeddings.")
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(dim, dim, bias=False) for _ in range(3))
        self.out, self.dropout, self.norm = nn.Linear(dim, dim), nn.Dropout(dropout), nn.LayerNorm(dim)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, nodes: Tensor) -> Tensor:
        """Adapted nodes of the same shape; equivariant to the order of the nodes."""
        parts = [layer(nodes).unflatten(2, (self.heads, -1)).transpose(1, 2) for layer in (self.query, self.key, self.value)]
        attended = F.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2)
        return self.norm(nodes + self.dropout(self.out(attended)))


def adapted_similarities(
    attention: Attention, similarity: Similarity, queries: Tensor, references: Tensor, streams: tuple[str, ...]
) -> Tensor:
    """Queries `[n, d]`, references `[m, d]` -> `[n, m]`: similarities after each query and all references are adapted to each other."""
    adapted = attention(torch.cat([queries[:, None], references.expand(len(queries), -1, -1)], 1))

    def scores(nodes: Tensor) -> Tensor:
        query, adapted_references = (vectors_alone(part, streams) for part in (nodes[:1], nodes[1:]))
        return similarity(query, adapted_references)[0]

    return torch.vmap(scores)(adapted)


class PseudoSessions:
    """Sampler of episodes with pseudo-base classes first, then pseudo-new ones; a class may be drawn as both."""

    def __init__(self, labels: Rows, ways: tuple[int, int], shot: int, query: int, episodes: int) -> None:
        counts = np.unique(labels, return_counts=True)[1]
        smallest = int(counts.min())
        if smallest < 2:
            raise Problem("cec simulates sessions with the base classes, so each needs at least two training rows; one has fewer.")
        self.base, new = (min(way, len(counts)) for way in ways)
        shot = min(shot, smallest - 1)
        self.episode, self.episodes = Episode(self.base + new, shot, min(query, smallest - shot)), episodes

    def fits(self, labels: Rows, classes: Sequence[str]) -> None:
        """Does nothing: the constructor has adapted the episodes to the labels."""

    def batches(self, labels: Rows, seed: int, epoch: int) -> list[Rows]:
        """Positions of the rows of each episode, in the layout of `Episode`."""
        rng, own, rows = np.random.default_rng([seed, epoch]), positions_by_class(labels), self.episode.shot + self.episode.query

        def drawn(way: int) -> list[Rows]:
            chosen: Rows = rng.choice(len(own), way, replace=False)
            return [rng.choice(own[int(label)], rows, replace=False) for label in chosen]

        return [np.concatenate([*drawn(self.base), *drawn(self.episode.way - self.base)]) for _ in range(self.episodes)]


class CECLearner(ClassLearner):
    """Trains a classifier; then, with a frozen embedder, an attention for each similarity of vectors."""

    def __init__(
        self,
        embedder: Embedder,
        view: TrainingView,
        losses: Losses,
        attentions: Mapping[str, Attention],
        similarities: Mapping[str, Similarity],
        sampler: PseudoSessions,
        transforms: Sequence[str],
        temperature: float,
    ) -> None:
        super().__init__(embedder, view.train, view.classes, losses.criterion, losses.added)
        self.view, self.attentions, self.similarities = view, attentions, similarities
        self.sampler, self.transforms, self.temperature = sampler, transforms, temperature
        self.module.attentions = nn.ModuleDict(attentions)
        self.phases = {
            "classifier": replace(PHASES["classifier"], groups=tuple(super().groups())),
            "episodes": replace(PHASES["episodes"], sampler=sampler),
        }
        self.rates = RATES
        self.pools: Tensor | None = None  # `[transformations, n, d]`: the vectors of all training rows, while the embedder is frozen

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The classifier's parameter groups, and `attention`."""
        attention = [parameter for attention in self.attentions.values() for parameter in attention.parameters()]
        return {**super().groups(), "attention": attention}

    def training_step(self, batch: TrainingBatch) -> StepResult:
        """The classifier's losses, or those of an episode's queries, with a random transformation of each pseudo-new class."""
        if batch.phase.name == "classifier":
            self.pools = None
            return super().training_step(batch)
        if self.pools is None:
            self.plain = Transformed(self.embedder, ["same"])
            self.pools = torch.stack([Transformed(self.embedder, [name]).vectors(self.view.train) for name in ("same", *self.transforms)])
        assert batch.seed is not None
        episode, rng = self.sampler.episode, np.random.default_rng([batch.seed, batch.epoch, batch.step])
        transforms = np.where(np.arange(episode.way) < self.sampler.base, 0, rng.integers(1, len(self.pools), episode.way))
        vectors = self.pools[transforms[episode.classes(batch.places)], batch.positions]
        losses = [F.cross_entropy(logits, target, reduction="none") for logits, target in self._episode_logits(vectors, batch)]
        return StepResult.of_queries(torch.stack(losses).sum(0), batch)

    def _episode_logits(self, vectors: Tensor, batch: TrainingBatch) -> list[tuple[Tensor, Tensor]]:
        """By similarity: logits `[q, way]` of an episode's queries, and targets `[q]`. vectors: embeddings of the batch's rows."""
        assert batch.episode is not None
        support = batch.episode.support(np.arange(batch.size))
        prototypes = parallel.gather(vectors)[np.flatnonzero(support)].view(batch.episode.way, batch.episode.shot, -1).mean(1)
        positions = np.flatnonzero(~batch.support)
        target = torch.from_numpy(batch.episode.classes(batch.places)[positions]).to(vectors.device)
        queries, streams = vectors[positions], self.embedder.streams
        return [
            (self.temperature * adapted_similarities(attention, self.similarities[name], queries, prototypes, streams), target)
            for name, attention in self.attentions.items()
        ]

    def validates_by_episodes(self, labels: Rows, phase: Phase) -> bool:
        """True in the second phase; in the first, as ClassLearner."""
        return phase.name == "episodes" or super().validates_by_episodes(labels, phase)

    def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """In the second phase: by the first similarity, without transformations."""
        if batch.phase.name == "classifier":
            return super().validation_step(batch)
        logits, target = self._episode_logits(self.plain.vectors(batch.rows.some(batch.positions)), batch)[0]
        losses, correct = F.cross_entropy(logits, target, reduction="none"), (logits.argmax(1) == target).float()
        return scatter_queries(losses, batch), scatter_queries(correct, batch)


class CEC(Incremental):
    """Adapts each query and the class means (or shots) of all known classes to each other, by attention, before comparing them.

    Built around an encoder; given to `scratchlab.run`, it learns and scores queries, `[n, classes]` for each head.

    >>> from scratchlab.models.encoders.conv4 import Conv4
    >>> CEC(Conv4()).groups  # of parameters, for training={"rates": ...}
    ('body', 'readout', 'attention')
    """

    scores_by_embeddings = False
    rates = RATES

    def __init__(
        self,
        encoder: Encoder | Components,
        *,
        episodes_per_epoch: Annotated[int, Field(ge=1, description="pseudo-incremental episodes per epoch of the phase episodes")] = 50,
        way: Annotated[int, Field(ge=1, description="pseudo-base classes per episode; all, if there are fewer")] = 15,
        new_way: Annotated[int, Field(ge=1, description="pseudo-new classes per episode; all, if there are fewer")] = 15,
        shot: Annotated[int, Field(ge=1, description="support rows per class of an episode")] = 1,
        query: Annotated[int, Field(ge=1, description="query rows per class of an episode; fewer, if the smallest class has fewer")] = 15,
        temperature: Annotated[float, Field(gt=0, description="factor that multiplies the similarities in an episode's loss")] = 16.0,
        heads: Annotated[int, Field(ge=1, description="number of attention heads")] = 1,
        dropout: Annotated[float, Field(ge=0, lt=1, description="dropout rate of the attention's output in training")] = 0.5,
        transforms: Annotated[
            list[str],
            Field(description="transformations of pseudo-new classes; empty: all quarter turns, or mirroring in time and frequency"),
        ] = [],
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(encoder, **parts)
        for name, similarity in self.components.similarities.items():
            if isinstance(similarity, CentredCosine):
                raise Problem(
                    f"'{name}' subtracts the mean of the training rows' vectors, but cec compares adapted vectors, "
                    "which have another mean; use cosine."
                )
        self.episodes_per_epoch, self.ways, self.shot, self.query = episodes_per_epoch, (way, new_way), shot, query
        self.temperature, self.heads, self.dropout = temperature, heads, dropout
        form = self.components.embedder.frontend.form
        self.transforms = checked(transforms, form, "method.transforms") or usual(form)
        self.vector_similarities = {
            name: similarity for name, similarity in self.components.similarities.items() if similarity.reads == "vector"
        }
        self.attentions: dict[str, Attention] = {}
        self.phases = PHASES if self.vector_similarities else {"classifier": PHASES["classifier"]}
        self._attention()  # reports wrong settings before training

    def _attention(self) -> Attention:
        return Attention(self.embedder.dim, self.heads, self.dropout).to(self.embedder.device)

    @property
    def groups(self) -> tuple[str, ...]:
        """The plain method's parameter groups, and `attention`."""
        return (*super().groups, "attention") if self.vector_similarities else super().groups

    def train(self, view: TrainingView) -> None:
        """Trains both phases; without a similarity of vectors, only the first."""
        if not self.vector_similarities:
            super().train(view)
            return
        self.components.trainer.train(self.cec_learner(view), view.train, view.valid)
        for attention in self.attentions.values():
            attention.requires_grad_(False)

    def cec_learner(self, view: TrainingView) -> CECLearner:
        """The untrained learner; all attentions have the same initial weights."""
        sampler = PseudoSessions(view.train.labels, self.ways, self.shot, self.query, self.episodes_per_epoch)
        for name in self.vector_similarities:
            with torch.random.fork_rng():
                torch.manual_seed(self.components.trainer.seed)
                self.attentions[name] = self._attention()
        return CECLearner(
            self.embedder,
            view,
            self.components.losses,
            self.attentions,
            self.vector_similarities,
            sampler,
            self.transforms,
            self.temperature,
        )

    # -- scoring --------------------------------------------------------------------------------------

    @torch.no_grad()
    def class_scores(self, name: str, inputs: Inputs) -> Tensor:
        """`[n, c]`: scores of all known classes. They are not cached, because they change with every added class."""
        if name not in self.attentions:
            return super().class_scores(name, inputs)
        references = torch.cat([known.embeddings.vector for known in self.references[name]])
        tile_size = max(1, TILE // ((len(references) + 1) * max(self.embedder.dim, len(references) + 1)))
        attention, similarity, streams = self.attentions[name], self.components.similarities[name], self.embedder.streams
        vectors = self.embedder.vectors(inputs)
        tiles = [vectors[start : start + tile_size] for start in range(0, len(vectors), tile_size)]
        scores = torch.cat([adapted_similarities(attention, similarity, tile, references, streams) for tile in tiles])
        return scores @ cast(Tensor, torch.block_diag(*(known.averaging for known in self.references[name])))

    # -- what a run keeps -----------------------------------------------------------------------------

    def tensors(self) -> dict[str, Tensor]:
        """The plain method's tensors, and the attentions' weights."""
        weights = {
            f"attention.{name}.{part}": tensor
            for name, attention in self.attentions.items()
            for part, tensor in attention.state_dict().items()
        }
        return {**super().tensors(), **weights}

    def restore(self, kept: Tensors) -> None:
        """As the plain method; also sets the attentions."""
        super().restore(kept)
        self.attentions = {name: self._attention().eval().requires_grad_(False) for name in self.vector_similarities}
        for name, attention in self.attentions.items():
            attention.load_state_dict(under(f"attention.{name}.", kept))
