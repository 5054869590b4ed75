"""The study of real jobs, with its quickly starting jobs."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path

import pytest

pytest.importorskip("asyncssh", reason="needs asyncssh, the extra 'ssh'")
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
CHOSEN = {"tee", "piped", "nohup", "script", "unbuffered", "killed", "fails", "remote", *(["tmux"] if shutil.which("tmux") else [])}
PATIENT = 8.0
"""Seconds that a beginning or an end may be off; how near they are, the study tells, on a machine that is not busy with tests."""


def test_the_watcher_finds_what_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "studies"))
    study = importlib.import_module("activity_jobs")
    chosen = [start for start in study.starts(9, sys.executable) if start.name in CHOSEN]
    noted, found = study.performed(tmp_path, chosen, 9, 0.5)
    log = (tmp_path / "watch.log").read_text()
    for ssh in (False, True):
        its = [one for one in found if (one.host == "loop") == ssh]
        rows = study.rows(chosen, noted, its, tmp_path / "kws", PATIENT, ssh=ssh)
        # how those end that are no one's child is told by Linux 6.15 and later alone
        wrong = {
            row.name: row.wrong
            for row in rows
            if set(row.wrong) - ({"state"} if row.interval and row.interval.state == "exited" else set())
        }
        assert not wrong, f"{'over SSH' if ssh else 'here'}: {study.table(rows, tmp_path / 'kws')}\n{log}"
        assert len(rows) == len(chosen)


def test_the_study_detects_errors() -> None:
    """Applied to an interval that is wrong in every way."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "studies"))
    study = importlib.import_module("activity_jobs")
    sys.path.pop(0)
    from scratchlab.notebook.activity.intervals import Interval

    start, truth = study.Start("x", "", "x.log"), study.Truth("x", 1, 100, 200)
    one = Interval("box", 1, "b", 150, "/", "other", "/", "x", log="/y.log", via="tee", state="killed", end=300, again=1)
    row = study.judged(start, truth, one, Path("/kws"), 2, ssh=False, again=False)
    assert row.wrong == ("project", "log", "via", "began", "ended", "state", "commit", "again")
    assert study.judged(start, truth, None, Path("/kws"), 2, ssh=False, again=False).wrong == ("not found",)
