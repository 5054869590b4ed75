"""Lists of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scratchlab.checks import Problem
from scratchlab.store.run import Run


def runs(folder: Path) -> list[Run]:
    """All runs in a folder, newest first."""
    listed = [Run(path.parent) for path in folder.glob("[!.]*/status.json")]
    return sorted(listed, key=lambda run: run.status["created"], reverse=True)


def overview(run: Run) -> dict[str, Any]:
    """The row of a run in a list: name, state, progress, the settings that differ from its recipe's, and its note; with a result also its
    leading head and headline metric."""
    status = run.status
    row: dict[str, Any] = {"name": run.folder.name, "state": run.state(), "created": status["created"], "where": status.get("where", "")}
    row |= {"changed": status.get("changed") or {}, "note": run.note}
    try:
        result = run.result()
    except Problem as problem:
        return row | {"state": "damaged", "where": str(problem)}
    if result:
        row |= {"head": result.leading, "metric": result.metric, "value": result.head.headline}
    return row
