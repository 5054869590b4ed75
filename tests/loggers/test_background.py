"""A mirror beside the training: it gets everything in the end, and whatever becomes of it, the training does not notice."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from scratchlab.mirrors.background import InBackground
from scratchlab.store.run import Run


class Told:
    """A mirror that remembers how it was asked, and fails as often as it is told to."""

    place = "somewhere"

    def __init__(self, fails: int = 0) -> None:
        self.asked: list[bool] = []
        self.fails = fails
        self.arrived = threading.Event()

    def sync(self, *, over: bool) -> None:
        self.asked.append(over)
        self.arrived.set()
        if len(self.asked) <= self.fails:
            raise OSError("nobody answers\nand much more")


def record(run: Run, epoch: int) -> None:
    run.append({"epoch": epoch, "loss": 1.0, "seconds": 0.1})


def test_it_is_asked_after_the_first_record_and_at_the_end(tmp_path: Path) -> None:
    mirror, said = Told(), list[str]()
    with InBackground(mirror, Run(tmp_path), said.append, seconds=0.01):
        time.sleep(0.05)
        assert mirror.asked == [], "there is nothing to tell yet"
        record(Run(tmp_path), 0)
        assert mirror.arrived.wait(20)
        time.sleep(0.05)
        assert mirror.asked == [False], "nothing new, nothing asked"
    assert mirror.asked == [False, True]
    assert said == []


def test_a_run_that_left_no_folder_is_not_shown(tmp_path: Path) -> None:
    mirror = Told()
    with InBackground(mirror, Run(tmp_path / "gone"), print, seconds=0.01):
        pass
    assert mirror.asked == []


def test_failures_are_told_once_and_tried_again(tmp_path: Path) -> None:
    mirror, said = Told(fails=3), list[str]()
    record(Run(tmp_path), 0)
    with InBackground(mirror, Run(tmp_path), said.append, seconds=0.001):
        while len(mirror.asked) < 5:
            time.sleep(0.005)
            record(Run(tmp_path), len(mirror.asked))
    assert mirror.asked[-1] is True
    assert said == ["The mirror at somewhere cannot be kept up to date (nobody answers); the run and its folder are untouched by that."]


def test_one_failure_that_passes_is_no_news(tmp_path: Path) -> None:
    mirror, said = Told(fails=1), list[str]()
    record(Run(tmp_path), 0)
    with InBackground(mirror, Run(tmp_path), said.append, seconds=0.001):
        while len(mirror.asked) < 2:
            time.sleep(0.005)
    assert said == []


def test_the_end_waits_so_long_and_no_longer(tmp_path: Path) -> None:
    class Hangs(Told):
        def sync(self, *, over: bool) -> None:
            threading.Event().wait(3)

    said = list[str]()
    record(Run(tmp_path), 0)
    with InBackground(Hangs(), Run(tmp_path), said.append, seconds=0.001, patience=0.05):
        time.sleep(0.02)
    assert "it did not answer in time" in said[0]


def test_what_ends_the_training_passes_through(tmp_path: Path) -> None:
    mirror = Told(fails=9)
    with pytest.raises(KeyboardInterrupt), InBackground(mirror, Run(tmp_path), lambda _: None, seconds=0.001):
        raise KeyboardInterrupt
    assert mirror.asked == [True]
