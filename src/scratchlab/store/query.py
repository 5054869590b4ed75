"""Tables over many runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scratchlab.store.run import Run


def runs(folder: Path) -> list[Run]:
    """Every run in a folder, the newest first."""
    found = [Run(path.parent) for path in folder.glob("[!.]*/status.json")]
    return sorted(found, key=lambda run: run.status["created"], reverse=True)


def overview(run: Run) -> dict[str, Any]:
    """What a list of runs says of one: name, state, note, where it is or what it found."""
    status, summary = run.status, run.json("summary")
    row: dict[str, Any] = {"name": run.folder.name, "state": run.state(), "created": status["created"], "where": status.get("where", "")}
    row["note"] = run.note
    if summary:
        head = summary["heads"][summary["head"]]
        row |= {
            "head": summary["head"],
            "base": head["sessions"][0]["accuracy"],
            "last": head["sessions"][-1]["accuracy"],
        }
    return row
