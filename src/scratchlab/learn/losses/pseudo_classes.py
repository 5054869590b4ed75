"""Pseudo-classes composed from real classes: streams of several classes recombined, or streams of a class set to zero.

Unpublished; inspired by the virtual classes of Zhou et al. (2022), arXiv 2203.06953 (FACT), and the fantasy classes of Song et al. (2023),
arXiv 2304.00426 (SAVC). Those use random weights or transformed inputs; here pseudo-classes need no weights of their own, because the
weights of a composed input's class are composed from the class weights in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.learn.losses.labels import Embedded, Labels, checked_labels
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.vector import Cosine
from scratchlab.types import Embeddings, stream_index

MISSING = -1
Kind = Literal["recombine", "mask"]


class PseudoClasses(nn.Module):
    """CE(temperature · similarity of a composed input to all class weights and to the batch's composed class weights), in nats.

    The target of an input whose streams are from classes (a, a, b) is the class weight composed of the same streams of a, a and b, and no
    real class. To classify it correctly against both a and b, each stream alone must separate classes. An input whose streams are all from
    one class has loss 0. Embeddings are composed, not inputs, so no encoder runs twice.

    Called with embeddings `[n, d]` in k streams (d / k numbers of each), labels `[n]` and class weights `[c, d]` in the same streams, it
    returns the mean over n. similarity: None for the cosine; kind: streams of another input, or zeros; streams: which are exchanged; empty:
    one, drawn for each input.

    >>> pair = Embeddings.of(torch.tensor([[1.0, 0, 1, 0], [0, 1.0, 0, 1]]), streams=("envelope", "residual"))  # two numbers each
    >>> loss = PseudoClasses(streams=["residual"], temperature=1.0)
    >>> loss(pair, [0, 1], pair, sources=[[0, 1], [1, 0]])  # each input takes the residual of the other
    tensor(0.9482)
    """

    def __init__(
        self, similarity: Similarity | None = None, *, kind: Kind = "recombine", streams: Sequence[str] = (), temperature: float = 16.0
    ) -> None:
        super().__init__()
        self.similarity = similarity or Cosine()
        self.kind, self.streams, self.temperature = kind, list(streams), temperature

    def fits(self, streams: tuple[str, ...]) -> None:
        """Raises Problem if embeddings have fewer than two streams, for an unknown stream, and if all streams would be exchanged."""
        if len(streams) < 2:
            raise Problem(
                "[loss.pseudo_classes] recombines streams, but these embeddings have only one; use frontend.name = 'lpc' with several "
                "streams, and temporal.name = 'frames', which keeps streams separate. Of tensors, name the streams, as in "
                "Embeddings.of(vectors, streams=('envelope', 'residual'))."
            )
        for name in self.streams:
            stream_index(name, streams, "loss.pseudo_classes.streams")
        if set(self.streams) == set(streams):
            raise Problem(f"loss.pseudo_classes.streams = {self.streams} names all streams, which leaves nothing of an input; name fewer.")

    def forward(
        self, embeddings: Embedded, labels: Labels, classes: Embedded, sources: Tensor | Sequence[Sequence[int]] | None = None
    ) -> Tensor:
        """The mean loss over n inputs.

        labels: `[n]`, places among the class weights; sources: `[n, k]`, the input that each stream is taken from, -1 for none; None: drawn
        by torch's generator. Raises Problem for labels and streams that do not fit.
        """
        if isinstance(embeddings, Tensor):
            embeddings = Embeddings.of(embeddings)  # in a single stream, which `fits` refuses
        self.fits(embeddings.streams)
        weights = Embeddings.of(classes, streams=embeddings.streams, what="class weights") if isinstance(classes, Tensor) else classes
        target = checked_labels(labels, embeddings, len(weights))
        if sources is None:
            n = len(target)
            sources = self.sources(embeddings.streams, torch.randperm(n), torch.randint(len(embeddings.streams), (n,)))
        return self.per_input(embeddings, target, weights, torch.as_tensor(sources, device=target.device)).mean()

    def per_input(self, embeddings: Embeddings, target: Tensor, classes: Embeddings, sources: Tensor) -> Tensor:
        """The loss of each input `[n]`, 0 if its streams are all of one class; see `forward`."""
        labels = torch.where(sources == MISSING, MISSING, target[sources])
        pseudo = (labels != labels[:, :1]).any(1).nonzero()[:, 0]
        if not len(pseudo):
            return embeddings.vector.new_zeros(len(sources))
        compositions, place = cast("tuple[Tensor, Tensor]", torch.unique(labels[pseudo], return_inverse=True, dim=0))
        composites = compose(embeddings, sources[pseudo])
        similarities = torch.cat([self.similarity(composites, classes), self.similarity(composites, compose(classes, compositions))], 1)
        losses = F.cross_entropy(self.temperature * similarities, len(classes) + place, reduction="none")
        return losses.new_zeros(len(sources)).index_copy(0, pseudo, losses)

    def sources(self, names: tuple[str, ...], partner: Tensor, drawn: Tensor) -> Tensor:
        """`[n, k]`: position of the input that each of the streams `names` is taken from, or MISSING.

        partner: `[n]`, another input for each; drawn: `[n]`, the stream that is exchanged, if the settings name none.
        """
        changed = torch.tensor([[name in self.streams for name in names]]) if self.streams else drawn[:, None] == torch.arange(len(names))
        other = partner if self.kind == "recombine" else torch.full_like(partner, MISSING)
        return torch.where(changed, other[:, None], torch.arange(len(partner))[:, None])


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
