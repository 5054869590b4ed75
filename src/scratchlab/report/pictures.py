"""Images, spectrograms and recordings as data URIs, so that a page needs no other file."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import numpy as np
import numpy.typing as npt
import soundfile

from scratchlab.types import Floats, Image, Waveform

Bytes = npt.NDArray[np.uint8]

SECONDS = 10.0  # of a recording that a page embeds, at most
FRAMES = 400  # columns of a spectrogram, at most
RANGE = 70.0  # decibels below the maximum that the colours show
STOPS = (
    (0.0, 11, 14, 30),
    (0.3, 46, 42, 110),
    (0.55, 150, 52, 110),
    (0.8, 240, 140, 60),
    (1.0, 252, 240, 190),
)  # (level, red, green, blue), from quiet to loud


def sound(values: Floats, form: Waveform | Image) -> str:
    """The first `SECONDS` of a recording `[samples]` as 16-bit FLAC, which browsers play and which is half the size of WAV; an empty string
    for an image."""
    if isinstance(form, Image):
        return ""
    file = io.BytesIO()
    soundfile.write(file, np.clip(values[: int(SECONDS * form.rate)], -1.0, 1.0), form.rate, format="FLAC", subtype="PCM_16")
    return _uri("audio/flac", file.getvalue())


def picture(values: Floats, form: Waveform | Image) -> str:
    """An image `[channels, height, width]`, or the spectrogram of a recording `[samples]`, as PNG."""
    if isinstance(form, Waveform):
        return _uri("image/png", png(_coloured(1 + spectrogram(values[: int(SECONDS * form.rate)], form.rate) / RANGE)))
    pixels = np.clip(np.rint(255 * values), 0, 255).astype(np.uint8)
    return _uri("image/png", png(np.moveaxis(pixels[:3], 0, 2) if len(pixels) >= 3 else pixels[0]))


def spectrogram(values: Floats, rate: int) -> npt.NDArray[np.float64]:
    """The power spectrogram `[bins, frames]` in decibels relative to its maximum, from 0 down to -RANGE; highest frequency first.

    Hann windows of 32 ms every 10 ms (or more, in a long recording); a bin is 31 Hz wide. Silence is -RANGE everywhere.
    """
    size = max(8, round(0.032 * rate))
    hop = max(1, round(0.010 * rate), -(-len(values) // FRAMES))
    padded = np.pad(values.astype(np.float64), (size // 2, size))
    starts = np.arange(0, max(1, len(values)), hop)
    frames = padded[starts[:, None] + np.arange(size)] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames, axis=1)).T[::-1] ** 2
    loudest = power.max(initial=0.0)
    if loudest <= 0.0:
        return np.full(power.shape, -RANGE)  # silence
    return np.maximum(10 * np.log10(np.maximum(power / loudest, 1e-30)), -RANGE)


def colour_png(levels: npt.NDArray[np.float64]) -> str:
    """Values `[height, width]` from 0 to 1 in the colours of a spectrogram, as PNG; values beyond are clipped."""
    return _uri("image/png", png(_coloured(levels)))


def _coloured(levels: npt.NDArray[np.float64]) -> Bytes:
    """RGB `[height, width, 3]` of levels from 0 to 1; brightness increases with the level."""
    stops = np.array(STOPS)
    return np.stack([np.interp(levels, stops[:, 0], stops[:, i]) for i in (1, 2, 3)], axis=2).round().astype(np.uint8)


def png(pixels: Bytes) -> bytes:
    """A PNG file of grey `[height, width]` or coloured `[height, width, 3]` pixels. Source: W3C, PNG specification, third edition."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    lines = np.pad(pixels.reshape(height, -1), ((0, 0), (1, 0)))  # each line begins with its filter type; 0: none
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)) + chunk(b"IEND", b"")


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
