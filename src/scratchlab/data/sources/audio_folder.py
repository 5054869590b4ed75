"""Your own recordings: a folder for each class, or a table that lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data.sources import place, recordings, table
from scratchlab.types import Samples, Waveform

_ADVICE = "point at a folder that holds one folder for each class with -s data.root=FOLDER, or at a table with -s data.csv=FILE"


class AudioFolder:
    """Recordings of any rate, length and number of channels.

    In a folder, the class is the first folder on the way to a recording, at whatever depth below. A class folder without
    recordings and a recording outside of one are errors: each is a class, or a clip, that would silently be missing.
    """

    def __init__(
        self,
        *,
        root: Annotated[str, Field(description="the folder with one folder for each class")] = "",
        csv: Annotated[str, Field(description="instead of root: a table; paths in it are relative to its own folder")] = "",
        path_column: Annotated[str, Field(description="the table's column of recordings")] = "path",
        label_column: Annotated[str, Field(description="the table's column of classes")] = "label",
        group_column: Annotated[
            str | list[str],
            Field(description="the table's column of speakers or the like, which no split may cut; of several, by default the first"),
        ] = "",
        split_column: Annotated[str, Field(description="the table's column of train, valid or test")] = "",
        rate: Annotated[int, Field(ge=1, description="samples per second; other rates are resampled")] = 16000,
    ) -> None:
        if root and csv:
            raise Problem("data.root and data.csv are both given; a folder and a table are two ways to say the same, so give one.")
        if not csv and (group_column or split_column):
            raise Problem("data.group_column and data.split_column name columns of a table; give it with data.csv.")
        self.form = Waveform(rate)
        self.root, self.csv = root, csv
        self.path_column, self.label_column, self.split_column = path_column, label_column, split_column
        self.group_columns = [group_column] if isinstance(group_column, str) and group_column else list(group_column)

    def read(self) -> Samples:
        """Lists the folder, or the table."""
        return self._from_table(Path(self.csv).expanduser()) if self.csv else self._from_folders(place.folder(self.root, _ADVICE))

    def _from_folders(self, root: Path) -> Samples:
        names = recordings.below(root)
        if not names:
            raise Problem(f"data.root = '{self.root}' holds no recording ({recordings.KINDS}); {_ADVICE}.")
        loose = [name for name in names if "/" not in name]
        if loose:
            raise Problem(f"{root / loose[0]} lies in no class; put it into a folder named after its class.")
        words = [name.partition("/")[0] for name in names]
        hollow = sorted(set(recordings.folders(root)) - set(words))
        if hollow:
            raise Problem(f"The class folder {root / hollow[0]} holds no recording ({recordings.KINDS}); fill it or take it away.")
        return recordings.samples(root, names, words, {}, [], self.form)

    def _from_table(self, path: Path) -> Samples:
        listed = table.read(path)
        words = listed.column(self.label_column, setting="label_column")
        groups = {name: listed.column(name, setting="group_column") for name in self.group_columns}
        splits = listed.splits(self.split_column, setting="split_column") if self.split_column else []
        names = listed.files(path.parent, self.path_column, setting="path_column")
        return recordings.samples(path.parent, names, words, groups, splits, self.form)
