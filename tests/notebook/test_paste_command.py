"""`scratchlab paste`: from a file, a pipe or the clipboard; what it prints, writes and follows."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from scratchlab.checks import Problem
from scratchlab.cli import app
from scratchlab.notebook.logs import clipboard, sources

LOG = "".join(f"Epoch {epoch}/4 - loss: {1 / epoch:.2f} - val_acc: {0.5 + epoch / 10:.2f}\n" for epoch in (1, 2, 3, 4))


def run(*words: str, piped: str | None = None) -> str:
    done = CliRunner().invoke(app, ["paste", *words], input=piped, catch_exceptions=False, env={"COLUMNS": "120"})
    return done.output


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "train.log"
    path.write_text(LOG)
    return path


def test_from_a_file(log: Path) -> None:
    said = run(str(log))
    assert "4 records of 4 lines" in said
    assert "finished (line 4)" in said
    assert "val_acc (larger is better, by its name)" in said
    assert "0.9, epoch 4 (line 4), the last value" in said
    assert "▁▃▆█" in said


@pytest.mark.parametrize("words", [["-"], []])
def test_from_a_pipe(words: list[str]) -> None:
    assert "4 records of 4 lines" in run(*words, piped=LOG)


def test_the_metric_option(log: Path) -> None:
    assert "loss (smaller is better, by its name)" in run(str(log), "--metric", "loss")


def test_prose_is_recognized(tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("Dear diary,\nnothing.\n")
    assert "No log was recognized in 2 lines" in run(str(tmp_path / "note.md"))


def test_the_table(log: Path, tmp_path: Path) -> None:
    assert "Wrote 4 records to" in run(str(log), "--table", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_text().splitlines()[:2] == ["line,phase,epoch,epochs,loss,val_acc", "1,,1,4,1.00,0.60"]


def test_a_table_without_a_folder_is_refused_before_anything_is_read(log: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"out\.csv cannot be written: the folder .*none does not exist"):
        run(str(log), "--table", str(tmp_path / "none" / "out.csv"))
    assert not (tmp_path / "none").exists()


def _program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell's programs")
def test_from_the_clipboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path, "wl-paste", "echo no display >&2; exit 1")
    _program(tmp_path, "xclip", "echo 'epoch: 1, loss: 0.5'")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert clipboard.text() == "epoch: 1, loss: 0.5\n"
    assert "1 record of" in run(piped="")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell's programs")
def test_a_clipboard_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        Problem,
        match=r"No program that reads the clipboard is installed; install one of wl-paste, xclip, .* name a file, or pipe the log in",
    ):
        clipboard.text()
    _program(tmp_path, "xclip", "echo cannot open display >&2; exit 1")
    with pytest.raises(Problem, match=r"could not be read \(xclip: cannot open display\)"):
        clipboard.text()


def test_following_needs_a_file() -> None:
    with pytest.raises(Problem, match="--follow needs a file"):
        run("--follow", piped=LOG)


def test_following_goes_on_until_it_is_stopped(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter(("Epoch 5/9 - loss: 0.2 - val_acc: 0.95\n", "Epoch 6/9 - loss: 0.1 - val_", "acc: 0.97\n"))

    def written(_: float) -> None:
        """Stands for the time between two looks, in which somebody writes; then for Ctrl-C."""
        new = next(looks, None)
        if new is None:
            raise KeyboardInterrupt
        with log.open("a") as file:
            file.write(new)

    monkeypatch.setattr(sources.time, "sleep", written)
    screen = io.StringIO()
    seen = sources.follow(log, "", Console(file=screen, width=120))
    assert [row.number("epoch") for row in seen.rows] == [1, 2, 3, 4, 5, 6]
    assert "0.97, epoch 6 (line 6), the last value" in screen.getvalue()


def test_following_restarts_with_a_truncated_file(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    states = iter((lambda: log.write_text("Epoch 1/9 - loss: 3.0\n"),))

    def written(_: float) -> None:
        state = next(states, None)
        if state is None:
            raise KeyboardInterrupt
        state()

    monkeypatch.setattr(sources.time, "sleep", written)
    assert [row.number("value", "loss") for row in sources.follow(log, "", Console(file=io.StringIO())).rows] == [3.0]
