"""Compares sound with enrolled recordings, step by step: the same scores for a clip, a long file and a stream.

Every recording of a word is a reference twice: as a matrix of steps with silence around it, and with noise. Sound is compared with a
reference at each step, by the similarity of the last steps, as many as the reference has. A word's score at a step is the mean over its
references of the best similarity within the last `HORIZON`, less half the mean of the other words'; a clip's is the best of its steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from scratchlab.inference.embedding import LEAD
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Embeddings

HORIZON = 0.64  # seconds within which references of a word may match best
LOWEST = -2.0  # score of a reference that is longer than the sound so far; the lowest of DTW


class Recognizer:
    """Scores words.

    references: `[m, t, c]` of each recording, m variants of any length t; labels: `[r]`, the index of each one's word, 0 to count - 1. The
    mean step of all references is subtracted from references and sound, because it is what all sounds have in common. relative: whether
    half the mean score of the other words is subtracted from a word's score, so that what resembles all words counts less; None: with three
    words or more.
    """

    def __init__(
        self,
        similarity: Similarity,
        references: Sequence[Tensor],
        labels: Tensor,
        count: int,
        step_seconds: float,
        relative: bool | None = None,
    ) -> None:
        self.similarity, self.references, self.labels, self.count, self.step_seconds = similarity, references, labels, count, step_seconds
        self.mean = torch.cat([reference.flatten(0, 1) for reference in references]).mean(0)
        self.horizon = max(1, round(HORIZON / step_seconds))
        variants = [variant - self.mean for reference in references for variant in reference]
        self.variants = Embeddings.of(pad_sequence(variants, batch_first=True), [len(variant) for variant in variants])
        self.longest = self.variants.matrix.shape[1]
        self.by_length: list[tuple[int, Tensor]] = []  # each length, and the variants that have it
        for length in sorted({len(variant) for variant in variants}):
            self.by_length.append((length, torch.nonzero(self.variants.lengths == length)[:, 0]))
        members = F.one_hot(labels.repeat_interleave(torch.tensor([len(reference) for reference in references])), count).float()
        self.averaging = members / members.sum(0).clamp_min(1)
        self.present = members.sum(0) > 0
        self.others = int(self.present.sum()) - 1  # words that a word is compared with
        self.relative = count > 2 if relative is None else relative

    @property
    def tail(self) -> float:
        """Seconds of silence after a clip, so that also the longest reference fits into the shortest."""
        return max(LEAD, self.longest * self.step_seconds)

    def without(self, excluded: Tensor) -> Recognizer:
        """A recognizer without these recordings, a mask `[r]`; words without any reference have the score `LOWEST`."""
        kept = torch.nonzero(~excluded)[:, 0]
        references = [self.references[int(number)] for number in kept]
        return Recognizer(self.similarity, references, self.labels[kept], self.count, self.step_seconds, self.relative)

    @torch.no_grad()
    def similarities(self, steps: Tensor, first: int = 0) -> Tensor:
        """`[t - first, m]`: similarity to each variant of the last steps before and at each of the steps `[t, c]` from `first` on."""
        scores, centred = steps.new_full((len(steps) - first, len(self.variants)), LOWEST), steps - self.mean
        fitting = [(length, own) for length, own in self.by_length if length <= len(steps)]
        if len(scores) == 1 and fitting:  # all lengths in one call, though each of them needs only its own variants
            windows = pad_sequence([centred[-length:] for length, _ in fitting], batch_first=True)
            among_all = self.similarity(Embeddings.of(windows, [length for length, _ in fitting]), self.variants)
            for number, (_, own) in enumerate(fitting):
                scores[0, own] = among_all[number, own]
            return scores
        for length, own in fitting:
            start = max(0, first - length + 1)
            windows = centred[start:].unfold(0, length, 1).transpose(1, 2).contiguous()
            references = Embeddings.of(self.variants.matrix[own, :length])
            scores[start + length - 1 - first :, own] = self.similarity(Embeddings.of(windows), references)
        return scores

    def words(self, similarities: Tensor) -> Tensor:
        """`[t, k]`: scores of the words at each step, from the similarities `[t, m]`."""
        before = F.pad(similarities.T[None], (self.horizon - 1, 0), value=LOWEST)
        recent = F.max_pool1d(before, self.horizon, 1)[0].T
        scores = recent @ self.averaging
        if self.relative and self.others:
            scores = scores - (scores.sum(1, keepdim=True) - scores) / (2 * self.others)
        return torch.where(self.present, scores, LOWEST)

    def clip(self, steps: Tensor) -> Tensor:
        """`[k]`: scores of the words for a clip of steps `[t, c]`."""
        return self.words(self.similarities(steps)).amax(0)
