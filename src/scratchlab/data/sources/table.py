"""Reading of CSV tables, with error messages that name the file and the line."""

from __future__ import annotations

import csv
import os
import posixpath
from dataclasses import dataclass
from pathlib import Path

from scratchlab.checks import Problem, listing, nearest

_SPLITS = {"training": "train", "val": "valid", "validation": "valid", "testing": "test"}


@dataclass(frozen=True)
class Table:
    """columns: by name, the `[n]` cells of each column. lines: `[n]`, the line of the file at which each row ends."""

    path: Path
    columns: dict[str, list[str]]
    lines: list[int]

    def column(self, *names: str, setting: str = "") -> list[str]:
        """The cells of the first column in `names` that exists. Raises Problem where none exists and for an empty cell.

        setting: the setting in [data] that names the column, for error messages.
        """
        name = self._name(names, setting)
        for line, cell in zip(self.lines, self.columns[name], strict=True):
            if not cell:
                raise Problem(f"{self.path}, line {line}: the column '{name}' is empty.")
        return self.columns[name]

    def _name(self, names: tuple[str, ...], setting: str) -> str:
        for name in names:
            if name in self.columns:
                return name
        expected = " or ".join(f"'{name}'" for name in names) + (f" (data.{setting})" if setting else "")
        raise Problem(f"{self.path} has no column {expected}; its columns are: {listing(self.columns)}.{nearest(names[0], self.columns)}")

    def files(self, folder: Path, *names: str, setting: str = "") -> list[str]:
        """A column of file paths, relative to `folder` if they are inside it. Raises Problem for a missing file and a repeated one."""
        line_of: dict[str, int] = {}
        for line, cell in zip(self.lines, self.column(*names, setting=setting), strict=True):
            file = posixpath.normpath(cell.replace("\\", "/")).removeprefix(f"{folder.absolute().as_posix()}/")
            if file in line_of:
                raise Problem(f"{self.path} lists {file} twice, in lines {line_of[file]} and {line}.")
            if not os.path.isfile(folder / file):  # noqa: PTH113 - takes a third of the time of Path.is_file
                raise Problem(f"{self.path}, line {line}: there is no file {folder / file}.")
            line_of[file] = line
        return list(line_of)

    def splits(self, name: str, *, setting: str = "") -> list[str]:
        """A column of splits as "train", "valid", "test" or ""; "val", "validation", "training" and "testing" are accepted too."""
        cells = self.columns[self._name((name,), setting)]
        splits = [_SPLITS.get(cell.lower(), cell.lower()) for cell in cells]
        for line, split, cell in zip(self.lines, splits, cells, strict=True):
            if split not in ("train", "valid", "test", ""):
                raise Problem(f"{self.path}, line {line}: a split must be 'train', 'valid', 'test' or empty, not '{cell}'.")
        return splits


def read(path: Path) -> Table:
    """Reads a CSV file in UTF-8, separated by commas, with column names in the first line. Raises Problem, naming the line, otherwise."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            numbered = [(reader.line_num, row) for row in reader if row]
    except FileNotFoundError:
        raise Problem(f"There is no table at {path.absolute()}.") from None
    except IsADirectoryError:
        raise Problem(f"{path} is a folder, not a table.") from None
    except UnicodeDecodeError:
        raise Problem(f"{path}, line {_first_not_utf8(path)} is not UTF-8 text; save the table as UTF-8.") from None
    except csv.Error as error:
        raise Problem(f"{path} cannot be read as a table: {error}.") from None
    return _checked(path, numbered)


def _checked(path: Path, numbered: list[tuple[int, list[str]]]) -> Table:
    if not numbered:
        raise Problem(f"{path} is empty; its first line must name the columns.")
    names = [name.strip() for name in numbered[0][1]]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise Problem(f"{path} has more than one column named {listing(repeated)}.")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        raise Problem(f"{path} is not separated by commas: its first line is a single column, '{names[0]}'; save it with commas.")
    for line, row in numbered[1:]:
        if len(row) != len(names):
            raise Problem(f"{path}, line {line}: {len(row)} cells, but the first line names {len(names)} columns ({listing(names)}).")
    if len(numbered) == 1:
        raise Problem(f"{path} has column names but no rows.")
    columns = zip(*(row for _, row in numbered[1:]), strict=True)
    return Table(
        path,
        {name: [cell.strip() for cell in cells] for name, cells in zip(names, columns, strict=True)},
        [line for line, _ in numbered[1:]],
    )


def _first_not_utf8(path: Path) -> int:
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        return error.object[: error.start].count(b"\n") + 1
    return 1
