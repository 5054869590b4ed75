"""Baselines of all results: the untrained network, and the front-end's features alone.

Source of the centred features: CL2N of Wang et al. (2019), "SimpleShot", arXiv 1911.04623; see `CentredCosine`.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from scratchlab.learn import comparisons
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.linear import LinearClassifier
from scratchlab.learn.references import centre, vectors_alone
from scratchlab.models.lengths import mask
from scratchlab.result import FEATURES, LINEAR, PRETRAINED, UNTRAINED
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.vector import CentredCosine, Cosine
from scratchlab.types import (
    Batch,
    Embeddings,
    Floats,
    Image,
    Inputs,
    LabelledInputs,
    Rows,
    Scores,
    TrainingView,
)

SIDE = 32  # of the largest image whose pixels the linear classifier reads one by one


class Features(Embedder):
    """An embedder whose vectors `[n, d]` are the front-end's features; matrices are empty.

    Images: all feature values, which are pixels with front-end `pixels`. Sound: mean and standard deviation over time of each band of each
    stream, so that vectors of clips of any length have the same dimension.
    """

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder.frontend, embedder.encoder, embedder.temporal)

    @property
    def streams(self) -> tuple[str, ...]:
        """Empty: the statistics have no separate streams."""
        return ()

    def embed_features(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Features `[n, channels, rows, columns]` -> `[n, channels · rows · columns]`, or `[n, 2 · channels · rows]` for sound."""
        form = self.frontend.form
        if isinstance(form, Image):
            return vectors_alone(F.pad(features, (0, form.width - features.shape[-1])).flatten(1), ())
        return vectors_alone(statistics(features, lengths), ())


def statistics(features: Tensor, lengths: Tensor) -> Tensor:
    """Features `[n, ..., columns]`, lengths `[n]` in columns -> `[n, 2 · …]`: means, then standard deviations, without padding.

    >>> statistics(torch.tensor([[[1.0, 3.0, 9.0]]]), torch.tensor([2])).tolist()
    [[2.0, 1.0]]
    """
    values, real = features.flatten(1, -2), mask(lengths, features.shape[-1])
    weights = torch.ones_like(values) if real is None else real[:, None].to(values).expand_as(values)
    count = weights.sum(2)
    mean = (values * weights).sum(2) / count
    return torch.cat([mean, (((values - mean[..., None]) * weights).square().sum(2) / count).sqrt()], 1)


class Baselines:
    """Scores without a trained network.

    Heads of `pairwise` and `episodes`: `untrained.NAME` for each similarity, with a copy of the network at construction (with a pretrained
    encoder `pretrained.NAME`); `features.cosine` and `features.centred_cosine`, with the front-end's features. Head of `score`:
    `features.linear`, a linear classifier of these features. training: rows that the classifier is fitted to, and whose mean the centred
    cosine subtracts.
    """

    training: LabelledInputs
    linear: LinearClassifier | None = None

    def __init__(self, embedder: Embedder, similarities: Mapping[str, Similarity]) -> None:
        self._embedder, self._similarities = copy.deepcopy(embedder), similarities
        self._features = Features(self._embedder)

    def learned(self, view: TrainingView) -> Baselines:
        """A copy that knows the training rows of this view, or its new classes."""
        other = copy.copy(self)
        if len(view.train):
            other.training, other.linear = view.train, None
        elif len(view.reference):
            new = view.reference.some(~np.isin(view.reference.labels, self._linear.classes))
            other.linear = self._linear.extended(self._values(new), new.labels)
        return other

    @property
    def _linear(self) -> LinearClassifier:
        if self.linear is None:
            self.linear = LinearClassifier.fit(self._values(self.training), self.training.labels)
        return self.linear

    def _values(self, inputs: Inputs) -> Floats:
        """Features `[n, d]` for the linear classifier; of large images, the means of patches, to bound the size of the covariance."""
        vectors, form = self._features.vectors(inputs), self._features.frontend.form
        if isinstance(form, Image) and max(form.height, form.width) > SIDE:
            images = vectors.view(-1, form.channels, form.height, form.width)
            vectors = F.adaptive_avg_pool2d(images, (min(form.height, SIDE), min(form.width, SIDE))).flatten(1)
        return vectors.cpu().numpy()

    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """Scores of the queries by the linear classifier, for all classes learned so far."""
        return {LINEAR: self._linear.scores(self._values(inputs))} if len(inputs) else {}

    @functools.cached_property
    def _heads(self) -> dict[str, tuple[Embedder, Similarity]]:
        """Embedder and similarity by head. Similarities are copied, because the mean that some subtract depends on the embedder."""
        heads: dict[str, tuple[Embedder, Similarity]] = {}
        features = {"cosine": Cosine(), "centred_cosine": CentredCosine()}
        for kind, embedder, similarities in (
            (PRETRAINED if self._embedder.encoder.pretrained else UNTRAINED, self._embedder, self._similarities),
            (FEATURES, self._features, features),
        ):
            copies = {name: copy.copy(similarity) for name, similarity in similarities.items()}
            centre(copies, embedder, self.training)
            heads |= {f"{kind}{name}": (embedder, similarity) for name, similarity in copies.items()}
        return heads

    def pairwise(self, queries: Inputs, references: Inputs) -> Iterator[tuple[slice, dict[str, Floats]]]:
        """Tiles of at most 256 queries, and their similarities `[tile, m]` to all references by head."""

        def compare(some: Inputs, others: Inputs) -> dict[str, Tensor]:
            return {head: comparisons.pair_scores(*parts, some, others) for head, parts in self._heads.items()}

        return comparisons.pairwise(queries, references, compare)

    def episodes(self, support: Rows, query: Rows, load: Callable[[Rows], Batch]) -> dict[str, Floats]:
        """Scores `[episode, q, way]` by head, from support rows `[episode, way, shot]` and query rows `[episode, q]`."""
        return {head: comparisons.episode_scores(*parts, support, query, load).float().cpu().numpy() for head, parts in self._heads.items()}
