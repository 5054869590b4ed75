"""A run as an event: what a person would search it by, and the line that proves what it came to.

The first line of the text is the run's name and title, the second what has become of it; the others are found, but need not be shown.
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
    """As the notebook tells it: training that broke down has `diverged`; of a folder that may not be written, what its status says."""
    try:
        found = run.state()
    except OSError:
        found = run.status["state"]
    return "diverged" if found == "failed" and run.status.get("diverged") else found


def of_run(run: Run) -> Event:
    """The event of a run. Raises Problem naming the file that is damaged."""
    status, found, records = run.status, state(run), run.records()
    try:
        result = run.result() if found == "finished" else None
        if result:
            said, place = result.headline, _proof(run.folder / "result.json")
        elif found == "running":
            said, place = _progress(run, records), _last(run, records)
        else:
            line = _line(run.folder / "status.json", '"where":')
            said, place = _ending(run, found, records), Place(run.folder / "status.json", line, line)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem(f"{run.folder}/status.json is damaged: {type(error).__name__}: {error}") from None
    title = status.get("title", "")
    text = [f"{run.folder.name}: {title}" if title else run.folder.name, said or found]
    text += [_best(record) for record in records[::-1] if record.get("kept")][:1]
    text += [f"recipe {status['recipe']}, key {status['key']}, seed {status.get('seed', 'unknown')}", *_settings(run)]
    return Event("run", "\n".join(text), place, _when(run, status), project(run.folder.parent), state=found)


def project(runs: Path) -> str:
    """What a folder of runs belongs to: `kws` of kws/runs."""
    folder = runs.absolute()
    return folder.parent.name if folder.name == "runs" else folder.name


def _when(run: Run, status: Mapping[str, Any]) -> Span:
    """From its beginning to its last sign of life."""
    changed = datetime.fromtimestamp((run.folder / "status.json").stat().st_mtime)
    try:
        last = local(status["heartbeat"]) if "heartbeat" in status else changed
        begun = local(status["created"]) if status["created"] else last
    except (ValueError, TypeError):
        begun = last = changed
    return Span(min(begun, last), last)


def _proof(path: Path) -> Place:
    """Where the headline stands."""
    line = _line(path, '"headline":')
    return Place(path, line, line)


def _line(path: Path, sign: str) -> int:
    """The first line that has the sign; 0 if none has."""
    told = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((number for number, text in enumerate(told, 1) if sign in text), 0)


def _last(run: Run, records: list[dict[str, Any]]) -> Place:
    return Place(run.folder / "metrics.jsonl", len(records), len(records)) if records else Place(run.folder / "status.json")


def _progress(run: Run, records: list[dict[str, Any]]) -> str:
    """How far it is, and about until when: the rest of its epochs at the pace of the last five."""
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
    """The last words of what did not finish; of what was stopped from outside, also how far it was."""
    where, epochs = str(run.status.get("where", "")), run.recipe().get("training", {}).get("epochs") if records else None
    return f"{where}, after {len(records)} of {epochs} epochs" if epochs and found in ("killed", "stopped") else where


def _best(record: Mapping[str, Any]) -> str:
    """The epoch whose weights were kept, with every number it told."""
    numbers = [f"{name} {value:.4g}" for name, value in record.items() if isinstance(value, float) and "seconds" not in name]
    return f"kept epoch {record['epoch'] + 1}: {', '.join(numbers)}"


def _settings(run: Run) -> Iterator[str]:
    """Every setting on a line, as after -s."""
    if (run.folder / "recipe.toml").is_file():
        yield from (f"{name} = {value}" for name, value in flat(run.recipe()).items() if value != {})
