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
    """What 2 × 2 pooling leaves of a side: an odd last pixel is dropped, a single one stays."""
    return max(1, size // 2)


def remaining(size: int, pools: int = BLOCKS) -> int:
    """What the blocks leave of a side.

    >>> remaining(28), remaining(84), remaining(8), remaining(32, pools=3)
    (1, 5, 1, 4)
    """
    for _ in range(pools):
        size = halved(size)
    return size


class ConvBlock(nn.Module):
    """3 × 3 convolution, batch normalisation, ReLU, and a 2 × 2 maximum if it pools."""

    def __init__(self, inward: int, outward: int, pools: bool) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inward, outward, 3, padding=1, bias=False)
        self.norm = BatchNorm(outward)
        self.pools = pools

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x `[n, c, h, w]` whose columns are real up to `lengths`, whatever it holds beyond; the result is half as high and wide
        if the block pools.
        """
        real = mask(lengths, x.shape[3])
        if real is not None:
            x = x * real[:, None, None]
        x = F.relu(self.norm(self.convolution(x), real))
        if real is not None:
            x = x * real[:, None, None]
        if not self.pools:
            return x
        # Zeros are neutral to the maximum after ReLU: they let a side of one pixel pass.
        return F.max_pool2d(F.pad(x, (0, int(x.shape[3] == 1), 0, int(x.shape[2] == 1))), 2)


class Conv4(Encoder):
    """Image or Spectrogram -> a matrix with one row for each column that pooling leaves, or for each position; the vector is their mean, or
    all of them.

    Of an image of 32 × 32 four poolings leave 2 columns of 2 positions; three leave 4 of 4. Positions stand column by column.
    """

    inputs_axis = 0

    def __init__(
        self,
        form: Spectrogram | Image = Image(3, 84, 84),
        *,
        channels: Annotated[int, Field(description="channels of every block", ge=1)] = 64,
        pool: Annotated[Literal["mean", "flatten"], Field(description="vector: the mean of all pixels, or all of them (images)")] = "mean",
        pools: Annotated[int, Field(ge=0, le=BLOCKS, description="how many of the four blocks halve the map, from the first on")] = BLOCKS,
        steps: Annotated[
            Literal["columns", "positions"], Field(description="a row of the matrix: a column of the last map, or one of its positions")
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
        high = remaining(height, pools)
        self.rows = remaining(form.width, pools) * (high if self.positions else 1) if isinstance(form, Image) and flatten else None
        self.channels = channels * high if flatten and not self.positions else channels
        self.dim = self.channels * (self.rows or 1)

    @property
    def halfway(self) -> list[nn.Module]:
        """The second of the four blocks: `[n, c, h, w]`."""
        return [self.blocks[BLOCKS // 2 - 1]]

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Features `[n, channels, height, width]`, lengths `[n]` in columns -> Embeddings."""
        x = features
        for number, block in enumerate(self.blocks):
            x = block(x, lengths)
            lengths = (lengths // 2).clamp_min(1) if number < self.pools else lengths
        matrix, lengths = self._steps(x, lengths)
        real = mask(lengths, matrix.shape[1])
        matrix = (matrix if real is None else matrix * real[..., None]).contiguous()
        if self.rows is None:
            return Embeddings(matrix.sum(1) / lengths[:, None], matrix, lengths)
        whole = F.pad(matrix, (0, 0, 0, self.rows - matrix.shape[1]))  # a batch of narrow images is padded to the form's width
        return Embeddings(whole.flatten(1), matrix, lengths)

    def _steps(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Map `[n, c, h, w]`, lengths in columns -> matrix `[n, t, channels]`, lengths in its rows."""
        if self.positions:
            return x.permute(0, 3, 2, 1).flatten(1, 2), lengths * x.shape[2]
        return (x.permute(0, 3, 1, 2).flatten(2) if self.flatten else x.mean(2).transpose(1, 2)), lengths
