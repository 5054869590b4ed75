"""A sweep's folder: the table of its runs, and what of it are settings. Reading it needs no torch.

runs/sweeps/NAME-KEY/
  sweep.json              title, and the axes in the plan's order
  runs.csv                a row a run, written anew as runs end
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from scratchlab.checks import Problem, listing
from scratchlab.store import files


@dataclass(frozen=True)
class Folder:
    """Where the table of a sweep lies; its runs lie two folders above, beside all others."""

    path: Path

    @classmethod
    def find(cls, runs: Path, name: str) -> Folder:
        """The one of this path or name, or whose name begins with it. Raises Problem that lists those there are."""
        if (Path(name) / "sweep.json").is_file():
            return cls(Path(name))
        there = sorted(path.parent for path in (runs / "sweeps").glob("*/sweep.json"))
        fitting = [path for path in there if path.name == name] or [path for path in there if path.name.startswith(name)]
        if len(fitting) != 1:
            kind = f"{len(fitting)} sweeps are" if fitting else "no table and no sweep is"
            raise Problem(f"'{name}': {kind} called so; in {runs}/sweeps there are: {listing(path.name for path in there)}.")
        return cls(fitting[0])

    @property
    def table(self) -> Path:
        """The file of its runs."""
        return self.path / "runs.csv"

    @property
    def axes(self) -> tuple[str, ...]:
        """The settings that vary."""
        return tuple(json.loads((self.path / "sweep.json").read_text(encoding="utf-8"))["axes"])

    def write(self, table: pl.DataFrame, title: str, axes: tuple[str, ...]) -> None:
        """Writes both files."""
        self.path.mkdir(parents=True, exist_ok=True)
        files.write_json(self.path / "sweep.json", {"title": title, "axes": list(axes)})
        files.write_text(self.table, table.write_csv())
