"""Whether a pasted log is already known, from the records of a run or from another log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scratchlab.cli import app
from scratchlab.notebook.logs.reader import read
from scratchlab.notebook.logs.recorded import matching_figures

LOSSES = [0.6830799423913347, 0.10865576702677095, 0.0871234, 0.0519]
RECORDS: list[dict[str, Any]] = [
    {"epoch": epoch, "loss": loss, "valid_accuracy": 0.9 + epoch / 64, "seconds": 2.985} for epoch, loss in enumerate(LOSSES)
]


def printed(records: list[dict[str, Any]] = RECORDS, first: int = 1) -> list[str]:
    return [
        f"epoch {one['epoch'] + first}/9: loss {one['loss']:.4f}, valid {one['valid_accuracy']:.1%}, {one['seconds']:.0f} s"
        for one in records
    ]


@pytest.mark.parametrize(
    ("lines", "figures"),
    [
        (printed(), 8),
        (printed(first=0), 8),
        (printed(RECORDS[1:3]), 4),  # a part of it
        (printed([*RECORDS, {**RECORDS[0], "epoch": 4, "loss": 9.0}]), 8),  # it goes on, where the run was killed
        ([json.dumps(one) for one in RECORDS], 8),
        (printed(RECORDS[:1]), 0),  # too few not to agree by chance
        (printed([*RECORDS[:3], {**RECORDS[3], "loss": 0.052}]), 0),  # another seed
        (["epoch 1/9: loss 0.7, acc 0.9", "epoch 2/9: loss 0.1, acc 0.9"], 0),
        (["nothing of a log"], 0),
    ],
)
def test_a_runs_figures_rounded_as_printed(lines: list[str], figures: int) -> None:
    assert matching_figures(read(lines), RECORDS) == figures


def test_a_run_without_records_has_no_figures() -> None:
    assert matching_figures(read(printed()), []) == 0


@pytest.mark.parametrize("damaged", [{"loss": 1.0}, [1], {"epoch": None, "loss": 1.0}, {"epoch": 0, "loss": float("nan")}, None])
def test_damaged_records_are_ignored(damaged: object) -> None:
    assert matching_figures(read(printed()), [*RECORDS[1:], damaged]) <= matching_figures(read(printed()), RECORDS)


@pytest.mark.parametrize("number", ["nan", "inf", "1e400", "-1"])
def test_epochs_that_are_no_numbers_are_ignored(number: str) -> None:
    assert matching_figures(
        read([*printed(), f"epoch {number}/9: loss 0.1234, valid 90.0%, 3 s", f"epoch={number} loss=0.1234"]), RECORDS
    ) in (
        0,
        8,
    )
    assert matching_figures(read([f"epoch={number} loss=0.1234"] * 3), RECORDS) == 0


def test_constants_are_no_match() -> None:
    records = [{"epoch": epoch, "accuracy": 1.0} for epoch in range(10)]
    assert matching_figures(read([f"Epoch {i + 1}/10 - val_acc: 100.00% - train_acc: 100.00%" for i in range(10)]), records) == 0


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stored run, a damaged one, and a project with a log of another program."""
    for name, records in (("digits-0123abcd", "".join(json.dumps(one) + "\n" for one in RECORDS)), ("digits-89abcdef", "{\n")):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "status.json").write_text("{}")
        (folder / "metrics.jsonl").write_text(records)
    (tmp_path / "kws").mkdir()
    (tmp_path / "kws" / "other.log").write_text("\n".join(other(12)))
    (tmp_path / "notebook.toml").write_text('projects = "kws"')
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def other(epochs: int, shift: float = 0) -> list[str]:
    return [f"Epoch {epoch}/12 - loss: {1 / epoch + shift:.4f} - val_acc: {1 - 0.3 / epoch:.4f}" for epoch in range(1, epochs + 1)]


def paste(lines: list[str], *words: str) -> list[str]:
    done = CliRunner().invoke(app, ["paste", *words], input="\n".join(lines), catch_exceptions=False)
    return [line for line in done.output.splitlines() if "nown" in line]


def test_paste_reports_the_run_and_the_other_log(lab: Path) -> None:
    assert paste(printed()) == ["Already known: 8 figures match run digits-0123abcd  runs/digits-0123abcd/metrics.jsonl:1"]
    assert paste(other(12)) == ["Already known: the same figures as in  kws/other.log:1"]
    assert paste(other(9)) == ["Already known: the same first 16 figures as in  kws/other.log:1"]
    assert paste(other(12, 0.1)) == []
    assert paste([], "kws/other.log") == []  # it is that log
    (lab / "notebook.toml").write_text("projekts = 1")
    assert paste(printed())[0].startswith("Runs and logs with the same metrics could not be searched: ")
