"""The Free Spoken Digit Dataset: ten digits, a few speakers, 8 kHz.

https://github.com/Jakobovski/free-spoken-digit-dataset (CC BY-SA 4.0)
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data.sources import place, recordings
from scratchlab.types import Samples, Waveform

_NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>[^_/]+)_\d+\.\w+")
_ADVICE = (
    "get the corpus with `git clone https://github.com/Jakobovski/free-spoken-digit-dataset` and give its folder with -s data.root=FOLDER"
)


class FSDD:
    """Files `digit_speaker_index.wav` (or .flac), in the folder or its `recordings`.

    The publisher's split is not used: its test part is indices 0 to 4 of every speaker, so each tested speaker is also a
    training speaker. A protocol splits by speaker instead.
    """

    def __init__(
        self,
        *,
        root: Annotated[str, Field(description="the folder of the corpus, or of its recordings")] = "",
        rate: Annotated[int, Field(ge=1, description="samples per second; the corpus has 8000, other rates are resampled")] = 8000,
    ) -> None:
        self.form = Waveform(rate)
        self.root = root

    def read(self) -> Samples:
        """Lists the folder."""
        root = place.folder(self.root, _ADVICE)
        root = root / "recordings" if (root / "recordings").is_dir() else root
        names = recordings.below(root)
        if not names:
            raise Problem(f"data.root = '{self.root}' holds no recording ({recordings.KINDS}); {_ADVICE}.")
        found = [_NAME.fullmatch(name) for name in names]
        for name, match in zip(names, found, strict=True):
            if match is None:
                raise Problem(f"{root / name} is not named digit_speaker_index, as in 7_jackson_32.wav.")
        words, speakers = zip(*((match["digit"], match["speaker"]) for match in found if match), strict=True)
        return recordings.samples(root, names, words, {"speaker": speakers}, [], self.form)
