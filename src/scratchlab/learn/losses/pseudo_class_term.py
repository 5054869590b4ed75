"""Pseudo-classes for recipes: drawn by the rows' random numbers, over one of the recipe's similarities, with a weight."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.learn.losses.classification import find_similarity
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss, Similarities
from scratchlab.learn.losses.pseudo_classes import MISSING, Kind, PseudoClasses
from scratchlab.similarity.interface import Similarity


class PseudoClassTerm(Loss):
    """Weighted loss of pseudo-classes composed from streams of several classes. Partners are drawn within a process's part of a batch."""

    def __init__(
        self,
        similarities: Similarities,
        *,
        kind: Annotated[
            Kind, Field(description="recombine: streams come from another input of the batch; mask: streams are set to zero")
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
        found = find_similarity(similarities, name, "loss.pseudo_classes.similarity")
        if found.stream:
            raise Problem(
                f"loss.pseudo_classes.similarity = '{name}' compares only the stream {found.stream}, so nothing can be recombined; name a "
                "similarity of all streams."
            )
        self.weight, self.loss = weight, PseudoClasses(found, kind=kind, streams=streams, temperature=temperature)

    def class_weight_similarities(self) -> tuple[Similarity, ...]:
        """The similarity that compares inputs with class weights."""
        return (self.loss.similarity,)

    def fits(self, streams: tuple[str, ...]) -> None:
        """Raises Problem as `PseudoClasses.fits`."""
        self.loss.fits(streams)

    def of_batch(self, batch: EmbeddedBatch) -> Tensor:
        """The loss of each input `[n]`, 0 if its partner is of the same class; needs an rng, so it is for training only."""
        assert batch.rng is not None
        names = batch.embeddings.streams
        inputs = self.loss.sources(names, batch.rng.uniform().argsort(), batch.rng.integers(len(names))).to(batch.target.device)
        sources = repeat_sources(inputs, len(batch.target) // len(inputs))
        return self.weight * self.loss.per_input(batch.embeddings, batch.target, batch.classes, sources)


def repeat_sources(inputs: Tensor, times: int) -> Tensor:
    """Positions `[n, k]` of inputs -> `[n · times, k]`, where each input is repeated `times` in a row, once per transformation.

    >>> repeat_sources(torch.tensor([[0, 1], [MISSING, 1]]), 2).tolist()
    [[0, 2], [1, 3], [-1, 2], [-1, 3]]
    """
    each = torch.arange(times, device=inputs.device)[None, :, None]
    return torch.where(inputs[:, None] == MISSING, MISSING, inputs[:, None] * times + each).flatten(0, 1)
