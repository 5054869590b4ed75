"""Batch normalisation: equal to torch's, with masks, and distributed over two processes."""

from __future__ import annotations

import socket
from pathlib import Path

import torch
from torch import Tensor, distributed, multiprocessing, nn

from scratchlab.models.batch_norm import BatchNorm
from scratchlab.models.encoders.bc_resnet import BCResNet
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.interface import Encoder
from scratchlab.types import Spectrogram

PARTS = [slice(0, 3), slice(3, 8)]  # of the batch, one for each process; of different sizes


def test_planes_equal_torch_s_batch_norm() -> None:
    torch.manual_seed(0)
    ours, theirs = BatchNorm(6).double(), nn.BatchNorm2d(6).double()
    x = (2 + torch.randn(6, 4, 7, 5).double()).requires_grad_()
    for training in (True, False):
        ours.train(training)
        theirs.train(training)
        ours_out = ours.planes(x.clone(), rectified=True)
        theirs_out = theirs(x.transpose(0, 1)).relu().transpose(0, 1)
        torch.testing.assert_close(ours_out, theirs_out)
        ours_grads = torch.autograd.grad(ours_out.square().sum(), (x, *ours.parameters()))
        theirs_grads = torch.autograd.grad(theirs_out.square().sum(), (x, *theirs.parameters()))
        for a, b in zip(ours_grads, theirs_grads, strict=True):
            torch.testing.assert_close(a, b)
    for a, b in zip(ours.buffers(), theirs.buffers(), strict=True):
        torch.testing.assert_close(a, b)


def test_padding_is_ignored() -> None:
    torch.manual_seed(0)
    ours, theirs = BatchNorm(3).double(), nn.BatchNorm2d(3).double()
    x = torch.randn(2, 3, 4, 5).double()
    real = torch.tensor([[True] * 5, [True] * 2 + [False] * 3])
    y = ours(x, real)
    real_values = torch.cat([x[0], x[1, :, :, :2]], 2)[None]
    expected = theirs(real_values)
    torch.testing.assert_close(y[0], expected[0, :, :, :5])
    torch.testing.assert_close(y[1, :, :, :2], expected[0, :, :, 5:])
    assert (y[1, :, :, 2:] == 0).all()
    torch.testing.assert_close(ours.running_var, theirs.running_var)


def batch() -> tuple[Tensor, Tensor]:
    lengths = torch.tensor([30, 12, 30, 7, 25, 30, 1, 18])
    features = torch.randn(8, 1, 40, 30, generator=torch.Generator().manual_seed(1)).double()
    return features * (torch.arange(30) < lengths[:, None])[:, None, None], lengths


def encoders() -> list[Encoder]:
    torch.manual_seed(0)
    return [BCResNet(Spectrogram(40), dropout=0.0).double(), Conv4(Spectrogram(40), channels=6).double()]


def one_step(encoder: Encoder, features: Tensor, lengths: Tensor) -> list[Tensor]:
    """The vectors, the gradient of every parameter, and the running statistics."""
    vector = encoder(features, lengths).vector
    vector.square().sum().backward()
    grads = [parameter.grad for parameter in encoder.parameters() if parameter.grad is not None]
    return [vector.detach(), *grads, *encoder.buffers()]


def _process(rank: int, port: int, folder: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    features, lengths = (part[PARTS[rank]] for part in batch())
    torch.save([one_step(encoder, features, lengths) for encoder in encoders()], Path(folder) / f"{rank}.pt")
    distributed.destroy_process_group()


def test_two_processes_equal_one(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(_process, (port, str(tmp_path)), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    features, lengths = batch()
    for encoder, ours_out, theirs_out in zip(encoders(), first, second, strict=True):
        parameters = len(list(encoder.parameters()))
        alone = one_step(encoder, features, lengths)
        torch.testing.assert_close(torch.cat([ours_out[0], theirs_out[0]]), alone[0])
        for i in range(1, len(alone)):
            torch.testing.assert_close(ours_out[i] + theirs_out[i] if i <= parameters else ours_out[i], alone[i])
