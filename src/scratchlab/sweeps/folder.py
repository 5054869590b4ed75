"""A sweep's folder: the table of its runs, and which of its columns are settings. Reading it needs no torch.

runs/sweeps/NAME-KEY/
  sweep.json              title, and the axes in the plan's order, grouped with those that move together
  runs.csv                one row per run, rewritten as runs end
  sweep.html              the page of its curves and cells
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

NAMES = ("seed", "run", "epoch")  # columns of a sweep's table that are neither settings nor metrics
TABLE = "runs.csv"


@dataclass(frozen=True)
class Folder:
    """The folder of a sweep's table; the runs themselves are two folders above, with all other runs."""

    path: Path

    @classmethod
    def find(cls, runs: Path, name: str) -> Folder:
        """The folder of this path or name, the path of its table, or the newest whose name begins with `name`.

        Raises Problem, which lists the sweeps, if there is none.
        """
        if (found := cls.of_table(Path(name))) or (found := cls.of_table(Path(name) / TABLE)):
            return found
        existing = sorted(path.parent for path in (runs / "sweeps").glob("*/sweep.json"))
        matches = [path for path in existing if path.name == name] or [path for path in existing if path.name.startswith(name)]
        if not matches:
            raise Problem(
                f"There is no table or sweep '{name}'; {runs}/sweeps holds "
                + (f"{listing(path.name for path in existing)}." if existing else "no sweep yet.")
            )
        return cls(max(matches, key=lambda path: (path / TABLE).stat().st_mtime))

    @classmethod
    def of_table(cls, path: Path) -> Folder | None:
        """The folder whose table this file is; None for any other file."""
        return cls(path.parent) if path.name == TABLE and (path.parent / "sweep.json").is_file() else None

    @property
    def table(self) -> Path:
        """The path of the table of its runs."""
        return self.path / TABLE

    @property
    def axes(self) -> tuple[str, ...]:
        """The settings that vary."""
        sweep = json.loads((self.path / "sweep.json").read_text(encoding="utf-8"))
        return tuple(name for names in sweep["axes"] for name in names)

    def compared(self) -> tuple[pl.DataFrame, list[str], list[str]]:
        """The table as text, and its columns that can be correlated: settings (categorical ones as indicator columns) and metrics."""
        rows = correlate.read(self.table)
        metrics = [name for name in rows.columns if name not in (*self.axes, *NAMES)]
        rows, settings = correlate.indicators(rows, self.axes)
        numeric = [name for name in rows.columns if not isinstance(correlate.numbers(rows[name].to_list()), str)]
        return rows, [name for name in settings if name in numeric], [name for name in metrics if name in numeric]

    def write(self, table: pl.DataFrame, title: str, together: Sequence[tuple[str, ...]]) -> None:
        """Writes the table, and the title and axes of the sweep."""
        with files.reported_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        files.write_json(self.path / "sweep.json", {"title": title, "axes": [list(names) for names in together]})
        files.write_text(self.table, table.write_csv())
