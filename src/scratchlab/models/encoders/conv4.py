"""Conv-4: the four convolutional blocks of few-shot learning (Vinyals et al., arXiv 1606.04080; Snell et al., 1703.05175)."""

from __future__ import annotations

from typing import Annotated, Literal

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.models.batch_norm import BatchNorm
from scratchlab.models.interface import Encoder
from scratchlab.models.lengths import mask
from scratchlab.types import Embeddings, Image, Spectrogram

BLOCKS = 4


def halved(size: int) -> int:
    """Size of an axis after 2 × 2 pooling: half, rounded down, but at least 1."""
    return max(1, size // 2)


def pooled(size: int, pools: int = BLOCKS) -> int:
    """Size of an axis after `pools` blocks that pool.

    >>> pooled(28), pooled(84), pooled(8), pooled(32, pools=3)
    (1, 5, 1, 4)
    """
    for _ in range(pools):
        size = halved(size)
    return size


class ConvBlock(nn.Module):
    """3 × 3 convolution, batch normalisation, ReLU, and 2 × 2 max pooling if `pools`."""

    def __init__(self, inward: int, outward: int, pools: bool) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inward, outward, 3, padding=1, bias=False)
        self.norm = BatchNorm(outward)
        self.pools = pools

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Apply the block to x `[n, c, h, w]`, ignoring columns beyond `lengths`; with pooling, height and width are halved."""
        real = mask(lengths, x.shape[3])
        if real is not None:
            x = x * real[:, None, None]
        x = F.relu(self.norm(self.convolution(x), real))
        if real is not None:
            x = x * real[:, None, None]
        if not self.pools:
            return x
        # After ReLU, zeros do not change the maximum: padding with them keeps an axis of one pixel.
        return F.max_pool2d(F.pad(x, (0, int(x.shape[3] == 1), 0, int(x.shape[2] == 1))), 2)


class Conv4(Encoder):
    """Embeds images or spectrograms: a step of the matrix is a column of the last feature map, or one of its positions; the vector is the
    mean of the steps, or their concatenation.

    Features `[n, channels, rows, columns]` give a vector `[n, d]` and a matrix `[n, t, c]`. Four poolings reduce an image of 32 × 32 to 2
    columns of 2 positions, three to 4 columns of 4. Positions are ordered column by column.

    >>> import torch
    >>> embeddings = Conv4(Image(1, 28, 28))(torch.rand(2, 1, 28, 28))
    >>> embeddings.vector.shape, embeddings.matrix.shape
    (torch.Size([2, 64]), torch.Size([2, 1, 64]))
    """

    inputs_axis = 0

    def __init__(
        self,
        form: Spectrogram | Image = Image(3, 84, 84),
        *,
        channels: Annotated[int, Field(description="channels of every block", ge=1)] = 64,
        pool: Annotated[
            Literal["mean", "flatten"], Field(description="the vector: mean over the last map, or all of it (images only)")
        ] = "mean",
        pools: Annotated[int, Field(ge=0, le=BLOCKS, description="how many of the four blocks pool, from the first on")] = BLOCKS,
        steps: Annotated[
            Literal["columns", "positions"], Field(description="a step of the matrix: a column of the last map, or one of its positions")
        ] = "columns",
    ) -> None:
        super().__init__()
        self.form = form
        flatten = pool == "flatten"
        if flatten and not isinstance(form, Image):
            raise Problem("conv4 cannot flatten spectrograms, whose length varies; use encoder.pool = 'mean'.")
        inward, height = (form.channels, form.height) if isinstance(form, Image) else (1, form.bands)
        self.blocks = nn.ModuleList(ConvBlock(inward if i == 0 else channels, channels, i < pools) for i in range(BLOCKS))
        self.pools, self.positions, self.flatten = pools, steps == "positions", flatten
        high = pooled(height, pools)
        self.rows = pooled(form.width, pools) * (high if self.positions else 1) if isinstance(form, Image) and flatten else None
        self.channels = channels * high if flatten and not self.positions else channels
        self.dim = self.channels * (self.rows or 1)

    @property
    def halfway(self) -> list[nn.Module]:
        """The second of the four blocks; its output is `[n, c, h, w]`."""
        return [self.blocks[BLOCKS // 2 - 1]]

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Embed features `[n, channels, height, width]` with lengths `[n]` in columns."""
        x = features
        for number, block in enumerate(self.blocks):
            x = block(x, lengths)
            lengths = (lengths // 2).clamp_min(1) if number < self.pools else lengths
        matrix, lengths = self._steps(x, lengths)
        real = mask(lengths, matrix.shape[1])
        matrix = (matrix if real is None else matrix * real[..., None]).contiguous()
        if self.rows is None:
            return Embeddings(matrix.sum(1) / lengths[:, None], matrix, lengths)
        padded = F.pad(matrix, (0, 0, 0, self.rows - matrix.shape[1]))  # a batch of narrow images is padded to the form's width
        return Embeddings(padded.flatten(1), matrix, lengths)

    def _steps(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The matrix `[n, t, channels]` and its lengths in steps, of a map `[n, c, h, w]` and its lengths in columns."""
        if self.positions:
            return x.permute(0, 3, 2, 1).flatten(1, 2), lengths * x.shape[2]
        return (x.permute(0, 3, 1, 2).flatten(2) if self.flatten else x.mean(2).transpose(1, 2)), lengths
