"""Embeds sound as steps, for comparison with enrolled recordings."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.data.audio import padded
from scratchlab.inference.steps import EmbeddingStream
from scratchlab.learn.components import EMBEDDER, SECTIONS, embedder_of_recipe
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.stored import restored_embedder
from scratchlab.learn.whitening import Whitened
from scratchlab.models.encoders.speech_embedding import SpeechEmbedding
from scratchlab.models.frontends.speech_mel import SpeechMel
from scratchlab.models.temporal.frames import Frames
from scratchlab.recipe import Sections, Values, resolve
from scratchlab.types import Embeddings, Floats, Waveform

CONTEXT = 0.5  # seconds of silence, or of noise, on each side of a reference
LEAD = 0.82  # seconds of silence before sound: those of a reference and four more steps of the speech embedding
NOISE_DB = 20.0  # by which a recording is louder than the noise of its second variant
LONG = 30.0  # seconds of sound from which it is embedded in pieces, where the embedder can, so that memory is bounded
PARTS: Sections = {**EMBEDDER, "similarity": SECTIONS["similarity"]}
SETTINGS = "the settings of a home"  # for messages


class StepStream:
    """Embeds sound as it comes: steps `[t, c]` of the pieces, as `Steps` gives them for the whole.

    Raises Problem for an embedder that needs whole clips.
    """

    def __init__(self, embedder: Embedder) -> None:
        if obstacle := self.obstacle(embedder):
            raise Problem(f"These words cannot be heard in a stream: {obstacle}.")
        self.whitening, self.temporal = embedder.whitening if isinstance(embedder, Whitened) else None, embedder.temporal
        assert isinstance(embedder.frontend, SpeechMel)
        assert isinstance(embedder.encoder, SpeechEmbedding)
        self.stream = EmbeddingStream(embedder.frontend, embedder.encoder)

    @staticmethod
    def obstacle(embedder: Embedder) -> str:
        """Why an embedder needs whole clips; empty if it does not."""
        if not (isinstance(embedder.frontend, SpeechMel) and isinstance(embedder.encoder, SpeechEmbedding)):
            name = type(embedder.encoder).__name__
            return f"{name} reads whole clips; enrol without --from, or from a run with encoder.name = 'speech_embedding'"
        by_step = isinstance(embedder.temporal, Frames) and embedder.temporal.pool == 1
        return "" if by_step else "its steps are pooled; enrol from a run with temporal.name = 'frames' and temporal.pool = 1"

    @torch.no_grad()
    def push(self, samples: Tensor) -> Tensor:
        """The steps that these samples `[k]` complete, often none."""
        steps = self.stream.push(samples)
        if not len(steps):
            return steps
        embeddings = self.temporal(Embeddings.of(steps[None]))
        return (self.whitening(embeddings) if self.whitening else embeddings).matrix[0]


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
        if len(with_silence) > LONG * self.rate and not StepStream.obstacle(self.embedder):
            return StepStream(self.embedder).push(torch.from_numpy(with_silence))
        return self.embedder(padded([with_silence])).matrix[0].cpu()

    @functools.cached_property
    def seconds(self) -> float:
        """Duration of a step."""
        silence: Floats = np.zeros(self.rate, dtype=np.float32)
        return 8 / (len(self(silence, 1.0, 8.0)) - len(self(silence, 1.0, 0.0)))

    def reference(self, sound: Floats) -> Tensor:
        """`[2, t, c]`: the steps of a recording with silence around it, and with noise throughout.

        Noise lowers all scores, so that without the second no word would reach a threshold that was chosen in silence.
        """
        return torch.stack([self(sound, CONTEXT, CONTEXT), self(noisy(sound, round(CONTEXT * self.rate)), 0.0, 0.0)])


def _loaded(embedder: Embedder, weights: Mapping[str, npt.NDArray[Any]]) -> Embedder:
    """Returns the embedder with a run's weights and whitening; unchanged where there are none. Raises Problem where they do not fit."""
    if not weights:
        return embedder
    try:
        return restored_embedder(embedder, {}, {name: torch.from_numpy(array) for name, array in weights.items()})
    except RuntimeError as error:
        raise Problem(f"The weights of the embedder do not fit its settings in home.toml ({str(error).splitlines()[0]}).") from None


def noisy(sound: Floats, context: int) -> Floats:
    """A sound `[samples]` in pink noise that begins `context` samples before it and ends as much after it; the same for the same sound."""
    rng = np.random.default_rng(list(hashlib.sha256(sound.tobytes()).digest()))
    size = len(sound) + 2 * context
    spectrum = np.fft.rfft(rng.normal(size=size))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), size)
    level = np.sqrt(np.square(sound, dtype=np.float64).mean() / np.square(noise).mean()) * 10 ** (-NOISE_DB / 20)
    return (np.pad(sound, context) + level * noise).astype(np.float32)
