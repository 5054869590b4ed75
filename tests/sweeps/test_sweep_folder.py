"""Correlations in a sweep's table: settings with metrics, found by name, by folder or by the table's path; errors for missing sweeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scratchlab.checks import Problem
from scratchlab.cli.program import app
from scratchlab.store import files
from scratchlab.sweeps.folder import Folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Six cells of two runs, one of which diverged; `accuracy` and `loss` are correlated."""
    path = tmp_path / "runs" / "sweeps" / "mine-0123abcd"
    path.mkdir(parents=True)
    (path / "sweep.json").write_text(json.dumps({"title": "", "axes": [["rate"], ["width"]]}))
    lines = ["rate,width,seed,state,run,epoch,loss,accuracy"]
    for i in range(12):
        cell, gone = i // 2, i == 11
        figures = "," if gone else f"{1 / (1 + cell) + 0.01 * (i % 2)},{0.5 + 0.05 * cell}"
        lines.append(f"{0.1 * (1 + cell % 3)},{10 * (1 + cell // 3)},{i % 2},{'diverged' if gone else 'finished'},r{i},3,{figures}")
    (path / "runs.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "runs"


@pytest.mark.parametrize("called", ["mine", "sweeps/mine-0123abcd", "sweeps/mine-0123abcd/runs.csv"])
def test_settings_are_correlated_with_metrics_and_seeds_are_repetitions(runs: Path, called: str) -> None:
    path = called if called == "mine" else str(runs / called)
    done = CliRunner().invoke(app, ["correlate", path, "--runs", str(runs)], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "12 runs in 6 configurations (rate, width), 6 comparisons." in done.output, "2 settings with state, loss and accuracy"
    assert "States of the runs: 11 finished, 1 diverged." in done.output
    assert "Up to 1 run is left out" in done.output
    assert (runs / "sweeps" / "mine-0123abcd" / "runs-correlated.html").is_file()


def test_missing_sweeps_are_reported(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"There is no table or sweep 'yours'; .*/sweeps holds mine-0123abcd\."):
        Folder.find(runs, "yours")
    with pytest.raises(Problem, match=r"/sweeps holds no sweep yet\."):
        Folder.find(tmp_path / "nowhere", "yours")
    assert Folder.of_table(runs / "sweeps" / "mine-0123abcd" / "sweep.json") is None


def test_a_path_that_cannot_be_written_is_reported_with_its_option() -> None:
    with (
        pytest.raises(Problem, match=r"cannot be written \(no such file or directory\); choose another path with --out"),
        files.reported_errors(Path("/proc/x/page.html"), "--out"),
    ):
        Path("/proc/x").mkdir(parents=True)
