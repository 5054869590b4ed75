"""Missing cells of sweeps: rows of their tables whose runs are neither over nor running."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook.events import Event, Place, Span
from scratchlab.notebook.index.sources.of_run import state
from scratchlab.store.run import Run

OVER = ("finished", "diverged")  # a diverged run would diverge again
WAITS = (*OVER, "running")


def missing_cells(sweep: Path) -> list[Event]:
    """An event for each missing cell, at its row of runs.csv, with the sweep as project. Raises Problem if the table is damaged."""
    table = sweep / "runs.csv"
    if not table.is_file():
        return []
    try:
        axes = [name for names in json.loads((sweep / "sweep.json").read_text(encoding="utf-8"))["axes"] for name in names]
        with table.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            read = [(rows.line_num, row) for row in rows]
        return [
            _missing_cell(sweep, line, row, axes, current_state) for line, row in read if (current_state := _state(sweep, row)) not in WAITS
        ]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise Problem(f"{sweep} is damaged: {type(error).__name__}: {error}; `scratchlab sweep` writes its table again.") from None


def _state(sweep: Path, row: dict[str, str]) -> str:
    """The state in the table if the run was over then, else its current state."""
    if row["state"] in OVER:
        return row["state"]
    run = Run(sweep.parents[1] / row["run"])
    return state(run) if run.exists else "missing"


def _missing_cell(sweep: Path, line: int, row: dict[str, str], axes: list[str], current_state: str) -> Event:
    cell = ", ".join(f"{name} = {row[name]}" for name in [*axes, "seed"])
    written = datetime.fromtimestamp((sweep / "runs.csv").stat().st_mtime)
    text = f"{sweep.name} lacks {cell} ({current_state})\n{row['run']}"
    return Event("run", text, Place(sweep / "runs.csv", line, line), Span(written, written), sweep.name, state="hole")
