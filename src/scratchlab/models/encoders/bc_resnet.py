"""BC-ResNet: broadcasted residual learning for keyword spotting (Kim, Chang, Lee and Sung, arXiv 2106.04140, table 1).

Convolutions along frequency read every band; convolutions along time read the mean over frequency, and their output is broadcast back to
every band. Activations are stored as `[channels, rows, frames, clips]`: a channel's values are contiguous for normalisation, a 1 × 1
convolution is one matrix product, and shifts in time copy contiguous blocks. The `nn.Conv2d` modules only hold the weights, in their usual
shapes.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from scratchlab.checks import Problem, listing
from scratchlab.models.batch_norm import BatchNorm
from scratchlab.models.encoders.depthwise import convolved, depthwise
from scratchlab.models.fused import add_and_rectify
from scratchlab.models.interface import Encoder
from scratchlab.models.lengths import mask, strided
from scratchlab.types import Embeddings, Image, Spectrogram


class Block(nn.Module):
    """ReLU(x + f2(x) + BC(f1(mean over frequency of f2(x)))) (equation 2); a transition block changes channels and has no x."""

    def __init__(self, inward: int, outward: int, stride: int, dilation: int, sub_bands: int, dropout: float, transition: bool) -> None:
        super().__init__()
        self.transition, self.stride, self.dilation = transition, stride, dilation
        if transition:
            self.pointwise = nn.Conv2d(inward, outward, 1, bias=False)
            self.pointwise_norm = BatchNorm(outward)
        self.frequency = nn.Conv2d(outward, outward, (3, 1), groups=outward, bias=False)
        self.frequency_norm = BatchNorm(outward * sub_bands)
        self.temporal = nn.Conv2d(outward, outward, (1, 3), groups=outward, bias=False)
        self.temporal_norm = BatchNorm(outward)
        self.mix = nn.Conv2d(outward, outward, 1, bias=False)
        self.dropout = nn.Dropout1d(dropout)

    def forward(self, x: Tensor, real: Tensor | None) -> Tensor:
        """Apply the block to x `[c, rows, frames, clips]`, which is zero where real `[frames, clips]` is false (padding)."""
        if self.transition:
            x = self.pointwise_norm.planes(pointwise(self.pointwise, x), real, rectified=True)
        y = self.frequency_norm.planes(depthwise(x, self.frequency.weight, stride=self.stride, padding=1), real)
        z = depthwise(y.sum(1, keepdim=True) / y.shape[1], self.temporal.weight, dilation=self.dilation)
        z = pointwise(self.mix, F.silu(self.temporal_norm.planes(z, real)))
        z = self.dropout(z[:, 0].transpose(1, 2)).transpose(1, 2)[:, None]
        return add_and_rectify(y, None if self.transition else x, z)


def pointwise(convolution: nn.Conv2d, x: Tensor) -> Tensor:
    """A 1 × 1 convolution of x `[c, ...]`."""
    if torch.compiler.is_exporting():
        return convolved(x, convolution.weight)
    return (convolution.weight.flatten(1) @ x.flatten(1)).view(-1, *x.shape[1:])


def rows_of(bands: int) -> tuple[int, int, int]:
    """The numbers of rows after the stem, the second and the third stage, each of which halves them."""
    first = -(-bands // 2)
    second = -(-first // 2)
    return first, second, -(-second // 2)


def fits(bands: int, sub_bands: int) -> bool:
    """Whether every stage's rows are divisible into sub-bands, with enough left for the last convolution."""
    rows = rows_of(bands)
    return rows[2] >= 5 and all(r % sub_bands == 0 for r in rows)


class BCResNet(Encoder):
    """Embeds a spectrogram as vector `[n, 32τ]` and matrix `[n, t, 32τ]`; τ=1 with a 12-way classifier has 9,232 parameters.

    >>> embeddings = BCResNet()(torch.rand(2, 1, 40, 101))  # two clips of 40 bands and 101 frames
    >>> embeddings.vector.shape, embeddings.matrix.shape
    (torch.Size([2, 32]), torch.Size([2, 101, 32]))
    """

    inputs_axis = 3

    def __init__(
        self,
        form: Spectrogram | Image = Spectrogram(40),
        *,
        width: Annotated[float, Field(description="τ: multiplies every channel count (the paper: 1, 1.5, 2, 3, 6, 8)", ge=1)] = 1.0,
        sub_bands: Annotated[int, Field(description="parts of the frequency axis that are normalised separately", ge=1)] = 5,
        dropout: Annotated[float, Field(description="fraction of channels dropped in each block's temporal part", ge=0, lt=1)] = 0.1,
        time_stride: Annotated[Literal[1, 2, 4], Field(description="frames that one step of the matrix spans")] = 1,
    ) -> None:
        super().__init__()
        self.form = form
        if not isinstance(form, Spectrogram):
            raise Problem("bc_resnet reads spectrograms, but the front-end yields images; use encoder.name = 'conv4'.")
        if not fits(form.bands, sub_bands):
            raise Problem(
                f"bc_resnet reduces {form.bands} bands to {listing(map(str, rows_of(form.bands)))} rows; each must be divisible by "
                f"encoder.sub_bands = {sub_bands}, and the last must be 5 or more. These numbers of bands fit: "
                f"{listing(str(bands) for bands in range(257) if fits(bands, sub_bands))}."
            )
        stem, *stages, head = (round(channels * width) for channels in (16, 8, 12, 16, 20, 32))
        self.dim = self.channels = head
        self.time_stride = time_stride
        self.stem = nn.Conv2d(1, stem, 5, bias=False)
        self.stem_norm = BatchNorm(stem)
        self.blocks = nn.ModuleList()
        inward = stem
        for outward, depth, stride, dilation in zip(stages, (2, 2, 4, 4), (1, 2, 2, 1), (1, 2, 4, 8), strict=True):
            self.blocks.append(Block(inward, outward, stride, dilation, sub_bands, dropout, transition=True))
            self.blocks.extend(Block(outward, outward, 1, dilation, sub_bands, dropout, transition=False) for _ in range(depth - 1))
            inward = outward
        self.last = nn.Conv2d(inward, inward, 5, groups=inward, bias=False)
        self.head = nn.Conv2d(inward, head, 1, bias=False)
        self.head_norm = BatchNorm(head)

    @property
    def halfway(self) -> list[nn.Module]:
        """The last block of the second of four stages (of 2, 2, 4 and 4 blocks); its output is `[c, rows, frames, clips]`."""
        return [self.blocks[3]]

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Embed features `[n, 1, bands, frames]`; each step of the matrix spans `time_stride` frames."""
        with torch.autocast(features.device.type, enabled=False):  # half precision is no faster here
            return self._embed(features[:, 0].permute(1, 2, 0).to(self.stem.weight.dtype), lengths)

    def _embed(self, x: Tensor, lengths: Tensor) -> Embeddings:
        """Embed x `[bands, frames, clips]`."""
        real_frames = mask(lengths, x.shape[1])
        x = self._stem(x if real_frames is None else x * real_frames.T)
        lengths = strided(lengths, self.time_stride)
        real_steps = mask(lengths, x.shape[2])
        real = None if real_steps is None else real_steps.T.contiguous()

        x = self.stem_norm.planes(x, real, rectified=True)
        for block in self.blocks:
            x = block(x, real)
        x = self.head_norm.planes(pointwise(self.head, depthwise(x, self.last.weight)), real, rectified=True)
        matrix = x.mean(1).permute(2, 1, 0).contiguous()
        return Embeddings(matrix.sum(1) / lengths[:, None], matrix, lengths)

    def _stem(self, x: Tensor) -> Tensor:
        """The stem's convolution `[c, rows, steps, clips]` of x `[bands, frames, clips]`: a matrix product with its 5 × 5 patches."""
        if torch.compiler.is_exporting():
            return convolved(x[None], self.stem.weight, stride=(2, self.time_stride), padding=2)
        patches = F.pad(x.contiguous(), (0, 0, 2, 2, 2, 2)).unfold(0, 5, 2).unfold(1, 5, self.time_stride).permute(3, 4, 0, 1, 2)
        return pointwise(self.stem, patches.reshape(25, *patches.shape[2:]))
