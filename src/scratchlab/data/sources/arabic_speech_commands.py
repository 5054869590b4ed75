"""Arabic Speech Commands: 40 words, 30 speakers, 10 rounds, clips of a second.

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
from scratchlab.data.sources import place, recordings, table
from scratchlab.types import Samples, Waveform

_URL = "https://github.com/abdulkaderghandoura/arabic-speech-commands-dataset/archive/refs/heads/master.zip"
_TABLES = ("train", "val", "test")
_FILE = ("file", "path", "filename")
_WORD = ("word", "class", "label")
_SPEAKER = re.compile(r"(?:.*/)?(\d+)_NO_[^/]*")
_ADVICE = "point at the unpacked corpus with -s data.root=FOLDER, or fetch it with -s data.download=true"


class ArabicSpeechCommands:
    """The corpus as its tables list it: `clips.csv` (file, word, speaker, split), or the publisher's train, val and test.csv.

    The publisher's split keeps speakers apart. "val" is "valid"; but where there is no test part at all, the val speakers are
    the ones held out, so they are "test" and a protocol takes its own validation speakers from the others.
    """

    def __init__(
        self,
        *,
        root: Annotated[str, Field(description="the unpacked corpus; takes precedence over download")] = "",
        download: Annotated[bool, Field(description="fetch the corpus into the cache folder if it is not there")] = False,
        url: Annotated[str, Field(description="where to fetch it")] = _URL,
        sha256: Annotated[str, Field(description="checksum of what is fetched; empty: any, and its own is printed")] = "",
        rate: Annotated[int, Field(ge=1, description="samples per second; other rates are resampled")] = 16000,
    ) -> None:
        self.form = Waveform(rate)
        self.root, self.download, self.url, self.sha256 = root, download, url, sha256

    def read(self) -> Samples:
        """Lists the corpus, fetching it first if that is wanted."""
        fetched = self.download and not self.root
        root = downloads.fetch("arabic_speech_commands", self.url, self.sha256) if fetched else place.folder(self.root, _ADVICE)
        paths = [root / "clips.csv"] if (root / "clips.csv").is_file() else [root / f"{name}.csv" for name in _TABLES]
        tables = [table.read(path) for path in paths if path.is_file()]
        if not tables:
            raise Problem(f"{root} holds neither clips.csv nor {', '.join(f'{name}.csv' for name in _TABLES)}; {_ADVICE}.")
        base = _base(root, tables[0].column(*_FILE)[0])
        names = [name for listed in tables for name in listed.files(base, *_FILE)]
        words = [word for listed in tables for word in listed.column(*_WORD)]
        speakers = [_speaker(base / name) for name in names]
        splits = [split for listed in tables for split in _splits(listed)]
        if "test" not in splits:
            splits = ["test" if split == "valid" else split for split in splits]
        return recordings.samples(base, names, words, {"speaker": speakers}, splits, self.form)


def _base(root: Path, file: str) -> Path:
    """The folder that the tables' paths are relative to."""
    return root if (root / file).exists() or not (root / "dataset").is_dir() else root / "dataset"


def _splits(listed: table.Table) -> list[str]:
    """From the column of clips.csv; each of the publisher's tables is a split of its own."""
    if listed.path.stem in _TABLES:
        return [listed.path.stem.replace("val", "valid")] * len(listed.lines)
    return listed.splits("split")


def _speaker(path: Path) -> str:
    found = _SPEAKER.fullmatch(path.as_posix())
    if found is None:
        raise Problem(f"{path} does not tell its speaker: names of this corpus are word/00000001_NO_01.wav.")
    return found[1]
