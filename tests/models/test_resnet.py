"""ResNet: shortcuts and layers."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from scratchlab.kernels.capture import captured, layers_of
from scratchlab.models.encoders.resnet import BasicBlock, ResNet
from scratchlab.types import Image

FORM = Image(3, 32, 32)


def still(block: BasicBlock) -> BasicBlock:
    """The block with a residual branch that adds zero."""
    torch.nn.init.zeros_(block.second.norm.weight)
    return block.eval()


def test_with_a_zero_branch_a_block_is_the_identity() -> None:
    x, lengths = torch.rand(2, 4, 5, 6), torch.tensor([6, 6])
    assert torch.equal(still(BasicBlock(4, 4, 1, skip=True))(x, lengths), x)
    assert not still(BasicBlock(4, 4, 1, skip=False))(x, lengths).any()


def test_shortcuts_of_striding_blocks_skip_pixels_and_pad_channels() -> None:
    x, lengths = torch.rand(2, 4, 5, 6), torch.tensor([6, 6])
    passed = still(BasicBlock(4, 8, 2, skip=True))(x, lengths)
    assert passed.shape == (2, 8, 3, 3)
    assert torch.equal(passed[:, :4], x[:, :, ::2, ::2])
    assert not passed[:, 4:].any()


@pytest.mark.parametrize("inward", [4, 2])
def test_a_shortcut_adds_the_input(inward: int) -> None:
    """Equations 1 and 2 written out with the same weights, in training."""
    torch.manual_seed(0)
    x, lengths = torch.rand(3, inward, 6, 6), torch.full((3,), 6)
    plain, residual = BasicBlock(inward, 4, 2, skip=False), BasicBlock(inward, 4, 2, skip=True)
    residual.load_state_dict(plain.state_dict())

    def branch(value: torch.Tensor) -> torch.Tensor:
        value = F.batch_norm(F.conv2d(value, plain.first.convolution.weight, stride=2, padding=1), None, None, training=True)
        return F.batch_norm(F.conv2d(F.relu(value), plain.second.convolution.weight, padding=1), None, None, training=True)

    passed = torch.cat([x[:, :, ::2, ::2], torch.zeros(3, 4 - inward, 3, 3)], 1)
    torch.testing.assert_close(plain(x, lengths), F.relu(branch(x)))
    torch.testing.assert_close(residual(x, lengths), F.relu(branch(x) + passed))


def test_stages_and_layer_names() -> None:
    encoder = ResNet(FORM, width=4, blocks=2, strides=[1, 2, 4])
    names = layers_of(encoder)
    images, lengths = torch.rand(2, 3, 32, 32), torch.tensor([32, 32])
    with captured(encoder, names) as outputs:
        embeddings = encoder(images, lengths)
    shapes = {name: tuple(outputs[name].shape[1:]) for name in names}
    maps = [(4, 32, 32), (4, 32, 32), (8, 16, 16), (8, 16, 16), (16, 4, 4), (16, 4, 4)]
    assert shapes == {"stem": (4, 32, 32), **{f"blocks.{place}": shape for place, shape in enumerate(maps)}, "pool": (16,)}
    assert embeddings.matrix.shape == (2, 4, 16)
    assert torch.equal(outputs["pool"], embeddings.vector)
    torch.testing.assert_close(embeddings.vector, outputs["blocks.5"].mean((2, 3)))
