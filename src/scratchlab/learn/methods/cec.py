"""CEC: Zhang, Song, Lin, Zheng, Pan and Xu (2021), "Few-Shot Incremental Learning with Continually Evolved Classifiers", arXiv 2104.03047.

First the base is trained with a classifier. Then, the embedder frozen, attention over [query; class references] learns to adapt all of
them to each other before they are compared (section 3.3), in episodes that play an incremental session with base classes alone (section
3.4): to pseudo-base classes come pseudo-new ones, which are base classes under a large transformation. The published settings are those of
CIFAR-100: 100 epochs of 50 episodes, the rate halved every 20 epochs.

It is one training of two phases, `classifier` and `episodes`; the recipe's schedule is that of the first. In the second the group
`attention` alone learns, beside the embedder that validation chose in the first, and its last weights stay. Its rate is
`training.rates.attention`.

Departures. The embedder does not move in the episodes, so each training row is embedded once under each transformation, without
augmentation. The attention's last layer begins at zero: untrained, it only normalises the vectors. All classes of an episode have equally
many rows: the published ones, as far as the smallest class affords them. What is not a square image, whose quarter turns the paper takes,
is mirrored in time, in frequency or in both. Every similarity of vectors has an attention of its own (over all references, where these are
shots); similarities of matrices compare as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.data.samplers.interface import Episode, positions_by_class
from scratchlab.learn import parallel
from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.incremental import Components, Incremental
from scratchlab.learn.learner import StepResult, TrainingBatch, over_rows
from scratchlab.learn.losses.catalog import Losses
from scratchlab.learn.phases import Phase, PhaseKind
from scratchlab.learn.references import vectors_alone
from scratchlab.learn.transformed import Transformed
from scratchlab.models.transforms import checked, usual
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.vector import CentredCosine
from scratchlab.types import Inputs, Rows, TrainingView

TILE = 2**24  # numbers held at once for some queries' nodes
PHASES = {
    "classifier": PhaseKind(),
    "episodes": PhaseKind(groups=("attention",), schedule=lambda done: 0.5 ** int(5 * done), selects=False, epochs=100),
}
RATES = {"attention": 0.0002}


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


def answers(attention: Attention, similarity: Similarity, queries: Tensor, references: Tensor, streams: tuple[str, ...]) -> Tensor:
    """Queries `[n, d]`, references `[m, d]` -> `[n, m]`: similarities once each query and all references have adapted."""
    adapted = attention(torch.cat([queries[:, None], references.expand(len(queries), -1, -1)], 1))

    def scores(nodes: Tensor) -> Tensor:
        one, known = (vectors_alone(part, streams) for part in (nodes[:1], nodes[1:]))
        return similarity(one, known)[0]

    return torch.vmap(scores)(adapted)


class PseudoSessions:
    """Episodes of pseudo-base classes, then pseudo-new ones; a class may be drawn as both."""

    def __init__(self, labels: Rows, ways: tuple[int, int], shot: int, query: int, episodes: int) -> None:
        counts = np.unique(labels, return_counts=True)[1]
        least = int(counts.min())
        if least < 2:
            raise Problem("cec plays sessions with the base classes, so each needs two training rows or more; one has fewer.")
        self.base, new = (min(way, len(counts)) for way in ways)
        shot = min(shot, least - 1)
        self.episode, self.episodes = Episode(self.base + new, shot, min(query, least - shot)), episodes

    def fits(self, labels: Rows, classes: Sequence[str]) -> None:
        """It was made to fit."""

    def batches(self, labels: Rows, seed: int, epoch: int) -> list[Rows]:
        """Positions of each episode, laid out as `Episode` says."""
        rng, own, rows = np.random.default_rng([seed, epoch]), positions_by_class(labels), self.episode.shot + self.episode.query

        def drawn(way: int) -> list[Rows]:
            chosen: Rows = rng.choice(len(own), way, replace=False)
            return [rng.choice(own[int(label)], rows, replace=False) for label in chosen]

        return [np.concatenate([*drawn(self.base), *drawn(self.episode.way - self.base)]) for _ in range(self.episodes)]


class CECLearner(ClassLearner):
    """A classifier; then, its embedder frozen, an attention for each similarity of vectors."""

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
        """Those of the classifier, and the attentions."""
        return {**super().groups(), "attention": [parameter for one in self.attentions.values() for parameter in one.parameters()]}

    def training_step(self, batch: TrainingBatch) -> StepResult:
        """The losses of the classifier, or those of an episode's queries; its new classes are under a transformation each."""
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
        losses = [F.cross_entropy(logits, target, reduction="none") for logits, target in self._played(vectors, batch)]
        return StepResult.of_queries(torch.stack(losses).sum(0), batch)

    def _played(self, vectors: Tensor, batch: TrainingBatch) -> list[tuple[Tensor, Tensor]]:
        """By similarity: scaled answers `[q, way]` to the queries of an episode, whose rows have these vectors, and targets `[q]`."""
        assert batch.episode is not None
        whole = batch.episode.support(np.arange(batch.size))
        prototypes = parallel.gather(vectors)[np.flatnonzero(whole)].view(batch.episode.way, batch.episode.shot, -1).mean(1)
        own = np.flatnonzero(~batch.support)
        target = torch.from_numpy(batch.episode.classes(batch.places)[own]).to(vectors.device)
        queries, streams = vectors[own], self.embedder.streams
        return [
            (self.temperature * answers(attention, self.similarities[name], queries, prototypes, streams), target)
            for name, attention in self.attentions.items()
        ]

    def validates_by_episodes(self, labels: Rows, phase: Phase) -> bool:
        """Always, once the attention learns."""
        return phase.name == "episodes" or super().validates_by_episodes(labels, phase)

    def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """In the second phase by the first similarity, no class being transformed."""
        if batch.phase.name == "classifier":
            return super().validation_step(batch)
        logits, target = self._played(self.plain.vectors(batch.rows.some(batch.positions)), batch)[0]
        return over_rows(F.cross_entropy(logits, target, reduction="none"), batch), over_rows((logits.argmax(1) == target).float(), batch)


class CEC(Incremental):
    """Class means (or shots) and query adapted to each other, query by query, by all classes known at the time."""

    rates = RATES

    def __init__(
        self,
        components: Components,
        *,
        episodes_per_epoch: Annotated[int, Field(ge=1, description="pseudo-incremental episodes of an epoch of the phase episodes")] = 50,
        way: Annotated[int, Field(ge=1, description="pseudo-base classes of an episode; all where there are fewer")] = 15,
        new_way: Annotated[int, Field(ge=1, description="pseudo-new classes of an episode; all where there are fewer")] = 15,
        shot: Annotated[int, Field(ge=1, description="rows that make a prototype in an episode")] = 1,
        query: Annotated[
            int, Field(ge=1, description="rows of each class that are inputs in an episode, if the smallest has as many")
        ] = 15,
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
        self.episodes_per_epoch, self.ways, self.shot, self.query = episodes_per_epoch, (way, new_way), shot, query
        self.temperature, self.heads, self.dropout = temperature, heads, dropout
        form = components.embedder.frontend.form
        self.transforms = checked(transforms, form, "method.transforms") or usual(form)
        self.vectorial = {name: one for name, one in components.similarities.items() if one.reads == "vector"}
        self.attentions: dict[str, Attention] = {}
        self.phases = PHASES if self.vectorial else {"classifier": PHASES["classifier"]}
        self._attention()  # wrong settings are told before training

    def _attention(self) -> Attention:
        return Attention(self.embedder.dim, self.heads, self.dropout).to(self.embedder.device)

    @property
    def groups(self) -> tuple[str, ...]:
        """Those of the plain method, and the attentions."""
        return (*super().groups, "attention") if self.vectorial else super().groups

    def train(self, view: TrainingView) -> None:
        """Both phases; without a similarity of vectors, the first alone."""
        if not self.vectorial:
            super().train(view)
            return
        self.components.trainer.train(self.cec_learner(view), view.train, view.valid)
        for attention in self.attentions.values():
            attention.requires_grad_(False)

    def cec_learner(self, view: TrainingView) -> CECLearner:
        """The learner, untrained; every attention begins with the same weights."""
        sampler = PseudoSessions(view.train.labels, self.ways, self.shot, self.query, self.episodes_per_epoch)
        for name in self.vectorial:
            with torch.random.fork_rng():
                torch.manual_seed(self.components.trainer.seed)
                self.attentions[name] = self._attention()
        return CECLearner(
            self.embedder,
            view,
            self.components.losses,
            self.attentions,
            self.vectorial,
            sampler,
            self.transforms,
            self.temperature,
        )

    # -- answering ------------------------------------------------------------------------------------

    @torch.no_grad()
    def compared(self, name: str, inputs: Inputs) -> Tensor:
        """`[n, c]`. Nothing is remembered of adapted scores: they change with every class that is added."""
        if name not in self.attentions:
            return super().compared(name, inputs)
        references = torch.cat([one.embeddings.vector for one in self.references[name]])
        most = max(1, TILE // ((len(references) + 1) * max(self.embedder.dim, len(references) + 1)))
        attention, similarity, streams = self.attentions[name], self.components.similarities[name], self.embedder.streams
        vectors = self.embedder.vectors(inputs)
        parts = [vectors[start : start + most] for start in range(0, len(vectors), most)]
        found = torch.cat([answers(attention, similarity, part, references, streams) for part in parts])
        return found @ cast(Tensor, torch.block_diag(*(one.averaging for one in self.references[name])))

    # -- telling --------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, Tensor]:
        """With the attentions' weights."""
        own = {f"attention.{name}.{part}": x for name, one in self.attentions.items() for part, x in one.state_dict().items()}
        return {**super().tensors(), **own}
