"""A run as an event, with the words it may be searched by and the line that states its result.

The first line of the text is the run's name and title, the second its outcome; the others are searchable but need not be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scratchlab.checks import Problem
from scratchlab.notebook.dates.calendar import local
from scratchlab.notebook.events import Event, Place, Span
from scratchlab.recipe import flat
from scratchlab.store.run import Run


def state(run: Run) -> str:
    """The run's state in the notebook: `diverged` if its training diverged; the stored status if the folder is read-only."""
    try:
        found = run.state()
    except OSError:
        found = run.status["state"]
    return "diverged" if found == "failed" and run.status.get("diverged") else found


def of_run(run: Run) -> Event:
    """The event of a run. Raises Problem naming the file that is damaged."""
    status, current, records = run.status, state(run), run.records()
    try:
        result = run.result() if current == "finished" else None
        if result:
            outcome, place = result.headline, _proof(run.folder / "result.json")
        elif current == "running":
            outcome, place = _progress(run, records), _last(run, records)
        else:
            line = _line(run.folder / "status.json", '"where":')
            outcome, place = _ending(run, current, records), Place(run.folder / "status.json", line, line)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem(f"{run.folder}/status.json is damaged: {type(error).__name__}: {error}") from None
    title = status.get("title", "")
    text = [f"{run.folder.name}: {title}" if title else run.folder.name, outcome or current]
    text += [_best(record) for record in records[::-1] if record.get("kept")][:1]
    text += [f"recipe {status['recipe']}, key {status['key']}, seed {status.get('seed', 'unknown')}", *_settings(run)]
    return Event("run", "\n".join(text), place, _when(run, status), project(run.folder.parent), state=current)


def project(runs: Path) -> str:
    """The project of a folder of runs: `kws` for kws/runs."""
    folder = runs.absolute()
    return folder.parent.name if folder.name == "runs" else folder.name


def _when(run: Run, status: Mapping[str, Any]) -> Span:
    """The span from the run's creation to its last heartbeat."""
    changed = datetime.fromtimestamp((run.folder / "status.json").stat().st_mtime)
    try:
        last = local(status["heartbeat"]) if "heartbeat" in status else changed
        begun = local(status["created"]) if status["created"] else last
    except (ValueError, TypeError):
        begun = last = changed
    return Span(min(begun, last), last)


def _proof(path: Path) -> Place:
    """The place of the headline."""
    line = _line(path, '"headline":')
    return Place(path, line, line)


def _line(path: Path, wanted: str) -> int:
    """The first line that contains the text; 0 if none does."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((number for number, text in enumerate(lines, 1) if wanted in text), 0)


def _last(run: Run, records: list[dict[str, Any]]) -> Place:
    return Place(run.folder / "metrics.jsonl", len(records), len(records)) if records else Place(run.folder / "status.json")


def _progress(run: Run, records: list[dict[str, Any]]) -> str:
    """The epoch, and the estimated end of training at the pace of the last five epochs."""
    where = str(run.status.get("where", ""))
    epochs = run.recipe().get("training", {}).get("epochs")
    recent = [record["seconds"] for record in records[-5:] if "seconds" in record]
    if not (isinstance(epochs, int) and recent):
        return where
    done = records[-1]["epoch"] + 1
    if done >= epochs:
        return f"epoch {done} of {epochs}, {where}"
    written = datetime.fromtimestamp((run.folder / "metrics.jsonl").stat().st_mtime)
    until = written + timedelta(seconds=(epochs - done) * sum(recent) / len(recent))
    return f"epoch {done} of {epochs}, trains until about {until:%Y-%m-%d %H:%M}"


def _ending(run: Run, found: str, records: list[dict[str, Any]]) -> str:
    """The last message of an unfinished run; for a killed or stopped one, also its progress."""
    where, epochs = str(run.status.get("where", "")), run.recipe().get("training", {}).get("epochs") if records else None
    return f"{where}, after {len(records)} of {epochs} epochs" if epochs and found in ("killed", "stopped") else where


def _best(record: Mapping[str, Any]) -> str:
    """The kept epoch, with all its metrics."""
    numbers = [f"{name} {value:.4g}" for name, value in record.items() if isinstance(value, float) and "seconds" not in name]
    return f"kept epoch {record['epoch'] + 1}: {', '.join(numbers)}"


def _settings(run: Run) -> Iterator[str]:
    """One line for each setting, as after -s."""
    if (run.folder / "recipe.toml").is_file():
        yield from (f"{name} = {value}" for name, value in flat(run.recipe()).items() if value != {})
