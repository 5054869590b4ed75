"""A sweep's table correlated: settings with figures, by name, by folder and by the table's own path; what is not there is told."""

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
    """Six cells of two runs, one of which diverged; `accuracy` and `loss` go with each other."""
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
def test_settings_are_compared_with_figures_and_seeds_count_together(runs: Path, called: str) -> None:
    path = called if called == "mine" else str(runs / called)
    done = CliRunner().invoke(app, ["correlate", path, "--runs", str(runs)], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "12 runs in 6 configurations (rate, width), 6 comparisons." in done.output, "2 settings with state, loss and accuracy"
    assert "Of the runs 11 finished, 1 diverged." in done.output
    assert "Up to 1 run is left out" in done.output
    assert (runs / "sweeps" / "mine-0123abcd" / "runs-correlated.html").is_file()


def test_what_is_not_there_is_told(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"'yours': no table and no sweep is called so; in .*/sweeps there are: mine-0123abcd\."):
        Folder.find(runs, "yours")
    with pytest.raises(Problem, match=r"in .*/sweeps there is none yet\."):
        Folder.find(tmp_path / "nowhere", "yours")
    assert Folder.of_table(runs / "sweeps" / "mine-0123abcd" / "sweep.json") is None


def test_a_place_that_cannot_be_is_told_with_the_option_that_chose_it() -> None:
    with (
        pytest.raises(Problem, match=r"cannot be written \(no such file or directory\); choose another place with --out"),
        files.told(Path("/proc/x/page.html"), "--out"),
    ):
        Path("/proc/x").mkdir(parents=True)
