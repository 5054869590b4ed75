"""Conv-4: sizes after pooling, and steps of the matrix."""

from __future__ import annotations

import pytest
import torch

from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.types import Image

FORM = Image(3, 32, 32)


def both(**settings: object) -> tuple[Conv4, Conv4]:
    """Two encoders, by columns and by positions, with the same weights."""
    columns, positions = Conv4(FORM, channels=8, **settings), Conv4(FORM, channels=8, steps="positions", **settings)  # type: ignore[arg-type]
    positions.load_state_dict(columns.state_dict())
    return columns.eval(), positions.eval()


@pytest.mark.parametrize(("pools", "side"), [(4, 2), (3, 4), (2, 8), (0, 32)])
def test_a_column_is_the_mean_of_its_positions(pools: int, side: int) -> None:
    images, lengths = torch.rand(2, 3, 32, 32), torch.full((2,), 32)
    by_column, by_position = (encoder(images, lengths) for encoder in both(pools=pools))
    assert by_column.matrix.shape == (2, side, 8)
    assert by_position.matrix.shape == (2, side * side, 8)
    assert by_position.lengths.tolist() == [side * side] * 2
    assert torch.allclose(by_position.matrix.unflatten(1, (side, side)).mean(2), by_column.matrix, atol=1e-6)
    assert torch.allclose(by_position.vector, by_column.vector, atol=1e-6)


def test_flattened_positions_are_the_flattened_columns_in_another_order() -> None:
    images, lengths = torch.rand(2, 3, 32, 32), torch.full((2,), 32)
    columns, positions = both(pools=3, pool="flatten")
    assert positions.dim == columns.dim == 4 * 4 * 8
    by_column, by_position = columns(images, lengths).vector, positions(images, lengths).vector
    assert torch.equal(by_column.unflatten(1, (4, 8, 4)).transpose(2, 3).flatten(1), by_position)
