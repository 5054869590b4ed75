"""Pictures and sound inside the page, decoded by other libraries."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
import soundfile

from scratchlab.report import pictures
from scratchlab.types import Image, Waveform

PIL = pytest.importorskip("PIL.Image")


def content(uri: str, kind: str) -> io.BytesIO:
    head, _, body = uri.partition(";base64,")
    assert head == f"data:{kind}"
    return io.BytesIO(base64.b64decode(body, validate=True))


def pixels(uri: str) -> Any:
    return np.asarray(PIL.open(content(uri, "image/png")))


def test_grey_and_coloured_images_come_back_to_the_last_bit() -> None:
    rng = np.random.default_rng(0)
    grey, coloured = rng.integers(0, 256, (1, 7, 5)), rng.integers(0, 256, (3, 6, 9))
    assert (pixels(pictures.picture((grey / 255).astype(np.float32), Image(1, 7, 5))) == grey[0]).all()
    assert (pixels(pictures.picture((coloured / 255).astype(np.float32), Image(3, 6, 9))) == np.moveaxis(coloured, 0, 2)).all()


def test_sound_comes_back_to_half_a_step() -> None:
    clip = np.random.default_rng(1).uniform(-1.2, 1.2, 3000).astype(np.float32)
    heard, rate = soundfile.read(content(pictures.sound(clip, Waveform(8000)), "audio/flac"))
    assert rate == 8000
    assert np.abs(heard - np.clip(clip, -1, 1)).max() <= 2.0**-15
    long = pictures.sound(np.zeros(30 * 8000, np.float32), Waveform(8000))
    assert len(soundfile.read(content(long, "audio/flac"))[0]) == pictures.SECONDS * 8000


def test_a_tone_is_a_line_at_its_frequency() -> None:
    """1 kHz at 8 kHz: a quarter of the way up; twice as loud is 6 dB."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000).astype(np.float32)
    tone[:4000] /= 2
    seen = pictures.spectrogram(tone, 8000)
    line = seen[:, 75].argmax()
    assert 1 - line / (len(seen) - 1) == pytest.approx(0.25, abs=0.01)
    assert seen[line, 75] == pytest.approx(0, abs=0.1)
    assert seen[line, 25] == pytest.approx(-6.02, abs=0.1)


@pytest.mark.parametrize("samples", [1, 40, 8000 * 60])
def test_any_length_and_silence(samples: int) -> None:
    seen = pixels(pictures.picture(np.zeros(samples, np.float32), Waveform(8000)))
    assert seen.shape[1] <= pictures.FRAMES + 1
    assert len(np.unique(seen.reshape(-1, 3), axis=0)) == 1
