"""A sweep's folder: the table of its runs, and what of it are settings. Reading it needs no torch.

runs/sweeps/NAME-KEY/
  sweep.json              title, and the axes in the plan's order, those in one list that move together
  runs.csv                a row a run, written anew as runs end
  sweep.html              its curves and cells
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from scratchlab.analysis import correlate
from scratchlab.checks import Problem, listing
from scratchlab.store import files

NAMES = ("seed", "run", "epoch")  # columns of a sweep's table that are neither settings nor figures
TABLE = "runs.csv"


@dataclass(frozen=True)
class Folder:
    """Where the table of a sweep lies; its runs lie two folders above, beside all others."""

    path: Path

    @classmethod
    def find(cls, runs: Path, name: str) -> Folder:
        """The one of this path or name, or the latest whose name begins with it; its table's path will do.

        Raises Problem that lists those there are.
        """
        if (found := cls.of_table(Path(name))) or (found := cls.of_table(Path(name) / TABLE)):
            return found
        there = sorted(path.parent for path in (runs / "sweeps").glob("*/sweep.json"))
        fitting = [path for path in there if path.name == name] or [path for path in there if path.name.startswith(name)]
        if not fitting:
            raise Problem(
                f"'{name}': no table and no sweep is called so; in {runs}/sweeps there "
                + (f"are: {listing(path.name for path in there)}." if there else "is none yet.")
            )
        return cls(max(fitting, key=lambda path: (path / TABLE).stat().st_mtime))

    @classmethod
    def of_table(cls, path: Path) -> Folder | None:
        """The one whose table this is; None of another file."""
        return cls(path.parent) if path.name == TABLE and (path.parent / "sweep.json").is_file() else None

    @property
    def table(self) -> Path:
        """The file of its runs."""
        return self.path / TABLE

    @property
    def axes(self) -> tuple[str, ...]:
        """The settings that vary."""
        told = json.loads((self.path / "sweep.json").read_text(encoding="utf-8"))
        return tuple(name for names in told["axes"] for name in names)

    def compared(self) -> tuple[pl.DataFrame, list[str], list[str]]:
        """The table as text, and which of its columns can be correlated: settings (a word of several as yes or no to each), and figures."""
        rows = correlate.read(self.table)
        figures = [name for name in rows.columns if name not in (*self.axes, *NAMES)]
        rows, settings = correlate.told_apart(rows, self.axes)
        able = [name for name in rows.columns if not isinstance(correlate.numbers(rows[name].to_list()), str)]
        return rows, [name for name in settings if name in able], [name for name in figures if name in able]

    def write(self, table: pl.DataFrame, title: str, together: Sequence[tuple[str, ...]]) -> None:
        """Writes the table and what is known of it."""
        with files.told(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        files.write_json(self.path / "sweep.json", {"title": title, "axes": [list(names) for names in together]})
        files.write_text(self.table, table.write_csv())
