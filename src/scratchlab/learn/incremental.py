"""What class-incremental methods share: train on the base, keep references, add the new ones, compare, branch.

A method of its own says what differs: how the base is trained (`train`), what becomes of references (`adapted`), how scores come about
(`compared`). Base and new classes are always compared in the same way: by class means or shots of frozen embeddings.

Rows that are no class of a session are compared as they are embedded: pairs of them (`pairwise`), and the sets of few-shot episodes
(`episodes`), whose references are adapted as new classes are. What a method learns for its answers alone (FACT's virtual prototypes, CEC's
attention, the prototypes of compositional, what reconstruction rebuilds) belongs to the classes it was learned with and has no part there.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, Unpack

import numpy as np
import torch
from torch import Tensor

from scratchlab.learn import comparisons
from scratchlab.learn.baselines import Baselines
from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.class_weights import readouts
from scratchlab.learn.components import Components, Parts
from scratchlab.learn.losses.interface import Loss
from scratchlab.learn.phases import SINGLE, PhaseKinds
from scratchlab.learn.references import References, centre
from scratchlab.learn.scoring import Rehearsal
from scratchlab.models.interface import Encoder
from scratchlab.similarity.vector import CentredCosine
from scratchlab.types import Batch, Embeddings, Floats, Inputs, LabelledInputs, Rows, Scores, TrainingView


class Incremental:
    """A method that trains once and then only adds references: the plain case, to be varied.

    phases: those that its training knows, by name. rates: published for parameter groups of its own, where the recipe gives none.
    """

    phases: PhaseKinds = SINGLE
    rates: Mapping[str, float] = {}

    def __init__(self, encoder: Encoder | Components, **parts: Unpack[Parts]) -> None:
        """From an encoder and what surrounds it, or from components that a recipe has put together."""
        self.components = components = encoder if isinstance(encoder, Components) else Components.of(encoder, **parts)
        self.embedder = components.embedder
        self.classes: Rows = np.empty(0, dtype=np.int64)
        self.references: dict[str, tuple[References, ...]] = {}
        self.baselines = Baselines(self.embedder, components.similarities)

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the parameter groups."""
        losses = self.components.losses
        weights = readouts([one for loss in (losses.criterion, *losses.added) for one in loss.needs()])
        return ("body", *weights, *(name for loss in losses.added for name in loss.groups()))

    # -- learning -------------------------------------------------------------------------------------

    def learn(self, view: TrainingView) -> None:
        """Trains if the stage has training rows; then adds the references of its new classes."""
        self.baselines = self.baselines.learned(view)
        if len(view.train):
            self.train(view)
            self.classes = view.classes
            centre(self.components.similarities, self.embedder, view.train)
            base = self.make_references(view.train, view.classes, self.components.scoring.exemplars)
            self.references = {name: (own,) for name, own in base.items()}
            if self.components.scoring.chooses:
                self.components.scoring.choose(list(self._rehearsals(view)) if len(view.valid) else [])
        if len(view.reference):
            new = view.classes[~np.isin(view.classes, self.classes)]
            for name, own in self.make_references(view.reference, new).items():
                known = self.references[name]
                adapted = own.replaced(self.adapted(own.embeddings, known[0]))
                self.references = {**self.references, name: (*known, adapted)}
            self.classes = np.concatenate([self.classes, new])

    def train(self, view: TrainingView) -> None:
        """Trains the embedder on the base classes."""
        self.learner(view)

    def learner(self, view: TrainingView, *more: Loss) -> ClassLearner:
        """The learner of the base classes, trained under the recipe's losses and `more`."""
        losses = self.components.losses
        learner = ClassLearner(self.embedder, view.train, view.classes, losses.criterion, [*losses.added, *more])
        self.components.trainer.train(learner, view.train, view.valid)
        return learner

    def adapted(self, new: Embeddings, base: References) -> Embeddings:
        """What becomes of new classes' references in view of the base's: nothing, here."""
        del base
        return new

    def make_references(self, rows: LabelledInputs, classes: Rows, most: int | None = None) -> dict[str, References]:
        """By similarity, the references of these classes; most: how many of a class are kept where these are shots."""
        return {name: References.of(self.embedder, one, rows, classes, most) for name, one in self.components.similarities.items()}

    def _rehearsals(self, view: TrainingView) -> Iterator[Rehearsal]:
        """Validation rows, scored as if the base classes had only a few shots each."""
        index = np.full(int(view.classes.max()) + 1, -1)
        index[view.classes] = np.arange(len(view.classes))
        target = torch.from_numpy(index[view.valid.labels]).to(self.embedder.device)
        for number in range(self.components.scoring.rehearsals):
            order = np.random.default_rng([self.components.trainer.seed, number]).permutation(len(view.train))
            labels = view.train.labels[order]
            shots = np.concatenate([order[labels == label][: self.components.scoring.shots] for label in view.classes])
            trial = self.branch()
            trial.references = {name: (own,) for name, own in self.make_references(view.train.some(shots), view.classes).items()}
            yield {name: trial.compared(name, view.valid) for name in self.components.similarities}, target

    # -- answering ------------------------------------------------------------------------------------

    @torch.no_grad()
    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """Scores by head: fusions first, then every similarity alone."""
        scored = {name: self.compared(name, inputs) for name in self.components.similarities}
        return {head: Scores(values.cpu().numpy(), self.classes) for head, values in self.components.scoring.heads(scored).items()}

    def compared(self, name: str, inputs: Inputs) -> Tensor:
        """`[n, c]`: this similarity's scores of all classes known."""
        return torch.cat([one.scores(self.embedder, inputs) for one in self.references[name]], 1)

    def pairwise(self, queries: Inputs, references: Inputs) -> Iterator[tuple[slice, dict[str, Floats]]]:
        """Tiles of at most 256 queries, and by head their similarities `[tile, m]` with all references, each of which stands for itself.

        Heads: fusions, whose z-scores are over the references, then every similarity alone. No fallbacks: they go by classes.
        """

        def compare(some: Inputs, others: Inputs) -> dict[str, Tensor]:
            scored = {name: self.pair_scores(name, some, others) for name in self.components.similarities}
            return {**self.components.scoring.fusions(scored), **scored}

        return comparisons.pairwise(queries, references, compare)

    def pair_scores(self, name: str, queries: Inputs, references: Inputs) -> Tensor:
        """`[n, m]`: this similarity of each query with each reference."""
        return comparisons.pair_scores(self.embedder, self.components.similarities[name], queries, references)

    @torch.no_grad()
    def episodes(self, support: Rows, query: Rows, load: Callable[[Rows], Batch]) -> dict[str, Floats]:
        """Scores `[episode, q, way]` by head, of support rows `[episode, way, shot]` and query rows `[episode, q]`."""
        scored = {name: self.episode_scores(name, support, query, load) for name in self.components.similarities}
        heads = self.components.scoring.heads({name: scores.flatten(0, 1) for name, scores in scored.items()})
        return {head: scores.view(*query.shape, -1).float().cpu().numpy() for head, scores in heads.items()}

    def episode_scores(self, name: str, support: Rows, query: Rows, load: Callable[[Rows], Batch]) -> Tensor:
        """`[episode, q, way]`, by this similarity."""
        base, similarity = self.references[name][0], self.components.similarities[name]
        return comparisons.episode_scores(self.embedder, similarity, support, query, load, lambda new: self.adapted(new, base))

    def vectors(self, inputs: Inputs) -> Tensor:
        """Vector embeddings `[n, d]`."""
        return self.embedder.vectors(inputs)

    @torch.no_grad()
    def similarity_to_base(self) -> Tensor:
        """`[new, base]`: the first similarity of a new class's references (their mean, of several) with each base class's prototype."""
        base, *later = next(iter(self.references.values()))
        prototypes = base.means()
        similarities = [one.averaging.mT @ one.similarity(one.embeddings, prototypes) for one in later]
        return torch.cat([base.embeddings.vector.new_zeros(0, base.count), *similarities])

    def branch(self) -> Self:
        """A copy that shares the frozen embedder and what is known of the base."""
        return copy.copy(self)

    # -- telling --------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, Tensor]:
        """The embedder's weights, and the references that the classes are compared with."""
        kept = {f"embedder.{name}": tensor for name, tensor in self.embedder.state_dict().items()}
        for name, learned in self.references.items():
            for number, one in enumerate(learned):
                part = one.similarity.reads
                kept[f"references.{name}.{number}.{part}"] = getattr(one.embeddings, part)
        for name, similarity in self.components.similarities.items():
            if isinstance(similarity, CentredCosine) and similarity.mean is not None:
                kept[f"mean.{name}"] = similarity.mean
        return kept

    def facts(self) -> dict[str, Any]:
        """What was chosen on validation rows besides the epoch."""
        return self.components.scoring.facts()
