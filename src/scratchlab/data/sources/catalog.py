"""The sources a recipe can name in [data]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from scratchlab.data.sources.arabic_speech_commands import ArabicSpeechCommands
from scratchlab.data.sources.audio_folder import AudioFolder
from scratchlab.data.sources.cifar10 import CIFAR10
from scratchlab.data.sources.cifar100 import CIFAR100
from scratchlab.data.sources.fsdd import FSDD
from scratchlab.data.sources.mnist import MNIST
from scratchlab.data.sources.omniglot import Omniglot
from scratchlab.data.sources.orl import ORL
from scratchlab.data.sources.sklearn_digits import SklearnDigits
from scratchlab.data.sources.speech_commands import SpeechCommands
from scratchlab.data.sources.synthetic import Synthetic
from scratchlab.types import Image, Samples, Waveform


class Source(Protocol):
    """A data set. The constructor takes only settings and does not access the disk."""

    @property
    def form(self) -> Waveform | Image:
        """The form of one input, known before the data are read."""
        ...

    def read(self) -> Samples:
        """Lists the samples; inputs may be loaded later, by `Samples.load`. Raises Problem for missing or damaged files."""
        ...


SOURCES: dict[str, Callable[..., Source]] = {
    "arabic_speech_commands": ArabicSpeechCommands,
    "audio_folder": AudioFolder,
    "cifar10": CIFAR10,
    "cifar100": CIFAR100,
    "fsdd": FSDD,
    "mnist": MNIST,
    "omniglot": Omniglot,
    "orl": ORL,
    "sklearn_digits": SklearnDigits,
    "speech_commands": SpeechCommands,
    "synthetic": Synthetic,
}
