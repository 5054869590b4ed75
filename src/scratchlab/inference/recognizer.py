"""Compares sound with enrolled recordings, step by step: the same scores for a clip, a long file and a stream.

Every recording of a word is a reference: a matrix of steps, with silence of `CONTEXT` around it. Sound is compared with a reference at each
step, by the similarity of the last steps, as many as the reference has. A word's score at a step is the mean over its references of
the best similarity within the last `HORIZON`, less half the mean of the other words'; a clip's score is the best of its steps.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.data.audio import padded
from scratchlab.learn.components import EMBEDDER, SECTIONS, embedder_of_recipe
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.whitening import Whitened
from scratchlab.recipe import Sections, Values, resolve
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.whitening import EmbeddingWhitening
from scratchlab.types import Embeddings, Floats, Waveform

CONTEXT = 0.5  # seconds of silence on each side of a reference
LEAD = 0.82  # seconds of silence before sound: those of a reference and four more steps of the speech embedding
HORIZON = 0.64  # seconds within which references of a word may match best
PARTS: Sections = {**EMBEDDER, "similarity": SECTIONS["similarity"]}
SETTINGS = "the settings of a home"  # for messages
LOWEST = -2.0  # score of a reference that is longer than the sound so far; the lowest of DTW


class Steps:
    """Embeds sound as steps `[t, c]`, by an embedder of waveforms at `rate` Hz."""

    def __init__(self, embedder: Embedder) -> None:
        assert isinstance(embedder.frontend.input_form, Waveform)
        self.embedder, self.rate = embedder.eval(), embedder.frontend.input_form.rate

    @classmethod
    def of(cls, parts: Values, rate: int, weights: Mapping[str, npt.NDArray[Any]]) -> Self:
        """By the embedder of these sections, with the weights of a run; without weights, that of a published network."""
        return cls(_loaded(embedder_of_recipe(resolve(parts, PARTS, SETTINGS), Waveform(rate)), weights))

    @torch.no_grad()
    def __call__(self, sound: Floats, before: float, after: float) -> Tensor:
        """The steps of a sound `[samples]` with silence before and after it, in seconds."""
        with_silence = np.pad(sound, (round(before * self.rate), round(after * self.rate)))
        return self.embedder(padded([with_silence])).matrix[0].cpu()

    @functools.cached_property
    def seconds(self) -> float:
        """Duration of a step."""
        silence: Floats = np.zeros(self.rate, dtype=np.float32)
        return 8 / (len(self(silence, 1.0, 8.0)) - len(self(silence, 1.0, 0.0)))

    def reference(self, sound: Floats) -> Tensor:
        """The steps of a reference."""
        return self(sound, CONTEXT, CONTEXT)


def _loaded(embedder: Embedder, weights: Mapping[str, npt.NDArray[Any]]) -> Embedder:
    """The embedder with these weights and this whitening; unchanged where there are none."""
    if not weights:
        return embedder
    tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
    prefix = "embedder."
    try:
        embedder.load_state_dict({name.removeprefix(prefix): x for name, x in tensors.items() if name.startswith(prefix)})
    except RuntimeError as error:
        raise Problem(f"The weights of the embedder do not fit its settings in home.toml ({str(error).splitlines()[0]}).") from None
    whitening = EmbeddingWhitening.of_tensors(tensors)
    return Whitened(embedder, whitening) if whitening else embedder


class Recognizer:
    """Scores words. references: matrices `[t, c]` of any lengths; labels: `[r]`, the index of each one's word, 0 to count - 1.

    The mean step of all references is subtracted from references and sound, because it is what all sounds have in common. relative: whether
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
        self.mean = torch.cat([*references]).mean(0)
        self.horizon = max(1, round(HORIZON / step_seconds))
        lengths = torch.tensor([len(reference) for reference in references])
        self.longest = int(lengths.max())
        self.by_length: list[tuple[int, Tensor, Embeddings]] = []
        for length in sorted({len(reference) for reference in references}):
            own = torch.nonzero(lengths == length)[:, 0]
            stacked = torch.stack([references[int(number)] for number in own])
            self.by_length.append((length, own, Embeddings.of(stacked - self.mean)))
        members = F.one_hot(labels, count).float()
        self.averaging = members / members.sum(0).clamp_min(1)
        self.present = members.sum(0) > 0
        self.others = int(self.present.sum()) - 1  # words that a word is compared with
        self.relative = count > 2 if relative is None else relative

    @property
    def tail(self) -> float:
        """Seconds of silence after a clip, so that also the longest reference fits into the shortest."""
        return max(LEAD, self.longest * self.step_seconds)

    def without(self, excluded: Tensor) -> Recognizer:
        """A recognizer without these references, a mask `[r]`; words without any reference have the score `LOWEST`."""
        kept = torch.nonzero(~excluded)[:, 0]
        references = [self.references[int(number)] for number in kept]
        return Recognizer(self.similarity, references, self.labels[kept], self.count, self.step_seconds, self.relative)

    @torch.no_grad()
    def similarities(self, steps: Tensor, first: int = 0) -> Tensor:
        """`[t - first, r]`: similarity to each reference of the last steps before and at each of the steps `[t, c]` from `first` on."""
        scores, centred = steps.new_full((len(steps) - first, len(self.references)), LOWEST), steps - self.mean
        for length, own, references in self.by_length:
            start = max(0, first - length + 1)
            if length <= len(steps) - start:
                windows = centred[start:].unfold(0, length, 1).transpose(1, 2).contiguous()
                scores[start + length - 1 - first :, own] = self.similarity(Embeddings.of(windows), references)
        return scores

    def words(self, similarities: Tensor) -> Tensor:
        """`[t, k]`: scores of the words at each step, from the similarities to references `[t, r]`."""
        before = F.pad(similarities.T[None], (self.horizon - 1, 0), value=LOWEST)
        recent = F.max_pool1d(before, self.horizon, 1)[0].T
        scores = recent @ self.averaging
        if self.relative and self.others:
            scores = scores - (scores.sum(1, keepdim=True) - scores) / (2 * self.others)
        return torch.where(self.present, scores, LOWEST)

    def clip(self, steps: Tensor) -> Tensor:
        """`[k]`: scores of the words for a clip of steps `[t, c]`."""
        return self.words(self.similarities(steps)).amax(0)
