"""The Free Spoken Digit Dataset: ten digits, a few speakers, 8 kHz.

https://github.com/Jakobovski/free-spoken-digit-dataset (CC BY-SA 4.0)
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data.sources import locate, recordings
from scratchlab.types import Samples, Waveform

_NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>[^_/]+)_\d+\.\w+")
_ADVICE = (
    "download the corpus with `git clone https://github.com/Jakobovski/free-spoken-digit-dataset` and give its folder with "
    "-s data.root=FOLDER"
)


class FSDD:
    """Reads files `digit_speaker_index.wav` (or .flac) in `root` or its folder `recordings`.

    The publisher's split is not used: its test part is indices 0 to 4 of every speaker, so that every test speaker is also a
    training speaker. Protocols split by speaker instead. `load` of the Samples gives waveforms `[n, samples]`.

    >>> FSDD(root="free-spoken-digit-dataset").form
    Waveform(rate=8000)
    """

    def __init__(
        self,
        *,
        root: Annotated[str, Field(description="folder of the corpus, or of its recordings")] = "",
        rate: Annotated[int, Field(ge=1, description="samples per second; the corpus has 8000, other rates are resampled")] = 8000,
    ) -> None:
        self.form = Waveform(rate)
        self.root = root

    def read(self) -> Samples:
        """Lists the folder."""
        root = locate.folder(self.root, _ADVICE)
        root = root / "recordings" if (root / "recordings").is_dir() else root
        names = recordings.below(root)
        if not names:
            raise Problem(f"data.root = '{self.root}' contains no recording ({recordings.SUFFIX_LIST}); {_ADVICE}.")
        matches = [_NAME.fullmatch(name) for name in names]
        for name, match in zip(names, matches, strict=True):
            if match is None:
                raise Problem(f"{root / name} is not named digit_speaker_index, as in 7_jackson_32.wav.")
        words, speakers = zip(*((match["digit"], match["speaker"]) for match in matches if match), strict=True)
        return recordings.samples(root, names, words, {"speaker": speakers}, [], self.form)
