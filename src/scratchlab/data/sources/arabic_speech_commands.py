"""Arabic Speech Commands: 40 words, 30 speakers, 10 rounds, one-second clips.

A. Ghandoura, F. Hjabo, O. Al Dakkak, "Building and benchmarking an Arabic Speech Commands dataset for small-footprint
keyword spotting", Engineering Applications of Artificial Intelligence 102 (2021) (CC BY 4.0).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data import downloads
from scratchlab.data.sources import locate, recordings, table
from scratchlab.types import Samples, Waveform

_URL = "https://github.com/abdulkaderghandoura/arabic-speech-commands-dataset/archive/refs/heads/master.zip"
_TABLES = ("train", "val", "test")
_FILE = ("file", "path", "filename")
_WORD = ("word", "class", "label")
_SPEAKER = re.compile(r"(?:.*/)?(\d+)_NO_[^/]*")
_ADVICE = "give the folder of the unpacked corpus with -s data.root=FOLDER, or download it with -s data.download=true"


class ArabicSpeechCommands:
    """Reads the corpus from its tables: `clips.csv` (file, word, speaker, split), or the publisher's train.csv, val.csv and test.csv.

    The publisher's split is speaker-disjoint. "val" becomes "valid"; but where there is no test part, the val speakers are the
    held-out ones: they become "test", and a protocol draws its validation speakers from the others. `load` of the Samples gives waveforms
    `[n, samples]`.

    >>> ArabicSpeechCommands(root="arabic_speech_commands").form
    Waveform(rate=16000)
    """

    def __init__(
        self,
        *,
        root: Annotated[str, Field(description="folder of the unpacked corpus; takes precedence over download")] = "",
        download: Annotated[bool, Field(description="download the corpus into the cache folder if it is not cached")] = False,
        url: Annotated[str, Field(description="address of the archive")] = _URL,
        sha256: Annotated[str, Field(description="checksum of the archive; empty: not checked, and the actual one is printed")] = "",
        rate: Annotated[int, Field(ge=1, description="samples per second; other rates are resampled")] = 16000,
    ) -> None:
        self.form = Waveform(rate)
        self.root, self.download, self.url, self.sha256 = root, download, url, sha256

    def read(self) -> Samples:
        """Lists the corpus, after downloading it if `download` is set."""
        download = self.download and not self.root
        root = downloads.fetch("arabic_speech_commands", self.url, self.sha256) if download else locate.folder(self.root, _ADVICE)
        paths = [root / "clips.csv"] if (root / "clips.csv").is_file() else [root / f"{name}.csv" for name in _TABLES]
        tables = [table.read(path) for path in paths if path.is_file()]
        if not tables:
            raise Problem(f"{root} contains neither clips.csv nor any of {', '.join(f'{name}.csv' for name in _TABLES)}; {_ADVICE}.")
        base = _base(root, tables[0].column(*_FILE)[0])
        names = [name for clips in tables for name in clips.files(base, *_FILE)]
        words = [word for clips in tables for word in clips.column(*_WORD)]
        speakers = [_speaker(base / name) for name in names]
        splits = [split for clips in tables for split in _splits(clips)]
        if "test" not in splits:
            splits = ["test" if split == "valid" else split for split in splits]
        return recordings.samples(base, names, words, {"speaker": speakers}, splits, self.form)


def _base(root: Path, file: str) -> Path:
    """The folder to which the paths in the tables are relative; `file` is one of them."""
    return root if (root / file).exists() or not (root / "dataset").is_dir() else root / "dataset"


def _splits(clips: table.Table) -> list[str]:
    """The split of each row: from a column in clips.csv, from the file's name for the publisher's tables."""
    if clips.path.stem in _TABLES:
        return [clips.path.stem.replace("val", "valid")] * len(clips.lines)
    return clips.splits("split")


def _speaker(path: Path) -> str:
    match = _SPEAKER.fullmatch(path.as_posix())
    if match is None:
        raise Problem(f"The name of {path} contains no speaker; files of this corpus are named as in word/00000001_NO_01.wav.")
    return match[1]
