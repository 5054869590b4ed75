"""Runs with their own notes, and missing cells of sweeps."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook.events import Event
from scratchlab.notebook.index.sources.interface import Read
from scratchlab.notebook.index.sources.missing_cells import missing_cells
from scratchlab.notebook.index.sources.of_run import of_run, state
from scratchlab.notebook.index.table import digest
from scratchlab.notebook.settings import Settings
from scratchlab.notebook.vault import notes
from scratchlab.notebook.vault.decoding import lines
from scratchlab.notebook.walk import Refused
from scratchlab.store.run import Run

FILES = ("status.json", "result.json", "metrics.jsonl", "note.md")  # may change during a run or after it


class Runs:
    """One item per run and per sweep in the folders of runs."""

    def __init__(self, settings: Settings) -> None:
        self.folders = settings.runs

    def stamps(self, refused: Refused) -> Iterator[tuple[str, str]]:
        """The stamp of a run is its state (which a kill changes without touching a file) and its files; of a sweep, its missing cells."""
        for folder in self.folders:
            if not os.access(folder, os.R_OK | os.X_OK):  # glob would silently find nothing
                refused[str(folder)] = "permission denied"
                continue
            for path in sorted(folder.glob("[!.]*/status.json")):
                with contextlib.suppress(FileNotFoundError):  # a run deleted since it was listed
                    yield str(path.parent), f"{state(Run(path.parent))} {_changes(path.parent)}"
            for path in sorted(folder.glob("sweeps/*/sweep.json")):
                yield str(path.parent), _missing_digest(path.parent)

    def read(self, key: str) -> tuple[str, Read]:
        """The digest and events of a run or a sweep."""
        folder = Path(key)
        if (folder / "sweep.json").is_file():
            found = missing_cells(folder)
            return digest(repr(found).encode()), lambda: found
        run = Run(folder)
        parts = [path.read_bytes() for name in FILES if (path := folder / name).is_file()]
        if not parts:
            raise FileNotFoundError(f"{folder} has been deleted")
        content = json.dumps([state(run), *map(digest, parts)])
        return digest(content.encode()), lambda: [of_run(run), *_note(folder)]


def _missing_digest(sweep: Path) -> str:
    """A digest of the missing cells; for a damaged table the error, which reading it then reports."""
    try:
        return digest(repr(missing_cells(sweep)).encode())
    except (Problem, OSError) as error:
        return str(error)


def _changes(folder: Path) -> str:
    return " ".join(str((folder / name).stat().st_mtime_ns) for name in FILES if (folder / name).is_file())


def _note(folder: Path) -> list[Event]:
    """The events of the run's own note, under the run's name as heading."""
    path = folder / "note.md"
    if not path.is_file():
        return []
    found = notes.events(path, lines(path.read_bytes()), date.fromtimestamp(path.stat().st_mtime), folder.name)
    return [replace(event, heading=(folder.name, *event.heading)) for event in found]
