"""BC-ResNet: broadcasted residual learning for keyword spotting (Kim, Chang, Lee and Sung, arXiv 2106.04140, table 1).

Convolutions along frequency see every band; convolutions along time see the mean over frequency alone, and what they
find is broadcast back to every band. Activations are kept as `[channels, rows, clips × frames]`: then every convolution
of the network is a small matrix applied to long rows, and its batch normalisation folds into that matrix.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from scratchlab.checks import Problem, listing
from scratchlab.model.batch_norm import BatchNorm, total
from scratchlab.model.interface import Encoder
from scratchlab.model.lengths import mask, strided
from scratchlab.types import Embeddings, Image, Spectrogram


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Sums `[g, k, 1]` and products `[g, k, k]` of the rows of x `[g, k, m]`."""
    return x.sum(2, keepdim=True), x @ x.transpose(1, 2)


def folded(weight: Tensor, norm: BatchNorm, x: Tensor, count: float) -> tuple[Tensor, Tensor]:
    """The map x -> norm(weight @ x) as one matrix `[g, r, k]` and bias `[g, r, 1]`; x `[g, k, m]`, of which `count` columns are real."""
    groups, rows, _ = weight.shape
    if norm.training:
        sums, products = (total(part) / count for part in moments(x))
        mean = (weight @ sums).reshape(norm.num_features, -1).mean(1)
        square = ((weight @ products) * weight).sum(2).reshape(norm.num_features, -1).mean(1)
        scale, shift = norm.from_batch(mean, (square - mean.square()).clamp_min(0), count * groups * rows / norm.num_features)
    else:
        scale, shift = norm.from_history()
    each = groups * rows // norm.num_features
    scale, shift = (part.repeat_interleave(each).view(groups, rows, 1) for part in (scale, shift))
    return weight * scale, shift


def taps(x: Tensor, kernel: int, dilation: int) -> Tensor:
    """X `[c, n, t]` -> `[c, kernel, n, t]`: the neighbours in time that a convolution sees."""
    reach = dilation * (kernel // 2)
    padded, t = F.pad(x, (reach, reach)), x.shape[2]
    return torch.stack([padded[:, :, i * dilation : i * dilation + t] for i in range(kernel)], 1)


def selectors(rows: int, kernel: int, stride: int, padding: int) -> Tensor:
    """`[kernel, rows out, rows]`: which row each tap of a convolution along frequency sees from each row it makes."""
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
        self.frequency_norm = BatchNorm(outward * sub_bands)
        self.temporal = nn.Conv2d(outward, outward, (1, 3), groups=outward, bias=False)
        self.temporal_norm = BatchNorm(outward)
        self.mix = nn.Conv2d(outward, outward, 1, bias=False)
        self.dropout = nn.Dropout1d(dropout)
        self.selectors: Tensor
        self.register_buffer("selectors", selectors(rows, 3, stride, 1), persistent=False)

    def forward(self, x: Tensor, clips: int, real: Tensor | None, frames: float) -> Tensor:
        """X `[c, rows, clips × frames]`, zero where not real."""
        if self.transition:
            _, rows, columns = x.shape
            x = x.reshape(1, len(x), -1)
            weight, bias = folded(self.pointwise.weight[None, :, :, 0, 0], self.pointwise_norm, x, frames * rows)
            x = F.relu(torch.baddbmm(bias, weight, x)).view(-1, rows, columns)
            x = x if real is None else x * real
        toeplitz = torch.einsum("ck,kor->cor", self.frequency.weight[:, 0, :, 0], self.selectors)
        weight, bias = folded(toeplitz, self.frequency_norm, x, frames)
        z = self.along_time(torch.baddbmm(bias.mean(1, keepdim=True), weight.mean(1, keepdim=True), x), clips, real, frames)
        if not self.transition:
            weight = weight + torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
        y = F.relu(torch.baddbmm(z + bias, weight, x))
        return y if real is None else y * real

    def along_time(self, z: Tensor, clips: int, real: Tensor | None, frames: float) -> Tensor:
        """f1: z `[c, 1, clips × frames]` -> the same shape."""
        z = z if real is None else z * real
        seen = taps(z.view(len(z), clips, -1), 3, self.dilation).view(len(z), 3, -1)
        seen = seen if real is None else seen * real
        weight, bias = folded(self.temporal.weight[:, :, 0], self.temporal_norm, seen, frames)
        z = F.silu(torch.baddbmm(bias, weight, seen))
        z = self.mix.weight[:, :, 0, 0] @ z[:, 0]
        return self.dropout(z.view(len(z), clips, -1)).view(len(z), 1, -1)


def rows_of(bands: int) -> tuple[int, int, int]:
    """How many rows are left after the stem and after the second and third stage, each of which halves them."""
    first = -(-bands // 2)
    second = -(-first // 2)
    return first, second, -(-second // 2)


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

        def fits(bands: int) -> bool:
            rows = rows_of(bands)
            return rows[2] >= 5 and all(r % sub_bands == 0 for r in rows)

        if not fits(form.bands):
            raise Problem(
                f"bc_resnet halves {form.bands} bands to {rows_of(form.bands)} rows, of which each must divide into sub_bands = {sub_bands} "
                f"and the last be 5 at least; these numbers of bands fit: {listing(str(b) for b in range(1, 257) if fits(b))}."
            )
        stem, *stages, head = (round(c * width) for c in (16, 8, 12, 16, 20, 32))
        self.dim = self.channels = head
        self.time_stride = time_stride
        first, second, third = rows_of(form.bands)
        self.stem = nn.Conv2d(1, stem, 5, bias=False)
        self.stem_norm = BatchNorm(stem)
        self.blocks = nn.ModuleList()
        inward = stem
        plan = zip(
            stages, (2, 2, 4, 4), (1, 2, 2, 1), (1, 2, 4, 8), (first, first, second, third), (first, second, third, third), strict=True
        )
        for outward, depth, stride, dilation, before, after in plan:
            for i in range(depth):
                rows, step = (before, stride) if i == 0 else (after, 1)
                self.blocks.append(Block(inward, outward, rows, step, dilation, sub_bands, dropout, i == 0))
                inward = outward
        self.last = nn.Conv2d(inward, inward, 5, groups=inward, bias=False)
        self.head = nn.Conv2d(inward, head, 1, bias=False)
        self.head_norm = BatchNorm(head)
        self.selectors: Tensor
        self.register_buffer("selectors", selectors(third, 5, 1, 0), persistent=False)

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Features `[n, 1, bands, frames]` -> Embeddings; n frames come from frames / time_stride, rounded up."""
        clips, given = mask(lengths, features.shape[3]), features[:, 0]
        x = given if clips is None else given * clips[:, None]
        lengths = strided(lengths, self.time_stride)
        steps = -(-x.shape[2] // self.time_stride)
        within = mask(lengths, steps)
        n = len(x)
        real = None if within is None else within.reshape(-1).to(x.dtype)
        frames = float(total(torch.tensor(float(n * steps)) if within is None else within.sum().float()))

        x = F.pad(x, (2, 2, 2, 2)).unfold(1, 5, 2).unfold(2, 5, self.time_stride).permute(3, 4, 1, 0, 2)
        rows = x.shape[2]
        x = x.reshape(1, 25, rows, n * steps)
        x = (x if real is None else x * real).reshape(1, 25, -1)
        weight, bias = folded(self.stem.weight.view(1, -1, 25), self.stem_norm, x, frames * rows)
        x = F.relu(torch.baddbmm(bias, weight, x)).view(-1, rows, n * steps)
        x = x if real is None else x * real
        for block in self.blocks:
            x = block(x, n, real, frames)

        # The last depthwise convolution: along frequency for each of its five taps in time, then along time.
        toeplitz = torch.einsum("ckj,kor->cjor", self.last.weight[:, 0], self.selectors)
        rows = toeplitz.shape[2]
        y = (toeplitz.flatten(1, 2) @ x).view(len(x), 5, rows, n, steps)
        y = F.pad(y, (2, 2))
        y = torch.stack([y[:, j, ..., j : j + steps] for j in range(5)]).sum(0).reshape(1, len(x), rows, -1)
        y = (y if real is None else y * real).reshape(1, len(x), -1)
        weight, bias = folded(self.head.weight[None, :, :, 0, 0], self.head_norm, y, frames * rows)
        matrix = F.relu(torch.baddbmm(bias, weight, y)).view(-1, rows, n, steps).mean(1)
        matrix = (matrix if within is None else matrix * within).permute(1, 2, 0)
        return Embeddings(matrix.sum(1) / lengths[:, None], matrix.contiguous(), lengths)
