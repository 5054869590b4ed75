"""Decoding of single files: supported formats, values, and errors for damaged files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scratchlab.checks import Problem
from scratchlab.data import audio

Record = Callable[..., Path]


def test_16_bit_mono_is_exact(tmp_path: Path) -> None:
    steps = np.random.default_rng(0).integers(-32768, 32768, 1000).astype(np.int16)
    for name in ("a.wav", "a.flac"):
        soundfile.write(tmp_path / name, steps, 16000)
        assert np.array_equal(audio.compact(tmp_path / name, 16000), steps)
        assert np.array_equal(audio.decode(tmp_path / name, 16000), soundfile.read(tmp_path / name, dtype="float32")[0])


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW"])
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_any_rate_and_channels(tmp_path: Path, record: Record, subtype: str, channels: int, rate: int) -> None:
    sound = audio.decode(record(tmp_path / "a.wav", seconds=0.5, rate=rate, channels=channels, subtype=subtype), 16000)
    assert sound.dtype == np.float32
    assert sound.shape == (8000,)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 16000)
    assert np.abs(sound - tone)[200:-200].max() < 0.02


def test_stereo_is_averaged(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([[0.5, -0.5], [0.5, 0.0]]), 16000)
    assert np.allclose(audio.decode(tmp_path / "a.wav", 16000), [0, 0.25], atol=1e-4)


def assert_refused(path: Path, expected: str) -> None:
    """Decoding the file raises Problem with one sentence that names the path and contains `expected`."""
    with pytest.raises(Problem) as caught:
        audio.decode(path, 16000)
    message = str(caught.value)
    assert str(path) in message
    assert expected in message
    assert message.endswith(".")
    assert "\n" not in message


def test_missing(tmp_path: Path) -> None:
    assert_refused(tmp_path / "a.wav", "There is no recording")


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
def test_not_sound(tmp_path: Path, name: str) -> None:
    for content in (b"", b"not sound" * 100):
        (tmp_path / name).write_bytes(content)
        assert_refused(tmp_path / name, "cannot be decoded")


@pytest.mark.parametrize("damage", ["flipped", "cut", "zeroed", "missing stretch"])
def test_corrupt_flac(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 16000), 16000)
    whole = path.read_bytes()
    for at in np.random.default_rng(1).integers(200, len(whole) - 1500, 10).tolist():
        path.write_bytes(
            {
                "flipped": whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :],
                "cut": whole[:at],
                "zeroed": whole[:at] + bytes(1000) + whole[at + 1000 :],
                "missing stretch": whole[:at] + whole[at + 500 :],
            }[damage]
        )
        assert_refused(path, "")


def test_fewer_samples_than_the_header_states(tmp_path: Path, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some versions of the decoder stop early without an error."""
    path = record(tmp_path / "a.flac")
    read = soundfile.SoundFile.read
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda self, **kind: read(self, **kind)[:-1])
    assert_refused(path, "1600 samples, but only 1599")


def test_wav_cut_short(tmp_path: Path, record: Record) -> None:
    path = record(tmp_path / "a.wav")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert_refused(path, "cut short")


def test_wav_that_was_streamed(tmp_path: Path, record: Record) -> None:
    """Its header holds the largest possible length, since the writer did not know the real one."""
    path = record(tmp_path / "a.wav")
    whole = bytearray(path.read_bytes())
    whole[4:8] = whole[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(whole)
    assert len(audio.decode(path, 16000)) == 1600


def test_empty(tmp_path: Path, record: Record) -> None:
    assert_refused(record(tmp_path / "a.wav", seconds=0), "empty")
    assert_refused(record(tmp_path / "b.wav", seconds=1 / 48000, rate=48000), "empty")


def test_not_finite(tmp_path: Path) -> None:
    for value in (np.nan, np.inf):
        soundfile.write(tmp_path / "a.wav", np.array([0.0, value, 0.0]), 16000, subtype="FLOAT")
        assert_refused(tmp_path / "a.wav", "not finite")
