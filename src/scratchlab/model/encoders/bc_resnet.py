"""BC-ResNet: broadcasted residual learning for keyword spotting (Kim, Chang, Lee and Sung, arXiv 2106.04140, table 1).

Convolutions along frequency see every band; convolutions along time see the mean over frequency alone, and what they
find is broadcast back to every band. Activations are kept as `[channels, rows, clips × frames]`: then every convolution
is a small matrix applied to few, very long rows, and takes its batch normalisation in with it (folding.py).
The `nn.Conv2d` modules hold the weights by the names and shapes of the paper's network.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from scratchlab.checks import Problem, listing
from scratchlab.model.batch_norm import BatchNorm, total
from scratchlab.model.encoders.folding import folded
from scratchlab.model.encoders.taps import gathered, taps
from scratchlab.model.interface import Encoder
from scratchlab.model.lengths import mask, strided
from scratchlab.types import Embeddings, Image, Spectrogram


class Columns:
    """Which of a batch's columns, clips × frames, are real."""

    def __init__(self, clips: int, frames: int, lengths: Tensor, like: Tensor) -> None:
        real = mask(lengths, frames)
        self.clips, self.frames = clips, frames
        self.real = None if real is None else real.reshape(-1).to(like.dtype)
        self.count = float(total(lengths.sum().to(like.dtype)))  # over all processes that train together

    def clean(self, x: Tensor) -> Tensor:
        """x `[..., clips × frames]` with zeros where nothing is real."""
        return x if self.real is None else x * self.real


def selectors(rows: int, kernel: int, stride: int, padding: int) -> Tensor:
    """`[kernel, rows out, rows]`: which row each tap of a convolution along frequency sees for each row it makes."""
    out = (rows + 2 * padding - kernel) // stride + 1
    seen = torch.arange(out)[:, None] * stride - padding
    return torch.stack([seen + i == torch.arange(rows) for i in range(kernel)]).float()


class Block(nn.Module):
    """y = x + f2(x) + BC(f1(mean over frequency of f2(x))), then ReLU (equation 2); a transition changes channels and has no x."""

    def __init__(
        self, inward: int, outward: int, rows: int, stride: int, dilation: int, sub_bands: int, dropout: float, transition: bool
    ) -> None:
        super().__init__()
        self.transition, self.dilation = transition, dilation
        if transition:
            self.pointwise = nn.Conv2d(inward, outward, 1, bias=False)
            self.pointwise_norm = BatchNorm(outward)
        self.frequency = nn.Conv2d(outward, outward, (3, 1), groups=outward, bias=False)
        self.frequency_norm = BatchNorm(outward * sub_bands)  # SubSpectralNorm, arXiv 2103.13620: each sub-band of each channel
        self.temporal = nn.Conv2d(outward, outward, (1, 3), groups=outward, bias=False)
        self.temporal_norm = BatchNorm(outward)
        self.mix = nn.Conv2d(outward, outward, 1, bias=False)
        self.dropout = nn.Dropout1d(dropout)
        self.selectors: Tensor
        self.register_buffer("selectors", selectors(rows, 3, stride, 1), persistent=False)

    def forward(self, x: Tensor, columns: Columns) -> Tensor:
        """x `[c, rows, clips × frames]`, zero where not real."""
        if self.transition:
            rows = x.shape[1]
            matrix, shift = folded(self.pointwise.weight[None, :, :, 0, 0], self.pointwise_norm, x.flatten(1)[None], columns.count * rows)
            x = F.relu_(torch.baddbmm(shift, matrix, x.flatten(1)[None]))
            x = columns.clean(x.view(-1, rows, columns.clips * columns.frames))
        along_frequency = torch.einsum("ck,kor->cor", self.frequency.weight[:, 0, :, 0], self.selectors)
        matrix, shift = folded(along_frequency, self.frequency_norm, x, columns.count)
        z = self.along_time(torch.baddbmm(shift.mean(1, keepdim=True), matrix.mean(1, keepdim=True), x), columns)
        if not self.transition:
            matrix = matrix + torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
        return columns.clean(F.relu_((z + shift).baddbmm_(matrix, x)))

    def along_time(self, z: Tensor, columns: Columns) -> Tensor:
        """f1: z `[c, 1, clips × frames]` -> the same shape."""
        z = columns.clean(z).view(len(z), columns.clips, -1)
        seen = columns.clean(taps(z, 3, self.dilation).flatten(2))
        matrix, shift = folded(self.temporal.weight[:, :, 0], self.temporal_norm, seen, columns.count)
        z = self.mix.weight[:, :, 0, 0] @ F.silu(torch.baddbmm(shift, matrix, seen)).squeeze(1)
        return self.dropout(z.view(len(z), columns.clips, -1)).view(len(z), 1, -1)


def rows_of(bands: int) -> tuple[int, int, int]:
    """How many rows are left after the stem and after the second and third stage, each of which halves them."""
    first = -(-bands // 2)
    second = -(-first // 2)
    return first, second, -(-second // 2)


def fits(bands: int, sub_bands: int) -> bool:
    """Whether every stage's rows divide into sub-bands and leave enough for the last convolution."""
    rows = rows_of(bands)
    return rows[2] >= 5 and all(r % sub_bands == 0 for r in rows)


class BCResNet(Encoder):
    """Spectrogram -> vector `[n, 32τ]`, matrix `[n, t, 32τ]`; with a 12-way classifier τ=1 has 9,232 parameters."""

    def __init__(
        self,
        form: Spectrogram | Image,
        *,
        width: Annotated[float, Field(description="τ: multiplies every channel count (the paper: 1, 1.5, 2, 3, 6, 8)", ge=1)] = 1.0,
        sub_bands: Annotated[int, Field(description="parts of the frequency axis normalised apart", ge=1)] = 5,
        dropout: Annotated[float, Field(description="share of channels dropped in each block's temporal part", ge=0, lt=1)] = 0.1,
        time_stride: Annotated[Literal[1, 2, 4], Field(description="frames that one step of the matrix spans")] = 1,
    ) -> None:
        super().__init__()
        if not isinstance(form, Spectrogram):
            raise Problem("bc_resnet reads spectrograms, but the front-end yields images; use encoder.name = 'conv4'.")
        if not fits(form.bands, sub_bands):
            raise Problem(
                f"bc_resnet reduces {form.bands} bands to {listing(map(str, rows_of(form.bands)))} rows; each must divide into "
                f"encoder.sub_bands = {sub_bands} and the last be 5 or more. These numbers of bands fit: "
                f"{listing(str(bands) for bands in range(257) if fits(bands, sub_bands))}."
            )
        stem, *stages, head = (round(channels * width) for channels in (16, 8, 12, 16, 20, 32))
        first, second, third = rows_of(form.bands)
        self.dim = self.channels = head
        self.time_stride = time_stride
        self.stem = nn.Conv2d(1, stem, 5, bias=False)
        self.stem_norm = BatchNorm(stem)
        self.blocks = nn.ModuleList()
        inward = stem
        # Each stage: channels, blocks, stride along frequency and dilation along time, rows before and after.
        plan = zip(
            stages, (2, 2, 4, 4), (1, 2, 2, 1), (1, 2, 4, 8), (first, first, second, third), (first, second, third, third), strict=True
        )
        for outward, depth, stride, dilation, before, after in plan:
            self.blocks.append(Block(inward, outward, before, stride, dilation, sub_bands, dropout, transition=True))
            self.blocks.extend(Block(outward, outward, after, 1, dilation, sub_bands, dropout, transition=False) for _ in range(depth - 1))
            inward = outward
        self.last = nn.Conv2d(inward, inward, 5, groups=inward, bias=False)
        self.head = nn.Conv2d(inward, head, 1, bias=False)
        self.head_norm = BatchNorm(head)
        self.selectors: Tensor
        self.register_buffer("selectors", selectors(third, 5, 1, 0), persistent=False)

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Features `[n, 1, bands, frames]` -> Embeddings whose steps each span `time_stride` frames."""
        with torch.autocast(features.device.type, enabled=False):  # sums of products need float32
            return self._embed(features[:, 0].to(self.stem.weight.dtype), lengths)

    def _embed(self, x: Tensor, lengths: Tensor) -> Embeddings:
        heard = mask(lengths, x.shape[2])
        lengths = strided(lengths, self.time_stride)
        columns = Columns(len(x), -(-x.shape[2] // self.time_stride), lengths, x)
        x = self._first(x if heard is None else x * heard[:, None], columns)
        for block in self.blocks:
            x = block(x, columns)
        matrix = self._last(x, columns).view(-1, columns.clips, columns.frames).permute(1, 2, 0).contiguous()
        return Embeddings(matrix.sum(1) / lengths[:, None], matrix, lengths)

    def _first(self, x: Tensor, columns: Columns) -> Tensor:
        """The stem: x `[clips, bands, frames]` -> `[c, rows, clips × frames]`."""
        patches = F.pad(x, (2, 2, 2, 2)).unfold(1, 5, 2).unfold(2, 5, self.time_stride).permute(3, 4, 1, 0, 2)
        rows = patches.shape[2]
        patches = columns.clean(patches.reshape(25, rows, -1)).view(1, 25, -1)
        matrix, shift = folded(self.stem.weight.view(1, -1, 25), self.stem_norm, patches, columns.count * rows)
        return columns.clean(F.relu_(torch.baddbmm(shift, matrix, patches)).view(-1, rows, columns.clips * columns.frames))

    def _last(self, x: Tensor, columns: Columns) -> Tensor:
        """The last two convolutions and the mean over what rows they leave: x `[c, rows, clips × frames]` -> `[d, clips × frames]`."""
        kernel = self.last.weight[:, 0].flip(2)  # gathering shifts against the taps' direction
        along_frequency = torch.einsum("ckj,kor->cjor", kernel, self.selectors)
        rows = along_frequency.shape[2]
        y = (along_frequency.flatten(1, 2) @ x).view(len(x), 5, rows * columns.clips, columns.frames)
        y = columns.clean(gathered(y, 1).view(len(x), rows, -1)).view(1, len(x), -1)
        matrix, shift = folded(self.head.weight[None, :, :, 0, 0], self.head_norm, y, columns.count * rows)
        return columns.clean(F.relu_(torch.baddbmm(shift, matrix, y)).view(-1, rows, columns.clips * columns.frames).mean(1))
