"""What stands beside a trained network in every table of episodes and retrieval: the same network untrained, and the features it is given.

Source of the centred features: CL2N of Wang et al. (2019), "SimpleShot", arXiv 1911.04623; see `CentredCosine`.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from scratchlab.learn import comparisons
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.references import centre, vectors_alone
from scratchlab.models.lengths import mask
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.vector import CentredCosine, Cosine
from scratchlab.types import Batch, Embeddings, Floats, Image, Inputs, Rows


class Features(Embedder):
    """Vectors `[n, d]` that are an embedder's features and nothing else; its matrices have no channels.

    Of images all values of an image, which are pixels where the front-end is `pixels`; of sound the mean and the standard deviation over
    time of every band of every stream, so that a clip's length does not matter.
    """

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder.frontend, embedder.encoder, embedder.temporal)

    @property
    def streams(self) -> tuple[str, ...]:
        """None: the statistics are one whole."""
        return ()

    def embed_features(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Features `[n, channels, rows, columns]` -> `[n, channels · rows · columns]`, or `[n, 2 · channels · rows]` for sound."""
        form = self.frontend.form
        if isinstance(form, Image):
            return vectors_alone(F.pad(features, (0, form.width - features.shape[-1])).flatten(1), ())
        return vectors_alone(statistics(features, lengths), ())


def statistics(features: Tensor, lengths: Tensor) -> Tensor:
    """`[n, ..., columns]`, lengths `[n]` in columns -> `[n, 2 · …]`: means over the real columns, then standard deviations.

    >>> statistics(torch.tensor([[[1.0, 3.0, 9.0]]]), torch.tensor([2])).tolist()
    [[2.0, 1.0]]
    """
    values, real = features.flatten(1, -2), mask(lengths, features.shape[-1])
    weights = torch.ones_like(values) if real is None else real[:, None].to(values).expand_as(values)
    count = weights.sum(2)
    mean = (values * weights).sum(2) / count
    return torch.cat([mean, (((values - mean[..., None]) * weights).square().sum(2) / count).sqrt()], 1)


class Baselines:
    """Answers `pairwise` and `episodes` without training: heads `untrained.NAME` by the network as it is when this is made, for each
    similarity, and `features.cosine` and `features.centred_cosine` by its features.

    training: the rows whose mean the centred ones take off; to be set before the first question.
    """

    training: Inputs

    def __init__(self, embedder: Embedder, similarities: Mapping[str, Similarity]) -> None:
        self._embedder, self._similarities = copy.deepcopy(embedder), similarities

    @functools.cached_property
    def _heads(self) -> dict[str, tuple[Embedder, Similarity]]:
        """By head, what embeds and what compares; similarities of their own, since a mean belongs to an embedder."""
        heads: dict[str, tuple[Embedder, Similarity]] = {}
        features = {"cosine": Cosine(), "centred_cosine": CentredCosine()}
        for kind, embedder, similarities in (
            ("untrained", self._embedder, self._similarities),
            ("features", Features(self._embedder), features),
        ):
            own = {name: copy.copy(similarity) for name, similarity in similarities.items()}
            centre(own, embedder, self.training)
            heads |= {f"{kind}.{name}": (embedder, similarity) for name, similarity in own.items()}
        return heads

    def pairwise(self, queries: Inputs, references: Inputs) -> Iterator[tuple[slice, dict[str, Floats]]]:
        """Tiles of at most 256 queries, and by head their similarities `[tile, m]` with all references."""

        def compare(some: Inputs, others: Inputs) -> dict[str, Tensor]:
            return {head: comparisons.pair_scores(*parts, some, others) for head, parts in self._heads.items()}

        return comparisons.pairwise(queries, references, compare)

    def episodes(self, support: Rows, query: Rows, load: Callable[[Rows], Batch]) -> dict[str, Floats]:
        """Scores `[episode, q, way]` by head, of support rows `[episode, way, shot]` and query rows `[episode, q]`."""
        return {head: comparisons.episode_scores(*parts, support, query, load).float().cpu().numpy() for head, parts in self._heads.items()}
