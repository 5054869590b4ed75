"""An experiment logger in the background: everything is sent by the end, and its failures do not affect training."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from scratchlab.loggers.background import InBackground
from scratchlab.store.run import Run


class Recorder:
    """A logger that records its calls, of which the first `fails` fail."""

    address = "somewhere"

    def __init__(self, fails: int = 0) -> None:
        self.calls: list[bool] = []
        self.fails = fails
        self.called = threading.Event()

    def sync(self, *, final: bool) -> None:
        self.calls.append(final)
        self.called.set()
        if len(self.calls) <= self.fails:
            raise OSError("nobody answers\nand much more")


def record(run: Run, epoch: int) -> None:
    run.append({"epoch": epoch, "loss": 1.0, "seconds": 0.1})


def test_sync_is_called_after_the_first_record_and_at_the_end(tmp_path: Path) -> None:
    logger, messages = Recorder(), list[str]()
    with InBackground(logger, Run(tmp_path), messages.append, seconds=0.01):
        time.sleep(0.05)
        assert logger.calls == [], "there is nothing to send yet"
        record(Run(tmp_path), 0)
        assert logger.called.wait(20)
        time.sleep(0.05)
        assert logger.calls == [False], "there is nothing new to send"
    assert logger.calls == [False, True]
    assert messages == []


def test_a_run_without_a_folder_is_not_sent(tmp_path: Path) -> None:
    logger = Recorder()
    with InBackground(logger, Run(tmp_path / "gone"), print, seconds=0.01):
        pass
    assert logger.calls == []


def test_failures_are_reported_once_and_sync_is_repeated(tmp_path: Path) -> None:
    logger, messages = Recorder(fails=3), list[str]()
    record(Run(tmp_path), 0)
    with InBackground(logger, Run(tmp_path), messages.append, seconds=0.001):
        while len(logger.calls) < 5:
            time.sleep(0.005)
            record(Run(tmp_path), len(logger.calls))
    assert logger.calls[-1] is True
    expected = "The experiment logger at somewhere cannot be updated (nobody answers); the run and its folder are not affected."
    assert messages == [expected]


def test_a_single_failure_is_not_reported(tmp_path: Path) -> None:
    logger, messages = Recorder(fails=1), list[str]()
    record(Run(tmp_path), 0)
    with InBackground(logger, Run(tmp_path), messages.append, seconds=0.001):
        while len(logger.calls) < 2:
            time.sleep(0.005)
    assert messages == []


def test_the_end_waits_no_longer_than_patience(tmp_path: Path) -> None:
    class Hangs(Recorder):
        def sync(self, *, final: bool) -> None:
            threading.Event().wait(3)

    messages = list[str]()
    record(Run(tmp_path), 0)
    with InBackground(Hangs(), Run(tmp_path), messages.append, seconds=0.001, patience=0.05):
        time.sleep(0.02)
    assert "it did not answer in time" in messages[0]


def test_exceptions_of_the_training_are_not_caught(tmp_path: Path) -> None:
    logger = Recorder(fails=9)
    with pytest.raises(KeyboardInterrupt), InBackground(logger, Run(tmp_path), lambda _: None, seconds=0.001):
        raise KeyboardInterrupt
    assert logger.calls == [True]
