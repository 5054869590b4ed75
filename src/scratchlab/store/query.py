"""Tables over many runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scratchlab.checks import Problem
from scratchlab.store.run import Run


def runs(folder: Path) -> list[Run]:
    """Every run in a folder, the newest first."""
    found = [Run(path.parent) for path in folder.glob("[!.]*/status.json")]
    return sorted(found, key=lambda run: run.status["created"], reverse=True)


def overview(run: Run) -> dict[str, Any]:
    """What a list of runs shows of one: name, state, note, where it is; of one with a result its leading head and headline metric."""
    status = run.status
    row: dict[str, Any] = {"name": run.folder.name, "state": run.state(), "created": status["created"], "where": status.get("where", "")}
    row["note"] = run.note
    try:
        result = run.result()
    except Problem as problem:
        return row | {"state": "damaged", "where": str(problem)}
    if result:
        row |= {"head": result.leading, "metric": result.metric, "value": result.head.headline}
    return row
