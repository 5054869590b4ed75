"""Your own recordings: a folder per class, or a table that lists the files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data.sources import locate, recordings, table
from scratchlab.types import Samples, Waveform

_ADVICE = "give a folder that contains one folder per class with -s data.root=FOLDER, or a table with -s data.csv=FILE"


class AudioFolder:
    """Recordings of any rate, length and number of channels.

    With `root`, the class of a recording is the top-level folder that contains it, at any depth. A class folder without
    recordings and a recording outside of a class folder are errors, since that class or clip would silently be missing. `read` lists the
    recordings; `load` of its Samples gives waveforms `[n, samples]`.

    >>> AudioFolder(root="my_words", rate=8000).form  # my_words/WORD/*.wav
    Waveform(rate=8000)
    """

    def __init__(
        self,
        *,
        root: Annotated[str, Field(description="the folder that contains one folder per class")] = "",
        csv: Annotated[str, Field(description="instead of root: a CSV table; paths in it are relative to its folder")] = "",
        path_column: Annotated[str, Field(description="the table's column of file paths")] = "path",
        label_column: Annotated[str, Field(description="the table's column of class names")] = "label",
        group_column: Annotated[
            str | list[str],
            Field(description="the table's column or columns of groups, such as speakers; by default splits are disjoint in the first"),
        ] = "",
        split_column: Annotated[str, Field(description="the table's column of splits: train, valid or test")] = "",
        rate: Annotated[int, Field(ge=1, description="samples per second; other rates are resampled")] = 16000,
    ) -> None:
        if root and csv:
            raise Problem("data.root and data.csv are both set; give either a folder or a table.")
        if not csv and (group_column or split_column):
            raise Problem("data.group_column and data.split_column name columns of a table; set data.csv to the table.")
        self.form = Waveform(rate)
        self.root, self.csv = root, csv
        self.path_column, self.label_column, self.split_column = path_column, label_column, split_column
        self.group_columns = [group_column] if isinstance(group_column, str) and group_column else list(group_column)

    def read(self) -> Samples:
        """Lists the folder, or the table."""
        return self._from_table(Path(self.csv).expanduser()) if self.csv else self._from_folders(locate.folder(self.root, _ADVICE))

    def _from_folders(self, root: Path) -> Samples:
        names = recordings.below(root)
        if not names:
            raise Problem(f"data.root = '{self.root}' contains no recording ({recordings.SUFFIX_LIST}); {_ADVICE}.")
        outside = [name for name in names if "/" not in name]
        if outside:
            raise Problem(f"{root / outside[0]} is not in a class folder; put it into a folder named after its class.")
        words = [name.partition("/")[0] for name in names]
        empty = sorted(set(recordings.folders(root)) - set(words))
        if empty:
            raise Problem(f"The class folder {root / empty[0]} contains no recording ({recordings.SUFFIX_LIST}); fill or remove it.")
        return recordings.samples(root, names, words, {}, [], self.form)

    def _from_table(self, path: Path) -> Samples:
        clips = table.read(path)
        words = clips.column(self.label_column, setting="label_column")
        groups = {name: clips.column(name, setting="group_column") for name in self.group_columns}
        splits = clips.splits(self.split_column, setting="split_column") if self.split_column else []
        names = clips.files(path.parent, self.path_column, setting="path_column")
        return recordings.samples(path.parent, names, words, groups, splits, self.form)
