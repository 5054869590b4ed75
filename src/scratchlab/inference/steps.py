"""Speech embeddings of a stream of sound, step by step, equal to those of the whole clip."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.models.encoders.speech_embedding import DIM, STRIDE, SpeechEmbedding
from scratchlab.models.frontends.speech_mel import HOP, MEMORY, N_FFT, SHORTEST, SPEECH_DB, SpeechMel, running_loudest, scaled

STEP = STRIDE * HOP  # samples from step to step, 80 ms
KEPT = 2  # frames of before that a convolution over three frames reads
MOST = 125 * STEP  # samples that pass through the network at once, 10 s, which bounds the memory


class StepNetwork(nn.Module):
    """Front-end and encoder for the next samples of a stream: a function of these and of a state, which it returns anew.

    Each convolution keeps its last two frames, so that a step costs eight new frames and not its whole window. With 12,512 samples at first
    and 1,632 later, of which 352 are the last ones of before, each call gives one step; with 1,280 more, one more. Then whole numbers of
    frames come to every pooling.
    """

    def __init__(self, frontend: SpeechMel, encoder: SpeechEmbedding) -> None:
        super().__init__()
        self.frontend, self.encoder = frontend, encoder
        self.convolutions = [layer for layer in encoder.modules() if isinstance(layer, nn.Conv2d) and layer.kernel_size[0] > 1]

    def start(self) -> list[Tensor]:
        """The state before any sound: the frames' loudest values `[1, 1, 195]`, and no frames of any of 11 convolutions."""
        window = self.frontend.window
        return [window.new_full((1, 1, MEMORY - 1), SPEECH_DB), *(window.new_zeros(0) for _ in self.convolutions)]

    def forward(self, values: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Steps `[1, t, 96]` of values `[1, samples]` after a state, and the next state."""
        decibels = self.frontend.decibels(values)
        loudest = decibels.amax(1, keepdim=True)
        features = scaled(decibels, running_loudest(loudest, state[0]))
        before = dict[nn.Module, Tensor](zip(self.convolutions, state[1:], strict=True))
        after: list[Tensor] = []

        def prepend(convolution: nn.Module, x: Tensor) -> Tensor:
            if convolution in before:
                x = torch.cat([before[convolution], x], 2)
                after.append(x[:, :, -KEPT:].clone())
            return x

        steps = self.encoder.windows(features, prepend)
        return steps, [torch.cat([state[0], loudest], 2)[..., 1 - MEMORY :].clone(), *after]


class EmbeddingStream:
    """Embeds sound as it comes: a step `[96]` every 80 ms, of the 775 ms before it.

    The steps are those of `encoder(*frontend(clip)).matrix`, however the clip is cut into pieces, if the front-end has
    `loudest="running"`. A step costs a ninth of its window (`StepNetwork`), and memory is constant.

    >>> from scratchlab.models.frontends.speech_mel import SpeechMel
    >>> stream = EmbeddingStream(SpeechMel(loudest="running"), SpeechEmbedding())
    >>> [len(stream.push(piece)) for piece in torch.randn(10, 1600)], len(stream.finish())  # a second in tenths, then its end
    ([0, 0, 1, 1, 1, 1, 2, 1, 1, 1], 7)
    """

    def __init__(self, frontend: SpeechMel, encoder: SpeechEmbedding) -> None:
        if frontend.loudest != "running":
            raise Problem("A stream cannot know the loudest sound of a whole clip; build speech_mel with loudest = 'running'.")
        self.frontend, self.network = frontend, StepNetwork(frontend, encoder)
        self._start()

    def _start(self) -> None:
        """Forget all sound; the silence before a clip comes first."""
        window = self.frontend.window
        self.pieces, self.waiting, self.heard = [window.new_zeros(self.frontend.pad)], self.frontend.pad, 0
        self.needed = SHORTEST  # samples that the next step lacks, from the start of the first frame that is not computed yet
        self.state = self.network.start()

    def push(self, samples: Tensor) -> Tensor:
        """The steps `[steps, 96]` that these samples `[k]` complete, often none.

        samples: at 16 kHz, from -1 to 1. Raises Problem for other shapes and for whole numbers.
        """
        if samples.ndim != 1 or not samples.is_floating_point():
            raise Problem(f"A stream takes floating-point samples [k], from -1 to 1; these are {samples.dtype} of {list(samples.shape)}.")
        self.heard += len(samples)
        return self._join(self._embedded(samples.to(self.frontend.window)))

    def finish(self) -> Tensor:
        """The last steps `[steps, 96]`, which need the silence after the clip. The next samples begin another clip."""
        silence = self.frontend.window.new_zeros(self.frontend.padding_after(self.heard))
        steps = self._join(self._embedded(silence))
        self._start()
        return steps

    def _join(self, steps: Iterator[Tensor]) -> Tensor:
        return torch.cat([self.frontend.window.new_zeros(0, DIM), *steps])

    @torch.no_grad()
    def _embedded(self, samples: Tensor) -> Iterator[Tensor]:
        """Yields steps of bounded numbers of samples."""
        for start in range(0, len(samples), MOST):
            piece = samples[start : start + MOST]
            self.pieces.append(piece)
            self.waiting += len(piece)
            if self.waiting >= self.needed:
                values = torch.cat(self.pieces)
                ready = self.needed + (len(values) - self.needed) // STEP * STEP
                steps, self.state = self.network(values[None, :ready], self.state)
                yield steps[0]
                rest = values[ready - N_FFT + HOP :].clone()  # the next frame begins a hop after the last
                self.pieces, self.waiting, self.needed = [rest], len(rest), N_FFT - HOP + STEP
