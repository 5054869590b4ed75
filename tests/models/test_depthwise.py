"""Shifted multiply-adds against torch's grouped convolution."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from scratchlab.models.encoders.depthwise import depthwise


@pytest.mark.parametrize("rows", [5, 6, 20])
@pytest.mark.parametrize("time", [1, 2, 9])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"),
    [((3, 1), 1, 1, 1), ((3, 1), 2, 1, 1), ((1, 3), 1, 0, 1), ((1, 3), 1, 0, 8), ((5, 5), 1, 0, 1)],
)
def test_values_and_gradients_equal_torch_s(
    rows: int, time: int, kernel: tuple[int, int], stride: int, padding: int, dilation: int
) -> None:
    torch.manual_seed(0)
    x = torch.randn(4, rows, time, 3, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(4, 1, *kernel, dtype=torch.float64, requires_grad=True)
    ours = depthwise(x, weight, stride=stride, padding=padding, dilation=dilation)
    reach = dilation * (kernel[1] // 2)
    theirs = F.conv2d(x.permute(3, 0, 1, 2), weight, None, (stride, 1), (padding, reach), (1, dilation), 4).permute(1, 2, 3, 0)
    torch.testing.assert_close(ours, theirs)
    grad = torch.randn_like(ours)
    for our_grad, their_grad in zip(
        torch.autograd.grad(ours, (x, weight), grad), torch.autograd.grad(theirs, (x, weight), grad), strict=True
    ):
        torch.testing.assert_close(our_grad, their_grad)
