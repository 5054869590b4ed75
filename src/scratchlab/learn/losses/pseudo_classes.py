"""Pseudo-classes composed of real ones: the streams of several classes recombined, or a class with streams missing.

An idea of this lab, after the virtual classes of Zhou et al. (2022), arXiv 2203.06953 (FACT), and the fantasy classes of Song et al.
(2023), arXiv 2304.00426 (SAVC). Theirs come of random rows or transformed inputs; here nothing is random or learned beyond the class
rows, since a composed input has a row composed in the same way.
"""

from __future__ import annotations

from typing import Annotated, Literal, cast

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.learn.losses.classification import named
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss, Similarities
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Embeddings, stream_index

MISSING = -1


class PseudoClasses(Loss):
    """weight · CE(temperature · similarity of a composed input to all class rows and to the batch's composed rows).

    An input whose streams are of the classes (a, a, b) belongs to the row whose parts are those of the rows a, a and b, and to no real
    class. To win against both a and b, every stream must tell classes apart by itself. An input that keeps its class loses nothing here.
    Embeddings are composed, not sounds: no encoder runs twice. Partners are drawn within a process's share of a batch.
    """

    def __init__(
        self,
        similarities: Similarities,
        *,
        kind: Annotated[
            Literal["recombine", "mask"], Field(description="streams come from another input of the batch, or are set to zero")
        ] = "recombine",
        streams: Annotated[
            list[str], Field(description="the streams that are exchanged or masked; empty: one of them, drawn for each input")
        ] = [],
        similarity: Annotated[str, Field(description="which similarity; empty: the first")] = "",
        weight: Annotated[float, Field(gt=0, description="share of this loss")] = 0.5,
        temperature: Annotated[float, Field(gt=0, description="scale of the similarities")] = 16.0,
    ) -> None:
        super().__init__()
        name = similarity or next(iter(similarities))
        self.similarity = named(similarities, name, "loss.pseudo_classes.similarity")
        if self.similarity.stream:
            raise Problem(
                f"loss.pseudo_classes.similarity = '{name}' compares the stream {self.similarity.stream} alone, where nothing is "
                "recombined; name a similarity of all streams."
            )
        self.kind, self.streams, self.weight, self.temperature = kind, streams, weight, temperature

    def needs(self) -> tuple[Similarity, ...]:
        """Rows for what it compares."""
        return (self.similarity,)

    def fits(self, streams: tuple[str, ...]) -> None:
        """Raises Problem where there are too few streams, for one that is not there, and where all are to be exchanged."""
        if len(streams) < 2:
            raise Problem(
                "[loss.pseudo_classes] composes streams, but embeddings here have a single part; take frontend.name = 'lpc' with several "
                "streams, and temporal.name = 'frames', which keeps them apart."
            )
        for name in self.streams:
            stream_index(name, streams, "loss.pseudo_classes.streams")
        if set(self.streams) == set(streams):
            raise Problem(f"loss.pseudo_classes.streams = {self.streams} leaves nothing of an input; name fewer streams.")

    def forward(self, batch: EmbeddedBatch) -> Tensor:
        """`[n]`, zero for an input whose partner is of its own class; needs rng, so it is for training alone."""
        assert batch.rng is not None
        inputs = self.sources(batch.embeddings.streams, batch.rng).to(batch.target.device)
        inputs = repeated(inputs, len(batch.target) // len(inputs))
        owners = torch.where(inputs == MISSING, MISSING, batch.target[inputs])
        pseudo = (owners != owners[:, :1]).any(1).nonzero()[:, 0]
        if not len(pseudo):
            return batch.embeddings.vector.new_zeros(len(inputs))
        present, place = cast("tuple[Tensor, Tensor]", torch.unique(owners[pseudo], return_inverse=True, dim=0))
        made, classes = composed(batch.embeddings, inputs[pseudo]), batch.classes
        among = torch.cat([self.similarity(made, classes), self.similarity(made, composed(classes, present))], 1)
        losses = F.cross_entropy(self.temperature * among, len(classes) + place, reduction="none")
        return self.weight * losses.new_zeros(len(inputs)).index_copy(0, pseudo, losses)

    def sources(self, names: tuple[str, ...], rng: RowRNG) -> Tensor:
        """`[n, streams]`: the input that each stream comes from, or MISSING."""
        partner, drawn = rng.uniform().argsort(), rng.integers(len(names))
        changed = torch.tensor([[name in self.streams for name in names]]) if self.streams else drawn[:, None] == torch.arange(len(names))
        other = partner if self.kind == "recombine" else torch.full_like(partner, MISSING)
        return torch.where(changed, other[:, None], torch.arange(len(partner))[:, None])


def repeated(inputs: Tensor, times: int) -> Tensor:
    """Places `[n, k]` among n inputs -> `[n · times, k]` among inputs that each stand `times` in a row, transformed otherwise each time.

    >>> repeated(torch.tensor([[0, 1], [MISSING, 1]]), 2).tolist()
    [[0, 2], [1, 3], [-1, 2], [-1, 3]]
    """
    each = torch.arange(times, device=inputs.device)[None, :, None]
    return torch.where(inputs[:, None] == MISSING, MISSING, inputs[:, None] * times + each).flatten(0, 1)


def composed(known: Embeddings, sources: Tensor) -> Embeddings:
    """m embeddings of k streams, sources `[n, k]` -> n embeddings: stream j of the i-th is that of the embedding `sources[i, j]`.

    A stream that is MISSING is zero. A matrix is as long as the shortest of what it is composed of, so that every step has all streams.
    """
    m, steps, c = known.matrix.shape
    k, there = len(known.streams), sources != MISSING
    at, stream = sources.clamp_min(0), torch.arange(k, device=sources.device)
    lengths = known.lengths[at].masked_fill(~there, steps).amin(1)
    real = torch.arange(steps, device=lengths.device) < lengths[:, None]
    vectors = known.vector.reshape(m, k, known.vector.shape[1] // k)[at, stream] * there[..., None]
    matrices = known.matrix.reshape(m, steps, k, c // k).transpose(1, 2)[at, stream] * there[..., None, None]
    return Embeddings(vectors.flatten(1), matrices.transpose(1, 2).flatten(2) * real[..., None], lengths, known.streams)
