"""Base class of class-incremental methods: base training, references of base and new classes, scores, and branching.

A method overrides what differs: base training (`train`), the transformation of new classes' references (`adapt`), or the scores of classes
(`class_scores`). Base and new classes are always compared in the same way: by class means or shots of frozen embeddings.

Retrieval and few-shot episodes compare rows outside of any session: all pairs of rows (`pairwise`), or the support and query rows of
episodes (`episodes`), whose references are adapted like those of new classes. What a method learned only for scoring the trained classes
(FACT's virtual prototypes, CEC's attention, the prototypes of compositional, the reconstructions of reconstruction) is not used there.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Self, Unpack

import numpy as np
import torch
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.learn import comparisons
from scratchlab.learn.baselines import Baselines
from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.class_weights import readout_groups
from scratchlab.learn.components import Components, Parts
from scratchlab.learn.losses.interface import Loss
from scratchlab.learn.phases import SINGLE, PhaseKinds
from scratchlab.learn.references import References, centre
from scratchlab.learn.scoring import Rehearsal
from scratchlab.learn.stored import Tensors, embedder_tensors, restored_embedder, under
from scratchlab.models.interface import Encoder
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Batch, Embeddings, Floats, Inputs, LabelledInputs, Rows, Scores, TrainingView


class Incremental:
    """The plain method: trains on the base classes, then only adds references of new classes.

    phases: its training phases, by name. rates: published learning rates of its own parameter groups, where the recipe sets none.
    scores_by_embeddings: whether all heads but `trained` compare embeddings alone, so that these may be whitened, or come from a
    pretrained encoder without training.
    """

    phases: PhaseKinds = SINGLE
    rates: Mapping[str, float] = {}
    scores_by_embeddings: ClassVar[bool] = True

    def __init__(self, encoder: Encoder | Components, **parts: Unpack[Parts]) -> None:
        """From an encoder and what surrounds it, or from the components that a recipe builds."""
        self.components = components = encoder if isinstance(encoder, Components) else Components.of(encoder, **parts)
        if not self.scores_by_embeddings:
            name = type(self).__name__
            if components.whitening is not None:
                raise Problem(f"{name} scores by weights that were learned without whitening; leave [whitening] out.")
            if not components.trainer.settings.trains:
                raise Problem(f"{name} scores by learned weights, but training.epochs = 0 trains nothing; set at least one epoch.")
        self.embedder = components.embedder
        self.classes: Rows = np.empty(0, dtype=np.int64)
        self.references: dict[str, tuple[References, ...]] = {}
        self.baselines = Baselines(self.embedder, components.similarities)

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the parameter groups."""
        losses = self.components.losses
        weights = readout_groups(
            [similarity for loss in (losses.criterion, *losses.added) for similarity in loss.class_weight_similarities()]
        )
        return ("body", *weights, *(name for loss in losses.added for name in loss.groups()))

    # -- learning -------------------------------------------------------------------------------------

    def learn(self, view: TrainingView) -> None:
        """Trains if the split has training rows; then adds the references of its new classes."""
        self.baselines = self.baselines.learned(view)
        if len(view.train):
            self.train(view)
            self.classes = view.classes
            if self.components.whitening is not None:
                matrices = any(similarity.reads == "matrix" for similarity in self.components.similarities.values())
                self.embedder = self.components.whitening.fit(self.embedder, view.train, matrices=matrices)
            centre(self.components.similarities, self.embedder, view.train)
            base = self.make_references(view.train, view.classes, self.components.scoring.exemplars)
            self.references = {name: (references,) for name, references in base.items()}
            if self.components.scoring.needs_validation:
                self.components.scoring.choose(list(self._rehearsals(view)) if len(view.valid) else [])
        if len(view.reference):
            new = view.classes[~np.isin(view.classes, self.classes)]
            for name, references in self.make_references(view.reference, new).items():
                known = self.references[name]
                adapted = references.replaced(self.adapt(references.embeddings, known[0]))
                self.references = {**self.references, name: (*known, adapted)}
            self.classes = np.concatenate([self.classes, new])

    def train(self, view: TrainingView) -> None:
        """Trains the embedder on the base classes, unless there are no epochs."""
        if self.components.trainer.settings.trains:
            self.learner(view)

    def learner(self, view: TrainingView, *more: Loss) -> ClassLearner:
        """Trains a learner of the base classes with the recipe's losses and `more`, and returns it."""
        losses = self.components.losses
        learner = ClassLearner(self.embedder, view.train, view.classes, losses.criterion, [*losses.added, *more])
        self.components.trainer.train(learner, view.train, view.valid)
        return learner

    def adapt(self, new: Embeddings, base: References) -> Embeddings:
        """The references of new classes, transformed with the help of the base classes' references; here unchanged."""
        del base
        return new

    def make_references(self, rows: LabelledInputs, classes: Rows, limit: int | None = None) -> dict[str, References]:
        """References of these classes, by similarity. limit: maximum number per class, where references are shots."""
        similarities = self.components.similarities.items()
        return {name: References.of(self.embedder, similarity, rows, classes, limit) for name, similarity in similarities}

    def _rehearsals(self, view: TrainingView) -> Iterator[Rehearsal]:
        """Scores of the validation rows with only a few random shots per base class as references, once per rehearsal."""
        index = np.full(int(view.classes.max()) + 1, -1)
        index[view.classes] = np.arange(len(view.classes))
        target = torch.from_numpy(index[view.valid.labels]).to(self.embedder.device)
        for number in range(self.components.scoring.rehearsals):
            order = np.random.default_rng([self.components.trainer.seed, number]).permutation(len(view.train))
            labels = view.train.labels[order]
            shots = np.concatenate([order[labels == label][: self.components.scoring.shots] for label in view.classes])
            trial = self.branch()
            few_shot = self.make_references(view.train.some(shots), view.classes)
            trial.references = {name: (references,) for name, references in few_shot.items()}
            yield {name: trial.class_scores(name, view.valid) for name in self.components.similarities}, target

    # -- scoring --------------------------------------------------------------------------------------

    @torch.no_grad()
    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """Scores by head: fusions and fallbacks first, then every similarity alone."""
        scored = {name: self.class_scores(name, inputs) for name in self.components.similarities}
        return {head: Scores(values.cpu().numpy(), self.classes) for head, values in self.components.scoring.heads(scored).items()}

    def class_scores(self, name: str, inputs: Inputs) -> Tensor:
        """`[n, c]`: scores of all known classes by this similarity."""
        return torch.cat([references.scores(self.embedder, inputs) for references in self.references[name]], 1)

    def pairwise(self, queries: Inputs, references: Inputs) -> Iterator[tuple[slice, dict[str, Floats]]]:
        """Tiles of at most 256 queries, and their similarities `[tile, m]` to all single references by head.

        Heads: fusions, whose z-scores are over the references, then every similarity alone. Fallbacks need classes, so there are none.
        """

        def compare(some: Inputs, others: Inputs) -> dict[str, Tensor]:
            scored = {name: self.pair_scores(name, some, others) for name in self.components.similarities}
            return {**self.components.scoring.fusions(scored), **scored}

        return comparisons.pairwise(queries, references, compare)

    def pair_scores(self, name: str, queries: Inputs, references: Inputs) -> Tensor:
        """`[n, m]`: this similarity of each query to each single reference."""
        return comparisons.pair_scores(self.embedder, self.components.similarities[name], queries, references)

    @torch.no_grad()
    def episodes(self, support: Rows, query: Rows, load: Callable[[Rows], Batch]) -> dict[str, Floats]:
        """Scores `[episode, q, way]` by head, from support rows `[episode, way, shot]` and query rows `[episode, q]`."""
        scored = {name: self.episode_scores(name, support, query, load) for name in self.components.similarities}
        heads = self.components.scoring.heads({name: scores.flatten(0, 1) for name, scores in scored.items()})
        return {head: scores.view(*query.shape, -1).float().cpu().numpy() for head, scores in heads.items()}

    def episode_scores(self, name: str, support: Rows, query: Rows, load: Callable[[Rows], Batch]) -> Tensor:
        """Scores `[episode, q, way]` by this similarity."""
        base, similarity = self.references[name][0], self.components.similarities[name]
        return comparisons.episode_scores(self.embedder, similarity, support, query, load, lambda new: self.adapt(new, base))

    def vectors(self, inputs: Inputs) -> Tensor:
        """Vector embeddings `[n, d]`."""
        return self.embedder.vectors(inputs)

    @torch.no_grad()
    def similarity_to_base(self) -> Tensor:
        """`[new, base]`: mean similarity, by the first similarity, of each new class's references to each base class's prototype."""
        base, *later = next(iter(self.references.values()))
        prototypes = base.means()
        similarities = [new.averaging.mT @ new.similarity(new.embeddings, prototypes) for new in later]
        return torch.cat([base.embeddings.vector.new_zeros(0, base.count), *similarities])

    def branch(self) -> Self:
        """A copy that shares the frozen embedder and the base classes' references."""
        return copy.copy(self)

    # -- what a run keeps -----------------------------------------------------------------------------

    def tensors(self) -> dict[str, Tensor]:
        """All that scoring needs: the embedder's weights and whitening, the means that similarities subtract, the classes, their
        references, and the weights and thresholds of heads. What a method adds here, it also adds to `restore`.
        """
        kept = embedder_tensors(self.components.embedder, self.embedder, self.components.similarities)
        kept["classes"] = torch.from_numpy(self.classes)
        for name, learned in self.references.items():
            for number, references in enumerate(learned):
                kept |= references.tensors(f"references.{name}.{number}.")
        return {**kept, **self.components.scoring.tensors()}

    def restore(self, kept: Tensors) -> None:
        """Sets all that scoring needs from what `tensors` gave, and forgets the scores and embeddings of rows.

        Raises RuntimeError where the weights do not fit, and KeyError for a tensor that is missing.
        """
        self.embedder = restored_embedder(self.components.embedder, self.components.similarities, kept)
        self.classes = kept["classes"].cpu().numpy()
        self.references = {name: tuple(self._restored(name, one, kept)) for name, one in self.compared_by().items()}
        self.components.scoring.restore(kept)

    def compared_by(self) -> Mapping[str, Similarity]:
        """The similarity of the references of each name."""
        return self.components.similarities

    def _restored(self, name: str, similarity: Similarity, kept: Tensors) -> Iterator[References]:
        """The references of this name, in the order in which they were learned."""
        for number in itertools.count():
            if not under(prefix := f"references.{name}.{number}.", kept):
                return
            yield References.of_tensors(similarity, kept, prefix, self.embedder.streams)

    def facts(self) -> dict[str, Any]:
        """Weights and thresholds that were chosen on validation rows."""
        return self.components.scoring.facts()
