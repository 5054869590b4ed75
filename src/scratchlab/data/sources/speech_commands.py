"""Google Speech Commands, version 0.02: 35 words, 2,618 speakers, about 105,000 one-second clips.

P. Warden, "Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition", arXiv 1804.03209 (CC BY 4.0).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data import downloads
from scratchlab.data.sources import locate, recordings
from scratchlab.types import Samples, Waveform

_URL = "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz"
_SHA256 = "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58"
_LISTS = {"testing_list.txt": "test", "validation_list.txt": "valid"}
_ADVICE = "give the folder of the unpacked corpus with -s data.root=FOLDER, or download it (2.3 GB) with -s data.download=true"


class SpeechCommands:
    """Reads one folder per word; the speaker is the part of a file name before `_nohash_`. The publisher's split is speaker-disjoint.

    `load` of the Samples gives waveforms `[n, samples]`.

    >>> SpeechCommands(root="speech_commands_v0.02").form
    Waveform(rate=16000)
    """

    def __init__(
        self,
        *,
        root: Annotated[str, Field(description="folder of the unpacked corpus; takes precedence over download")] = "",
        download: Annotated[bool, Field(description="download the corpus into the cache folder if it is not cached")] = False,
        url: Annotated[str, Field(description="address of the archive")] = _URL,
        sha256: Annotated[str, Field(description="checksum of the archive; empty: not checked")] = _SHA256,
        rate: Annotated[int, Field(ge=1, description="samples per second; other rates are resampled")] = 16000,
    ) -> None:
        self.form = Waveform(rate)
        self.root, self.download, self.url, self.sha256 = root, download, url, sha256

    def read(self) -> Samples:
        """Lists the corpus, after downloading it if `download` is set."""
        download = self.download and not self.root
        root = downloads.fetch("speech_commands", self.url, self.sha256) if download else locate.folder(self.root, _ADVICE)
        split_of = {name: split for file, split in _LISTS.items() for name in _listed(root / file)}
        names = [name for name in recordings.below(root) if "/" in name and not name.startswith("_background_noise_/")]
        if not names:
            raise Problem(f"{root} contains no word folders with recordings ({recordings.SUFFIX_LIST}); {_ADVICE}.")
        for name in names:
            if "_nohash_" not in name:
                raise Problem(
                    f"The name of {root / name} contains no speaker; files of this corpus are named as in word/speaker_nohash_0.wav."
                )
        words = [name.partition("/")[0] for name in names]
        speakers = [name.rpartition("/")[2].partition("_nohash_")[0] for name in names]
        splits = [split_of.get(_stem(name), "train") for name in names]
        return recordings.samples(root, names, words, {"speaker": speakers}, splits, self.form)


def _listed(path: Path) -> list[str]:
    """The names in one of the publisher's lists, without suffixes."""
    try:
        return [_stem(line) for line in path.read_text(encoding="utf-8").split()]
    except FileNotFoundError:
        raise Problem(f"{path}, the publisher's list of a split, does not exist; {_ADVICE}.") from None


def _stem(name: str) -> str:
    """The name without its suffix, so that the lists also match a corpus converted to FLAC."""
    return name.rpartition(".")[0]
