"""Linear prediction: filters against slow exact ones, the spectral identity, and clips that are hard to predict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
import soundfile
import torch
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.models.frontends.levinson import levinson
from scratchlab.models.frontends.log_mel import LogMel
from scratchlab.models.frontends.lpc import LPC, prediction, tables
from scratchlab.models.frontends.mel import power
from scratchlab.types import Image, Waveform

RATE, WINDOW, HOP, N_FFT = 16000, 480, 160, 512
ALL = ["speech", "envelope", "residual"]
VOWELS = {"a": (730, 1090, 2440), "i": (270, 2290, 3010), "u": (300, 870, 2240)}  # formants of men, Peterson and Barney (1952)


def vowel(name: str, pitch: float, noise: float = 1e-3, seconds: float = 0.5) -> Tensor:
    """A synthetic vowel: pulses and some noise filtered by three resonances, `[samples]` float32."""
    samples = round(seconds * RATE)
    source = np.diff(np.floor(np.arange(samples + 1) * pitch / RATE)) + np.random.default_rng(0).normal(scale=noise, size=samples)
    for formant, width in zip(VOWELS[name], (60, 90, 120), strict=True):
        pole = np.exp(-np.pi * width / RATE + 2j * np.pi * formant / RATE)
        source = scipy.signal.lfilter([1], np.poly([pole, pole.conjugate()]).real, source)
    return torch.from_numpy((0.5 * source / np.abs(source).max()).astype(np.float32))


def analysed(
    values: Tensor, order: int, white_noise: float = 1e-4, preemphasis: float = 0.0, n_fft: int = N_FFT
) -> tuple[Tensor, Tensor, Tensor]:
    """|X|², |A|² and g of a clip `[samples]`, in its precision, at every frequency bin."""
    spectra = power(values[None], torch.hann_window(WINDOW, dtype=torch.float64).to(values), n_fft, HOP)
    lags, waves = tables(n_fft, order, preemphasis)
    return spectra, *prediction(spectra, lags, torch.cat([waves.real, waves.imag], 1).to(values), white_noise)


def exact_envelope(values: Tensor, order: int, white_noise: float = 1e-4) -> np.ndarray:
    """g/|A|² in dB by the definitions in float64, `[frames, bins]`; minus infinity for silent frames."""
    around, hann = np.pad(values.double().numpy(), N_FFT), scipy.signal.get_window("hann", WINDOW)
    results = []
    for i in range(1 + len(values) // HOP):
        start = N_FFT - WINDOW // 2 + i * HOP
        frame = around[start : start + WINDOW] * hann
        r = np.array([frame[lag:] @ frame[: WINDOW - lag] for lag in range(order + 1)])
        if r[0] < 1e-10:
            results.append(np.full(N_FFT // 2 + 1, -np.inf))
            continue
        r[0] *= 1 + white_noise
        a = np.concatenate([[1], -scipy.linalg.solve_toeplitz(r[:-1], r[1:])])
        results.append(10 * np.log10(a @ r) - 20 * np.log10(np.abs(np.fft.rfft(a, N_FFT))))
    return np.stack(results)


def envelope_error(values: Tensor, order: int) -> float:
    """The largest difference in dB between our float32 envelope and the exact one, over all frames that are not silent."""
    _, whitening, error = analysed(values, order)
    exact = exact_envelope(values, order)
    ours = 10 * (error / whitening)[0].T.log10().double().numpy()
    sounding = np.isfinite(exact[:, 0])
    assert sounding.sum() > 10
    return float(np.abs(ours - exact)[sounding].max())


@pytest.mark.parametrize("order", [1, 2, 16, 64])
def test_filters_solve_their_toeplitz_systems(order: int) -> None:
    rng = np.random.default_rng(0)
    lines = torch.from_numpy(rng.exponential(size=(5, 257)) ** 3)
    r = tables(512, order, 0.0)[0] @ lines.T
    a, error = levinson(r, 0.01)
    for i in range(5):
        column = r[:, i].numpy() * np.where(np.arange(order + 1), 1, 1.01)
        expected = -scipy.linalg.solve_toeplitz(column[:-1], column[1:])
        np.testing.assert_allclose(a[:, i], [1, *expected], atol=1e-12)
        np.testing.assert_allclose(error[i], column @ a[:, i].numpy(), rtol=1e-12)


@pytest.mark.parametrize("order", [8, 16, 32])
@pytest.mark.parametrize("name", VOWELS)
def test_float32_envelopes_of_vowels_are_exact_to_a_tenth_of_a_decibel(name: str, order: int) -> None:
    for noise in (1e-1, 1e-3, 0.0):
        assert envelope_error(vowel(name, 130, noise), order) < 0.1


def test_float32_envelopes_of_speech_are_exact_to_a_tenth_of_a_decibel(real_data: Callable[[str], Path]) -> None:
    paths = sorted(real_data("arabic_speech_commands").rglob("*.flac"))[::400]
    assert paths
    for path in paths:
        values, rate = soundfile.read(path, dtype="float32")
        assert rate == RATE
        assert envelope_error(torch.from_numpy(values), 16) < 0.1


@pytest.mark.parametrize("preemphasis", [0.0, 0.97])
def test_at_every_bin_speech_is_envelope_times_residual_over_error_power(preemphasis: float) -> None:
    speech, whitening, error = analysed(vowel("a", 130).double(), 16, preemphasis=preemphasis)
    envelope, residual = error / whitening, speech * whitening
    torch.testing.assert_close(speech.log(), envelope.log() + residual.log() - error.log(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("white_noise", [1e-4, 1e-2])
def test_means_over_the_spectrum_are_speech_power_and_error_power(white_noise: float) -> None:
    """Both include the white noise added for numerical stability: a fraction of r_0, and the same fraction of a'a."""
    speech, whitening, error = analysed(vowel("a", 130).double(), 16, white_noise)

    def mean(spectra: Tensor) -> Tensor:
        return (spectra[:, 1:-1].sum(1, keepdim=True) * 2 + spectra[:, :1] + spectra[:, -1:]) / N_FFT

    torch.testing.assert_close(
        mean(error / whitening), mean(speech) * (1 + white_noise), rtol=0.02, atol=0
    )  # a sum over bins approximates the integral
    added = white_noise * mean(speech) * mean(whitening)
    torch.testing.assert_close(mean(speech * whitening), error - added, rtol=1e-9, atol=0)


@pytest.mark.parametrize(
    "settings", [{}, {"bands": 20, "window_ms": 32.0, "hop_ms": 16.0, "low_hz": 50.0, "high_hz": 7000.0, "floor_db": -80.0}]
)
@pytest.mark.parametrize("order", [8, 60])
def test_the_speech_stream_is_log_mel(order: int, settings: dict[str, Any]) -> None:
    values, lengths = torch.stack([vowel("a", 130), vowel("u", 90)]), torch.tensor([8000, 3001])
    ours, frames = LPC(Waveform(RATE), order=order, **settings)(values, lengths)
    theirs, expected = LogMel(Waveform(RATE), **settings)(values, lengths)
    assert torch.equal(frames, expected)
    if order == 8 and not settings:
        assert torch.equal(ours[:, :1], theirs)
    torch.testing.assert_close(ours[:, :1], theirs, rtol=0, atol=1e-3)  # the longer FFT has other rounding errors: 0.02 dB


def test_one_second_has_101_frames() -> None:
    features, frames = LPC(Waveform(RATE))(torch.zeros(1, RATE), torch.tensor([RATE]))
    assert features.shape == (1, 3, 40, 101)
    assert frames.tolist() == [101]


def test_streams_come_in_the_order_they_are_named() -> None:
    values, lengths = vowel("a", 130)[None], torch.tensor([8000])
    whole = LPC(Waveform(RATE))(values, lengths)[0]
    for names in (["residual"], ["envelope", "speech"], ["residual", "speech", "envelope"]):
        part = LPC(Waveform(RATE), streams=names)
        assert torch.equal(part(values, lengths)[0], whole[:, [ALL.index(name) for name in names]])
        assert part.form.streams == (tuple(names) if len(names) > 1 else ())


HARD = {
    "silence": torch.zeros(4000),
    "a constant": torch.full((4000,), 0.5),
    "an impulse": torch.eye(4000)[2000],
    "one sample": torch.tensor([0.7]),
    "one silent sample": torch.zeros(1),
    "a tone": torch.sin(torch.arange(4000) * 0.3),
    "the highest tone": 1.0 - 2.0 * (torch.arange(4000) % 2),
    "a clip in whole numbers": vowel("a", 130)[:4000] * 32768,
    "a very loud clip": vowel("a", 130)[:4000] * 1e6,
    "a very faint clip": vowel("a", 130)[:4000] * 1e-15,
    "the faintest clip": vowel("a", 130)[:4000] * 1e-22,
}


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("order", [1, 16, 100])
def test_hard_clips_give_finite_features(name: str, order: int) -> None:
    values = HARD[name][None]
    for settings in ({}, {"white_noise": 1e-9}, {"preemphasis": 0.97}, {"floor_db": -150.0}):
        features, _ = LPC(Waveform(RATE), order=order, **settings)(values, torch.tensor([values.shape[1]]))
        assert features.isfinite().all()
        assert (features >= 0).all()
        if "silen" in name:
            assert (features == 0).all()
        elif "faint" not in name:
            assert (features.amax((0, 2, 3)) > 1).all()


def test_an_unpredictable_clip_equals_its_residual() -> None:
    click = LPC(Waveform(RATE))(HARD["an impulse"][None], torch.tensor([4000]))[0][0]
    torch.testing.assert_close(click[2], click[0], atol=1e-4, rtol=0)
    torch.testing.assert_close(click[1], click[0], atol=1e-4, rtol=0)


def test_gain_shifts_every_stream_equally() -> None:
    values, lengths = vowel("a", 130, 0.1)[None], torch.tensor([8000])
    frontend = LPC(Waveform(RATE))
    quiet, loud = frontend(values, lengths)[0], frontend(values * 10, lengths)[0]
    sounding = quiet > 0
    assert sounding.float().mean() > 0.9
    torch.testing.assert_close(loud[sounding], quiet[sounding] + 1, atol=1e-3, rtol=0)


def test_a_vowel_does_not_depend_on_padding() -> None:
    frontend, values = LPC(Waveform(RATE)), torch.zeros(2, 8000)
    values[0], values[1, :5000] = vowel("i", 90), vowel("u", 130)[:5000]
    together, frames = frontend(values, torch.tensor([8000, 5000]))
    alone, own = frontend(values[1:, :5000], torch.tensor([5000]))
    assert frames[1] == own[0]
    torch.testing.assert_close(together[1, ..., : int(own)], alone[0], atol=1e-4, rtol=0)


def flatness(spectra: Tensor) -> float:
    """Spectral flatness: geometric over arithmetic mean of the bins below 4 kHz; the median over frames inside the clip."""
    lines = spectra[0, 1:128, 5:-5].double()
    return float((lines.log().mean(0).exp() / lines.mean(0)).median())


@pytest.mark.parametrize("name", VOWELS)
def test_a_higher_order_makes_the_residual_flatter(name: str) -> None:
    results = []
    for order in (1, 6, 16, 30):
        speech, whitening, _ = analysed(vowel(name, 130, 0.05).double(), order)
        results.append(flatness(speech * whitening))
    assert results == sorted(results)
    assert results[0] > flatness(speech)
    assert results[2] > 2 * results[0]


def test_an_order_beyond_the_pitch_period_removes_the_pitch_from_the_residual() -> None:
    results: list[float] = []
    for order in (16, 48, 80):
        speech, whitening, _ = analysed(vowel("a", RATE / 64, 0.03).double(), order, n_fft=1024)
        r = torch.fft.irfft((speech * whitening)[0, :, 5:-5], dim=0)
        results.append(float((r[60:69].amax(0) / r[0]).median()))
    assert results[0] > results[1] > 0.7
    assert results[2] < 0.5


def test_for_long_signals_librosa_s_filter_is_the_same() -> None:
    """librosa uses Burg's method, which agrees with ours in the limit of long stationary signals."""
    librosa = pytest.importorskip("librosa")
    values = scipy.signal.lfilter([1], [1, -1.2, 0.8, -0.2], np.random.default_rng(0).normal(size=2**15))
    spectra = torch.from_numpy(np.abs(np.fft.rfft(values * np.hanning(2**15), 2**16)) ** 2)[:, None]
    a, _ = levinson(tables(2**16, 3, 0.0)[0] @ spectra, 1e-9)
    np.testing.assert_allclose(a[:, 0], librosa.lpc(values, order=3), atol=0.02)


def test_unsuitable_settings_raise_problem() -> None:
    with pytest.raises(Problem, match="twice: envelope, envelope"):
        LPC(Waveform(RATE), streams=["envelope", "envelope"])
    with pytest.raises(Problem, match="below the 480 samples"):
        LPC(Waveform(RATE), order=480)
    with pytest.raises(Problem, match="lpc reads sound"):
        LPC(Image(1, 8, 8))
    with pytest.raises(Problem, match="of lpc's 400 bands"):
        LPC(Waveform(RATE), bands=400)
