"""Runs, what their own notes say, and what sweeps still lack."""

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
from scratchlab.notebook.index.sources.holes import holes
from scratchlab.notebook.index.sources.interface import Read
from scratchlab.notebook.index.sources.of_run import of_run, state
from scratchlab.notebook.index.table import digest
from scratchlab.notebook.settings import Settings
from scratchlab.notebook.vault import notes
from scratchlab.notebook.vault.decoding import lines
from scratchlab.notebook.walk import Refused
from scratchlab.store.run import Run

FILES = ("status.json", "result.json", "metrics.jsonl", "note.md")  # what may change while a run goes on, or after


class Runs:
    """Every run in the folders of runs, and every sweep there."""

    def __init__(self, settings: Settings) -> None:
        self.folders = settings.runs

    def stamps(self, refused: Refused) -> Iterator[tuple[str, str]]:
        """Of runs by their files and state, which a kill changes without a file; of sweeps by what they lack."""
        for folder in self.folders:
            if not os.access(folder, os.R_OK | os.X_OK):  # glob would find nothing in it, and say nothing
                refused[str(folder)] = "permission denied"
                continue
            for path in sorted(folder.glob("[!.]*/status.json")):
                with contextlib.suppress(FileNotFoundError):  # a run that came to nothing takes its folder back
                    yield str(path.parent), f"{state(Run(path.parent))} {_changes(path.parent)}"
            for path in sorted(folder.glob("sweeps/*/sweep.json")):
                yield str(path.parent), _lacking(path.parent)

    def read(self, key: str) -> tuple[str, Read]:
        """Digest and events of a run or a sweep."""
        folder = Path(key)
        if (folder / "sweep.json").is_file():
            found = holes(folder)
            return digest(repr(found).encode()), lambda: found
        run = Run(folder)
        parts = [path.read_bytes() for name in FILES if (path := folder / name).is_file()]
        if not parts:
            raise FileNotFoundError(f"{folder} has gone")
        content = json.dumps([state(run), *map(digest, parts)])
        return digest(content.encode()), lambda: [of_run(run), *_note(folder)]


def _lacking(sweep: Path) -> str:
    """Of what is missing; of a damaged table the reason, which reading it then tells."""
    try:
        return digest(repr(holes(sweep)).encode())
    except (Problem, OSError) as error:
        return str(error)


def _changes(folder: Path) -> str:
    return " ".join(str((folder / name).stat().st_mtime_ns) for name in FILES if (folder / name).is_file())


def _note(folder: Path) -> list[Event]:
    """What stands in the run's own note, under the run's name."""
    path = folder / "note.md"
    if not path.is_file():
        return []
    found = notes.events(path, lines(path.read_bytes()), date.fromtimestamp(path.stat().st_mtime), folder.name)
    return [replace(event, heading=(folder.name, *event.heading)) for event in found]
