"""Words to enrol: vowels in sequence, a few takes of each, that differ in pitch and length as a voice does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from scratchlab.inference import home_folder
from scratchlab.inference.enrolment import enrol
from scratchlab.inference.home import Home

RATE = 16_000
VOWELS = {"a": (800, 1200), "i": (300, 2300), "u": (320, 800), "e": (500, 1900)}  # formants in Hz
WORDS = {"ai": "ai", "ia": "ia", "ue": "ue", "au": "au"}

Sound = npt.NDArray[np.float32]


def spoken(vowels: str, take: int, *, rate: int = RATE) -> Sound:
    """Harmonics of a voice, weighted by formants that glide from vowel to vowel."""
    rng = np.random.default_rng([take, *vowels.encode()])
    seconds, pitch = rng.uniform(0.4, 0.55), rng.uniform(110, 140)
    time = np.arange(round(seconds * rate)) / rate
    glide = np.clip((time / seconds - 0.4) / 0.2, 0, 1)
    first, second = (np.array(VOWELS[vowel]) * rng.uniform(0.95, 1.05) for vowel in vowels)
    sound = np.zeros(len(time))
    for harmonic in range(1, int(3800 / pitch)):
        for before, after in zip(first, second, strict=True):
            formant = before + (after - before) * glide
            sound += np.exp(-(((harmonic * pitch - formant) / 150) ** 2)) * np.sin(2 * np.pi * harmonic * pitch * time)
    sound *= np.hanning(len(time)) ** 0.3
    return (0.3 * sound / np.abs(sound).max() + 1e-4 * rng.normal(size=len(time))).astype(np.float32)


@pytest.fixture(scope="session")
def say() -> Callable[..., Sound]:
    """The generator of words."""
    return spoken


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with four takes of four words."""
    root = tmp_path_factory.mktemp("words")
    for word, vowels in WORDS.items():
        (root / word).mkdir()
        for take in range(4):
            soundfile.write(root / word / f"{take}.wav", spoken(vowels, take), RATE)
    return root


@pytest.fixture(scope="session")
def enrolled(words: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of these words; not to be changed."""
    folder = tmp_path_factory.mktemp("enrolled") / "home"
    enrol(words, folder)
    return folder


@pytest.fixture
def home(enrolled: Path) -> Home:
    """The home of these words, opened."""
    return home_folder.load(enrolled)
