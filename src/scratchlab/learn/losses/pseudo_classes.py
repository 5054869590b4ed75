"""Pseudo-classes composed from real classes: streams of several classes recombined, or streams of a class set to zero.

Unpublished; inspired by the virtual classes of Zhou et al. (2022), arXiv 2203.06953 (FACT), and the fantasy classes of Song et al. (2023),
arXiv 2304.00426 (SAVC). Those use random weights or transformed inputs; here pseudo-classes need no weights of their own, because the
weights of a composed input's class are composed from the class weights in the same way.
"""

from __future__ import annotations

from typing import Annotated, Literal, cast

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.learn.losses.classification import find_similarity
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss, Similarities
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Embeddings, stream_index

MISSING = -1


class PseudoClasses(Loss):
    """weight · CE(temperature · similarity of a composed input to all class weights and to the batch's composed class weights).

    The target of an input whose streams are from classes (a, a, b) is the class weight composed of the same streams of a, a and b, and no
    real class. To classify it correctly against both a and b, each stream alone must separate classes. An input whose streams are all from
    one class has loss 0. Embeddings are composed, not inputs, so no encoder runs twice. Partners are drawn within a process's part of a
    batch.
    """

    def __init__(
        self,
        similarities: Similarities,
        *,
        kind: Annotated[
            Literal["recombine", "mask"],
            Field(description="recombine: streams come from another input of the batch; mask: streams are set to zero"),
        ] = "recombine",
        streams: Annotated[
            list[str], Field(description="the streams that are exchanged or masked; empty: one stream, drawn at random for each input")
        ] = [],
        similarity: Annotated[str, Field(description="name of the similarity; empty: the first")] = "",
        weight: Annotated[float, Field(gt=0, description="weight of this loss")] = 0.5,
        temperature: Annotated[float, Field(gt=0, description="factor that multiplies the similarities")] = 16.0,
    ) -> None:
        super().__init__()
        name = similarity or next(iter(similarities))
        self.similarity = find_similarity(similarities, name, "loss.pseudo_classes.similarity")
        if self.similarity.stream:
            raise Problem(
                f"loss.pseudo_classes.similarity = '{name}' compares only the stream {self.similarity.stream}, so nothing can be "
                "recombined; name a similarity of all streams."
            )
        self.kind, self.streams, self.weight, self.temperature = kind, streams, weight, temperature

    def class_weight_similarities(self) -> tuple[Similarity, ...]:
        """The similarity that compares inputs with class weights."""
        return (self.similarity,)

    def fits(self, streams: tuple[str, ...]) -> None:
        """Raises Problem if embeddings have fewer than two streams, for an unknown stream, and if all streams would be exchanged."""
        if len(streams) < 2:
            raise Problem(
                "[loss.pseudo_classes] recombines streams, but these embeddings have only one; use frontend.name = 'lpc' with several "
                "streams, and temporal.name = 'frames', which keeps streams separate."
            )
        for name in self.streams:
            stream_index(name, streams, "loss.pseudo_classes.streams")
        if set(self.streams) == set(streams):
            raise Problem(f"loss.pseudo_classes.streams = {self.streams} names all streams, which leaves nothing of an input; name fewer.")

    def forward(self, batch: EmbeddedBatch) -> Tensor:
        """The loss of each input `[n]`, 0 if its partner is of the same class; needs an rng, so it is for training only."""
        assert batch.rng is not None
        inputs = self.sources(batch.embeddings.streams, batch.rng).to(batch.target.device)
        inputs = repeat_sources(inputs, len(batch.target) // len(inputs))
        labels = torch.where(inputs == MISSING, MISSING, batch.target[inputs])
        pseudo = (labels != labels[:, :1]).any(1).nonzero()[:, 0]
        if not len(pseudo):
            return batch.embeddings.vector.new_zeros(len(inputs))
        compositions, place = cast("tuple[Tensor, Tensor]", torch.unique(labels[pseudo], return_inverse=True, dim=0))
        composites, classes = compose(batch.embeddings, inputs[pseudo]), batch.classes
        similarities = torch.cat([self.similarity(composites, classes), self.similarity(composites, compose(classes, compositions))], 1)
        losses = F.cross_entropy(self.temperature * similarities, len(classes) + place, reduction="none")
        return self.weight * losses.new_zeros(len(inputs)).index_copy(0, pseudo, losses)

    def sources(self, names: tuple[str, ...], rng: RowRNG) -> Tensor:
        """`[n, streams]`: position of the input that each stream is taken from, or MISSING."""
        partner, drawn = rng.uniform().argsort(), rng.integers(len(names))
        changed = torch.tensor([[name in self.streams for name in names]]) if self.streams else drawn[:, None] == torch.arange(len(names))
        other = partner if self.kind == "recombine" else torch.full_like(partner, MISSING)
        return torch.where(changed, other[:, None], torch.arange(len(partner))[:, None])


def repeat_sources(inputs: Tensor, times: int) -> Tensor:
    """Positions `[n, k]` of inputs -> `[n · times, k]`, where each input is repeated `times` in a row, once per transformation.

    >>> repeat_sources(torch.tensor([[0, 1], [MISSING, 1]]), 2).tolist()
    [[0, 2], [1, 3], [-1, 2], [-1, 3]]
    """
    each = torch.arange(times, device=inputs.device)[None, :, None]
    return torch.where(inputs[:, None] == MISSING, MISSING, inputs[:, None] * times + each).flatten(0, 1)


def compose(known: Embeddings, sources: Tensor) -> Embeddings:
    """m embeddings with k streams, sources `[n, k]` -> n embeddings: stream j of the i-th is stream j of embedding `sources[i, j]`.

    MISSING streams are zero. A matrix is as long as its shortest source, so that every step has all streams.
    """
    m, steps, c = known.matrix.shape
    k, exists = len(known.streams), sources != MISSING
    at, stream = sources.clamp_min(0), torch.arange(k, device=sources.device)
    lengths = known.lengths[at].masked_fill(~exists, steps).amin(1)
    real = torch.arange(steps, device=lengths.device) < lengths[:, None]
    vectors = known.vector.reshape(m, k, known.vector.shape[1] // k)[at, stream] * exists[..., None]
    matrices = known.matrix.reshape(m, steps, k, c // k).transpose(1, 2)[at, stream] * exists[..., None, None]
    return Embeddings(vectors.flatten(1), matrices.transpose(1, 2).flatten(2) * real[..., None], lengths, known.streams)
