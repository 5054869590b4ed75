"""BC-ResNet against the plain implementation of the paper in the benchmarks."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import torch

from scratchlab.checks import Problem
from scratchlab.models.encoders.bc_resnet import BCResNet
from scratchlab.types import Spectrogram

PLAIN = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "peers" / "bc_resnet.py"))["Plain"]


@pytest.mark.parametrize(("kind", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-4)])
@pytest.mark.parametrize(("width", "bands", "time_stride"), [(1.0, 40, 1), (1.5, 80, 2), (2.0, 40, 4)])
def test_outputs_gradients_and_running_statistics_equal_the_plain_implementation(
    width: float, bands: int, time_stride: int, kind: torch.dtype, tolerance: float
) -> None:
    torch.manual_seed(0)
    ours = BCResNet(Spectrogram(bands), width=width, time_stride=time_stride, dropout=0.0).to(kind)
    plain = PLAIN(width, time_stride=time_stride, dropout=0.0).to(kind)
    for name, parameter in ours.named_parameters():
        if "norm" in name:
            parameter.data.add_(torch.randn_like(parameter) / 3)
    plain.load_state_dict(ours.state_dict())

    features = (3 + torch.randn(5, 1, bands, 37)).to(kind)
    weights = torch.randn(5, ours.dim).to(kind)
    inputs = [features.clone().requires_grad_() for _ in range(2)]

    def close(a: torch.Tensor, b: torch.Tensor, what: str) -> None:
        assert (a - b).detach().norm() <= tolerance * b.detach().norm().clamp_min(0.01), what

    for training in (True, False):
        ours.train(training)
        plain.train(training)
        embeddings = ours(inputs[0], torch.full((5,), 37))
        vector, matrix = plain(inputs[1])
        close(embeddings.vector, vector, "vector")
        close(embeddings.matrix, matrix, "matrix")
        for module, x, result in ((ours, inputs[0], embeddings.vector), (plain, inputs[1], vector)):
            module.zero_grad()
            x.grad = None
            ((result * weights).sum() + result.square().sum()).backward()
        assert inputs[0].grad is not None
        assert inputs[1].grad is not None
        close(inputs[0].grad, inputs[1].grad, "features")
        for (name, our_value), plain_value in zip(ours.named_parameters(), plain.parameters(), strict=True):
            assert our_value.grad is not None
            assert plain_value.grad is not None
            close(our_value.grad, plain_value.grad, name)
        for (name, our_value), plain_value in zip(ours.named_buffers(), plain.buffers(), strict=True):
            close(our_value.double(), plain_value.double(), name)


def test_reversed_time_with_reversed_kernels_gives_the_reversed_matrix() -> None:
    torch.manual_seed(0)
    encoder = BCResNet(Spectrogram(40)).double().eval()
    features, lengths = torch.randn(2, 1, 40, 30).double(), torch.tensor([30, 30])
    forward = encoder(features, lengths).matrix
    for module in encoder.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data = module.weight.data.flip(3)
    torch.testing.assert_close(encoder(features.flip(3), lengths).matrix, forward.flip(1))


def test_the_message_for_a_wrong_number_of_bands_lists_fitting_ones() -> None:
    with pytest.raises(Problem, match=r"fit: 39, 40, 7\d"):
        BCResNet(Spectrogram(64))
    with pytest.raises(Problem, match=r"encoder\.sub_bands = 4"):
        BCResNet(Spectrogram(40), sub_bands=4)
    BCResNet(Spectrogram(64), sub_bands=4)
