"""CTC likelihood: the reference serves as a transcript, whose likelihood given the query's steps is summed over all monotone alignments.

Source: Graves, Fernández, Gomez & Schmidhuber, Connectionist temporal classification (ICML 2006), section 4.1, with the reference's steps
as the alphabet. The reference is pooled to at most `tokens` tokens, the means of equally long parts of its unit steps. Each query step
emits a token with the softmax over the tokens' cosines / temperature, or blank with blank / temperature; the score is the log-likelihood
of the transcript token 1, token 2, …, divided by the number of query steps.

The blank must be unlikely: if its cosine were one that dissimilar inputs reach, a dissimilar query could emit blanks except for one step
per token, and a long one would score better than a true match, whose neighbouring tokens compete. Its default therefore lies below the
cosines that occur by chance.

Why pool to tokens: if every step were a token, an input could emit itself by a single alignment only, and would have a higher likelihood
for shorter or more peaked references. A query of fewer steps than `tokens` cannot emit that many: for it, references are pooled to as many
tokens as it has steps.
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

CELLS = 1 << 18  # query steps × tokens per tile; about ten tensors of this size are kept for the gradient
FAR = 1e30


def pooled(embeddings: Embeddings, tokens: int) -> Embeddings:
    """Pool matrices to s = min(length, tokens) steps: step k is the mean of the unit steps from floor(k length / s) up to, but without,
    floor((k + 1) length / s).
    """
    steps, lengths = unit_steps(embeddings), embeddings.lengths.to(embeddings.matrix.device)
    sizes = lengths.clamp_max(tokens)
    at, k = torch.arange(steps.shape[1], device=steps.device)[None, None], torch.arange(tokens, device=steps.device)[None, :, None]
    start, stop = (((k + more) * lengths[:, None, None]) // sizes[:, None, None] for more in (0, 1))
    inside = ((at >= start) & (at < stop) & (k < sizes[:, None, None])).to(steps.dtype)
    matrix = inside @ steps / inside.sum(2, keepdim=True).clamp_min(1)
    return Embeddings(embeddings.vector, matrix, sizes)


def likelihood(tokens: Tensor, blank: Tensor, n: Tensor, m: Tensor) -> Tensor:
    """Log-likelihood `[lanes]` of the sequence of tokens 1 to m; tokens `[a, b, lanes]` and blank `[a, lanes]` are log-probabilities.

    Equations 6 and 7 of the paper; neighbouring tokens always differ: a token follows itself, the blank before it or the token before it; a
    blank follows itself or the token before it.
    """
    shape, impossible = tokens.shape[1:], tokens.new_full((1, tokens.shape[2]), -FAR)
    at_token = torch.cat([tokens[0, :1], impossible.expand(shape[0] - 1, -1)])
    at_blank = torch.cat([blank[:1], impossible.expand(shape[0], -1)])
    ends, lane, shortest = torch.zeros_like(blank[0]), torch.arange(len(m), device=m.device), int(n.min())
    for t, (token, no_token) in enumerate(zip(tokens.unbind(0), blank.unbind(0), strict=True)):
        if t:
            before = torch.cat([impossible, at_token])
            at_token, at_blank = (
                token + torch.logaddexp(torch.logaddexp(at_token, before[:-1]), at_blank[:-1]),
                no_token + torch.logaddexp(at_blank, before),
            )
        if t + 1 >= shortest:
            ends = torch.where(n == t + 1, torch.logaddexp(at_token[m - 1, lane], at_blank[m, lane]), ends)
    return ends


@dataclass(kw_only=True, eq=False)
class CTC(Similarity):
    """Log-likelihood of the reference as the query's transcript, divided by the number of query steps.

    Of matrices `[n, t, c]` with matrices `[m, s, c]`, it gives `[n, m]`.

    >>> x, y = torch.eye(3)[None, [0, 1]], torch.eye(3)[None, [0, 0, 2]]  # one of two steps, one of three: [1, 2, 3] and [1, 3, 3]
    >>> CTC()(x, y)  # a query of two steps: the reference is pooled to two tokens
    tensor([[-0.3743]])
    """

    reads, sees_order, is_distance = "matrix", True, True

    references: MeanOrShots = "shots"
    tokens: Annotated[int, Field(ge=1, description="greatest number of tokens to which a reference is pooled")] = 8
    temperature: Annotated[float, Field(gt=0, description="temperature of the softmax over the tokens' cosines")] = 0.1
    blank: Annotated[float, Field(ge=-1, le=1, description="cosine of the blank, emitted by steps that match no token better")] = -0.5

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Scores, at most 0. Not symmetric."""

        def align(cosine: Tensor, n: Tensor, m: Tensor) -> Tensor:
            real = torch.arange(cosine.shape[1], device=m.device)[None, :, None] < m
            logits = torch.where(real, cosine / self.temperature, -FAR)
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
