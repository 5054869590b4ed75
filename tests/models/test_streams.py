"""Streams: each is embedded independently, by its own encoder or by a shared one."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.models.encoders.bc_resnet import BCResNet
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.frontends.lpc import LPC
from scratchlab.models.interface import Encoder
from scratchlab.models.mixing import mixed
from scratchlab.models.streams import Streams, Weights, over_streams
from scratchlab.types import Image, Spectrogram, Waveform

NAMES = ("speech", "envelope", "residual")
LENGTHS = torch.tensor([30, 30, 17, 1])


def small(form: Spectrogram | Image) -> Encoder:
    return Conv4(form, channels=6)


def features() -> Tensor:
    values = torch.rand(4, 3, 40, 30, generator=torch.Generator().manual_seed(0))
    return values * (torch.arange(30) < LENGTHS[:, None])[:, None, None]


def streams(weights: Weights, build: type[Encoder] | None = None) -> Streams:
    torch.manual_seed(0)
    embeddings = over_streams(build or small, Spectrogram(40, NAMES), weights=weights)
    assert isinstance(embeddings, Streams)
    return embeddings


@pytest.mark.parametrize("weights", ["separate", "shared"])
@pytest.mark.parametrize("build", [None, BCResNet])
def test_each_stream_is_embedded_independently(weights: Weights, build: type[Encoder] | None) -> None:
    encoder = streams(weights, build).eval()
    embeddings = encoder(features(), LENGTHS)
    assert embeddings.streams == NAMES
    assert embeddings.vector.shape == (4, encoder.dim)
    assert embeddings.matrix.shape[2] == encoder.channels
    for i, name in enumerate(NAMES):
        alone = encoder.encoders[i if weights == "separate" else 0](features()[:, i : i + 1], LENGTHS)
        part = embeddings.stream(name)
        torch.testing.assert_close(part.vector, alone.vector)
        torch.testing.assert_close(part.matrix, alone.matrix)
        assert torch.equal(part.lengths, alone.lengths)


def test_separate_encoders_have_different_initial_weights() -> None:
    assert len(streams("shared").encoders) == 1
    first, second, third = (next(encoder.parameters()) for encoder in streams("separate").encoders)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)
    assert sum(p.numel() for p in streams("separate").parameters()) == 3 * sum(p.numel() for p in streams("shared").parameters())


@pytest.mark.parametrize("weights", ["separate", "shared"])
def test_in_training_only_real_frames_count(weights: Weights) -> None:
    encoder = streams(weights).double()
    twin, values = copy.deepcopy(encoder), features().double()
    wide, narrow = encoder(F.pad(values, (0, 32)), LENGTHS), twin(values, LENGTHS)
    torch.testing.assert_close(wide.vector, narrow.vector)
    torch.testing.assert_close(wide.matrix[:, : narrow.matrix.shape[1]], narrow.matrix)
    torch.testing.assert_close(encoder.state_dict(), twin.state_dict())


def test_a_shared_encoder_has_the_statistics_of_all_streams() -> None:
    encoder = streams("shared")
    alone = copy.deepcopy(encoder.encoders[0])
    encoder(features(), LENGTHS)
    alone(features().transpose(0, 1).reshape(12, 1, 40, 30), LENGTHS.repeat(3))
    torch.testing.assert_close(encoder.encoders[0].state_dict(), alone.state_dict())


@pytest.mark.parametrize("weights", ["separate", "shared"])
def test_every_weight_has_a_gradient(weights: Weights) -> None:
    encoder = streams(weights)
    embeddings = encoder(features(), LENGTHS)
    (embeddings.vector.square().sum() + embeddings.matrix.square().sum()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() and p.grad.abs().sum() > 0 for p in encoder.parameters())


@pytest.mark.parametrize("weights", ["separate", "shared"])
@pytest.mark.parametrize("build", [None, BCResNet])
def test_inputs_are_mixed_stream_by_stream(weights: Weights, build: type[Encoder] | None) -> None:
    encoder = streams(weights, build).eval()
    order, share, lengths = torch.tensor([2, 0, 3, 1]), torch.tensor([0.2, 1.0, 0.5, 0.9]), torch.full((4,), 30)
    with torch.no_grad():
        with mixed(encoder, order, share):
            embeddings = encoder(features(), lengths)
        for i, name in enumerate(NAMES):
            own = encoder.encoders[i if weights == "separate" else 0]
            assert isinstance(own, Encoder)
            with mixed(own, order, share):
                alone = own(features()[:, i : i + 1], lengths)
            torch.testing.assert_close(embeddings.stream(name).vector, alone.vector)


@pytest.mark.parametrize("form", [Spectrogram(40), Image(1, 28, 28)])
def test_a_form_without_streams_gets_the_plain_encoder(form: Spectrogram | Image) -> None:
    assert isinstance(over_streams(small, form, weights="shared"), Conv4)


def test_one_stream_of_lpc_is_read_by_every_encoder_of_spectrograms() -> None:
    assert LPC(Waveform(16000), streams=["residual"]).form == Spectrogram(40)
    with pytest.raises(Problem, match="needs no name"):
        Spectrogram(40, ("residual",))


@pytest.mark.parametrize("weights", ["separate", "shared"])
def test_lpc_and_its_encoder_work_together(weights: Weights) -> None:
    frontend = LPC(Waveform(16000), streams=["residual", "envelope"])
    encoder = over_streams(BCResNet, frontend.form, weights=weights).eval()
    embeddings = encoder(*frontend(torch.randn(2, 4000), torch.tensor([4000, 1])))
    assert embeddings.streams == ("residual", "envelope")
    assert embeddings.vector.isfinite().all()
