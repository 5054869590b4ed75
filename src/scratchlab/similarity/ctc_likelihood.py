"""A reference as a transcript: how likely the query's steps spell it, over all monotone alignments.

Source: Graves, Fernández, Gomez & Schmidhuber, Connectionist temporal classification (ICML 2006), section 4.1, with a reference's own
steps in place of an alphabet. The reference is pooled to at most `tokens` tokens, means of equal shares of its unit steps. Each query
step emits a token or blank with the softmax of (cosine / temperature) over the tokens and (blank / temperature); the score is the
log-likelihood of the transcript token 1, token 2, …, per query step.

A blank must stay dear: at a cosine that unlike inputs reach, such an input is blank throughout but for one step a token, and a long
one scores better than a true match, whose neighbouring tokens compete. Hence its default, below the cosines that occur by chance.

Why tokens: with every step a token, an input could spell itself in one way only and would be likelier to spell a shorter or
sharper one. A query of fewer steps than `tokens` cannot spell so many: for it the references are pooled to as many tokens as it has steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.similarity.interface import MeanOrShots, Similarity
from scratchlab.similarity.steps import pairwise, unit_steps
from scratchlab.types import Embeddings

CELLS = 1 << 18  # query steps × tokens a tile; some ten tensors of its size are kept for its gradient
FAR = 1e30


def pooled(embeddings: Embeddings, tokens: int) -> Embeddings:
    """At most `tokens` steps each; step k of s is the mean of the unit steps from floor(k length / s) up to floor((k + 1) length / s)."""
    steps, lengths = unit_steps(embeddings), embeddings.lengths.to(embeddings.matrix.device)
    sizes = lengths.clamp_max(tokens)
    at, k = torch.arange(steps.shape[1], device=steps.device)[None, None], torch.arange(tokens, device=steps.device)[None, :, None]
    start, stop = (((k + more) * lengths[:, None, None]) // sizes[:, None, None] for more in (0, 1))
    inside = ((at >= start) & (at < stop) & (k < sizes[:, None, None])).to(steps.dtype)
    matrix = inside @ steps / inside.sum(2, keepdim=True).clamp_min(1)
    return Embeddings(embeddings.vector, matrix, sizes)


def likelihood(tokens: Tensor, blank: Tensor, n: Tensor, m: Tensor) -> Tensor:
    """log-likelihood `[lanes]` of the tokens 1 to m in their order; tokens `[a, b, lanes]` and blank `[a, lanes]` are log-probabilities.

    There equations 6 and 7, every two neighbours being different tokens: a token comes after itself, the blank before it or the token
    before it; a blank after itself or the token before it.
    """
    shape, nowhere = tokens.shape[1:], tokens.new_full((1, tokens.shape[2]), -FAR)
    said = torch.cat([tokens[0, :1], nowhere.expand(shape[0] - 1, -1)])
    still = torch.cat([blank[:1], nowhere.expand(shape[0], -1)])
    ends, lane, shortest = torch.zeros_like(blank[0]), torch.arange(len(m), device=m.device), int(n.min())
    for t, (token, silence) in enumerate(zip(tokens.unbind(0), blank.unbind(0), strict=True)):
        if t:
            before = torch.cat([nowhere, said])
            said, still = (
                token + torch.logaddexp(torch.logaddexp(said, before[:-1]), still[:-1]),
                silence + torch.logaddexp(still, before),
            )
        if t + 1 >= shortest:
            ends = torch.where(n == t + 1, torch.logaddexp(said[m - 1, lane], still[m, lane]), ends)
    return ends


@dataclass(kw_only=True, eq=False)
class CTC(Similarity):
    """Log-likelihood, per query step, that the query spells the reference."""

    reads, sees_order, is_distance = "matrix", True, True

    references: MeanOrShots = "shots"
    tokens: Annotated[int, Field(ge=1, description="how many tokens a reference is pooled to, at most")] = 8
    temperature: Annotated[float, Field(gt=0, description="of the softmax over the tokens, in units of cosine")] = 0.1
    blank: Annotated[float, Field(ge=-1, le=1, description="the blank's cosine: a step that resembles no token more is left out")] = -0.5

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """At most 0. Not symmetric."""

        def align(cosine: Tensor, n: Tensor, m: Tensor) -> Tensor:
            there = torch.arange(cosine.shape[1], device=m.device)[None, :, None] < m
            logits = torch.where(there, cosine / self.temperature, -FAR)
            blank = torch.full_like(logits[:, :1], self.blank / self.temperature)
            emitted = torch.cat([logits, blank], 1).log_softmax(1)
            return likelihood(emitted[:, :-1], emitted[:, -1], n, m) / n

        sizes = queries.lengths.to(queries.matrix.device).clamp_max(self.tokens)
        parts: list[Tensor] = []
        places: list[Tensor] = []
        for size in range(1, self.tokens + 1):
            place = torch.nonzero(sizes == size)[:, 0]
            if len(place):
                parts.append(pairwise(align, queries.at(place), pooled(references, size), CELLS, CELLS))
                places.append(place)
        if not parts:
            return queries.matrix.new_zeros(0, len(references))
        return torch.cat(parts)[torch.cat(places).argsort()]
