"""Runs and sweeps as events: outcome and source line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.made_results import made_result

from scratchlab.notebook.events import Event
from scratchlab.notebook.index.refresh import refresh
from scratchlab.notebook.index.sources.runs import Runs
from scratchlab.notebook.index.table import COLUMNS, event_of, opened
from scratchlab.notebook.settings import Settings
from scratchlab.store.run import Run

CREATED = "2026-03-01T20:00:00+00:00"


def status(folder: Path, state: str, where: str = "", **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "state": state,
        "recipe": "digits",
        "title": "Ten digits",
        "key": folder.name[-8:],
        "seed": 1,
        "created": CREATED,
        "where": where,
    }
    (folder / "status.json").write_text(
        json.dumps({**told, "heartbeat": "2026-03-02T04:00:00+00:00", "host": "elsewhere", **more}, indent=1)
    )
    return folder


def finished(folder: Path, *values: float | None) -> None:
    Run(folder).save_result(made_result(values, ("matrix", "cosine")))


def events(runs: Path) -> list[Event]:
    source = Runs(Settings(runs=(runs,)))
    return [one for key, _ in source.stamps({}) for one in source.read(key)[1]()]


def test_a_finished_run_has_its_headline_and_its_line(tmp_path: Path) -> None:
    folder = status(tmp_path / "kws" / "runs" / "digits-0123abcd", "finished")
    finished(folder, 0.98, 0.75)
    (folder / "recipe.toml").write_text('seed = 1\n[training]\nrate = 0.05\n[loss.triplet]\nmargin = "soft"\n')
    lines = [{"epoch": 0, "loss": 0.5, "kept": True, "seconds": 1.0}, {"epoch": 1, "loss": 0.4, "kept": False, "seconds": 1.0}]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    [one] = events(folder.parent)
    assert (one.kind, one.state, one.project) == ("run", "finished", "kws")
    name, said, *more = one.text.split("\n")
    assert name == "digits-0123abcd: Ten digits"
    assert said == "matrix head: 98.0% [97.0%, 99.0%] on 6 base classes, 75.0% [74.0%, 76.0%] on all 8 after session 1"
    assert {"kept epoch 1: loss 0.5", "training.rate = 0.05", "loss.triplet.margin = soft"} <= set(more)
    assert one.place.path.name == "result.json"
    assert said in one.place.path.read_text().splitlines()[one.place.line - 1]
    assert one.when is not None
    assert (one.when.end - one.when.start).total_seconds() == 8 * 3600


def test_undefined_results_have_a_reason(tmp_path: Path) -> None:
    folder = status(tmp_path / "digits-0123abcd", "finished")
    finished(folder, None)
    assert events(tmp_path)[0].text.split("\n")[1] == "matrix head: undefined, because there is no answer on 6 base classes"


@pytest.mark.parametrize(
    ("told", "more", "state"),
    [("failed", {}, "failed"), ("failed", {"diverged": True}, "diverged"), ("stopped", {}, "stopped"), ("running", {}, "killed")],
)
def test_unfinished_runs_have_their_last_message(tmp_path: Path, told: str, more: dict[str, Any], state: str) -> None:
    status(tmp_path / "digits-0123abcd", told, "CUDA out of memory", **more)
    [one] = events(tmp_path)
    assert (one.state, one.text.split("\n")[1]) == (state, "CUDA out of memory")
    assert "CUDA out of memory" in one.place.path.read_text().splitlines()[one.place.line - 1]


def test_a_running_run_has_its_estimated_end(tmp_path: Path) -> None:
    folder = status(tmp_path / "digits-0123abcd", "created")
    (folder / "recipe.toml").write_text("[training]\nepochs = 12\n")
    run = Run(folder)
    with run.writing():
        for epoch in range(2):
            run.append({"epoch": epoch, "loss": 1.0, "seconds": 60.0, "kept": True})
        os.utime(folder / "metrics.jsonl", (1_772_366_400, 1_772_366_400))  # 12:00 UTC on the first of March 2026
        [one] = events(tmp_path)
        until = datetime.fromtimestamp(1_772_366_400 + 600)
        assert (one.state, one.place.line) == ("running", 2)
        assert one.text.split("\n")[1] == f"epoch 2 of 12, trains until about {until:%Y-%m-%d %H:%M}"
    killed = Run(folder).status | {"state": "running", "where": "epoch 3"}
    (folder / "status.json").write_text(json.dumps(killed))
    [one] = events(tmp_path)
    assert (one.state, one.text.split("\n")[1]) == ("killed", "epoch 3, after 2 of 12 epochs")  # as nobody holds it any more


def test_a_kill_and_a_note_are_noticed_and_nothing_else_is_read_again(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for key in ("0123abcd", "4567cdef"):
        finished(status(runs / f"digits-{key}", "finished"), 0.9)
    base = opened(tmp_path / "index.sqlite")
    sources = {"runs": Runs(Settings(runs=(runs,)))}
    assert refresh(base, sources).read == 2
    (runs / "digits-4567cdef" / "note.md").write_text("# Why\n- the margin was too small\n")
    found = refresh(base, sources)
    assert (found.read, found.kept) == (1, 1)
    notes = [event_of(row) for row in base.execute(f"SELECT {COLUMNS} FROM events WHERE kind = 'note'")]
    assert [(one.text, one.heading[0]) for one in notes][-1] == ("- the margin was too small", "digits-4567cdef")
    status(runs / "digits-0123abcd", "running", "epoch 4")
    refresh(base, sources)
    assert base.execute("SELECT count(*) FROM events WHERE state = 'killed'").fetchone() == (1,)


def test_a_damaged_result_is_one_sentence_and_keeps_what_was_known(tmp_path: Path) -> None:
    folder = status(tmp_path / "runs" / "digits-0123abcd", "finished")
    finished(folder, 0.9)
    base = opened(tmp_path / "index.sqlite")
    sources = {"runs": Runs(Settings(runs=(folder.parent,)))}
    refresh(base, sources)
    (folder / "result.json").write_text('{"head": ')
    [(key, reason)] = refresh(base, sources).refused
    assert key == str(folder)
    assert "result.json is damaged" in reason
    assert base.execute("SELECT count(*) FROM events WHERE state = 'finished'").fetchone() == (1,)


def sweep(runs: Path, rows: list[str]) -> Path:
    folder = runs / "sweeps" / "noise-89abcdef"
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text(json.dumps({"title": "Noise", "axes": [["data.noise"], ["encoder.name"]]}))
    (folder / "runs.csv").write_text("\n".join(["data.noise,encoder.name,seed,state,run", *rows]) + "\n")
    return folder


def test_missing_cells_are_rows_whose_runs_are_not_over(tmp_path: Path) -> None:
    names = [f"digits-{i:08x}" for i in range(5)]
    states = ["finished", "diverged", "missing", "failed", "missing"]
    folder = sweep(tmp_path, [f"0.{i},conv4,0,{state},{name}" for i, (state, name) in enumerate(zip(states, names, strict=True))])
    status(tmp_path / names[3], "failed", "disk full")
    finished(status(tmp_path / names[4], "finished"), 0.9)  # made since the table was written
    lacking = [one for one in events(tmp_path) if one.state == "hole"]
    assert [one.text.split("\n")[0] for one in lacking] == [
        "noise-89abcdef lacks data.noise = 0.2, encoder.name = conv4, seed = 0 (missing)",
        "noise-89abcdef lacks data.noise = 0.3, encoder.name = conv4, seed = 0 (failed)",
    ]
    assert [(one.project, one.place.line) for one in lacking] == [("noise-89abcdef", 4), ("noise-89abcdef", 5)]
    assert names[2] in (folder / "runs.csv").read_text().splitlines()[lacking[0].place.line - 1]


def test_a_damaged_sweep_is_one_sentence(tmp_path: Path) -> None:
    (sweep(tmp_path / "runs", []) / "sweep.json").write_text("{")
    [(_, reason)] = refresh(opened(tmp_path / "index.sqlite"), {"runs": Runs(Settings(runs=(tmp_path / "runs",)))}).refused
    assert "noise-89abcdef is damaged" in reason


def test_states_and_headlines_need_no_tables() -> None:
    code = "import sys, scratchlab.notebook.index.sources.runs; assert not {'polars', 'torch', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
