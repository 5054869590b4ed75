"""The watcher over several scans of a simulated machine, and of others that answer late or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from pretended_machine import NOW, SHELL, machine, process

from scratchlab.notebook.activity import gpu, proc
from scratchlab.notebook.activity.intervals import Interval
from scratchlab.notebook.activity.processes import Gpu, Snapshot
from scratchlab.notebook.activity.reader import IntervalFilter, intervals
from scratchlab.notebook.activity.watching import FILE, Watcher

TRAIN = process(20, 10, "python train.py")


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Snapshot]]:
    """The results of the next scans."""
    found: list[Snapshot] = []
    monkeypatch.setattr(proc, "look", lambda: found.pop(0))
    monkeypatch.setattr(gpu, "cards", lambda: (Gpu(0, "A100", 0.5, (20,)),))
    yield found
    assert not found


def at(seconds: float, *processes, **more) -> Snapshot:
    return machine(SHELL, *processes, taken=NOW + seconds, **more)


def only(folder: Path, host: str = "box") -> Interval:
    (one,) = intervals(folder / FILE, IntervalFilter(host=host))
    return one


def test_gpu_seconds_are_counted_between_scans_but_not_over_gaps(looked: list[Snapshot], tmp_path: Path) -> None:
    looked += [at(0, TRAIN), at(30, TRAIN), at(60, TRAIN), at(9999, TRAIN)]
    with Watcher(tmp_path, 30) as watcher:
        for _ in range(4):
            watcher.scan()
    assert (only(tmp_path).gpu, only(tmp_path).devices) == (30.0, "0")


def test_workers_that_outlive_their_launcher_keep_the_interval_open(looked: list[Snapshot], tmp_path: Path) -> None:
    launcher, worker = process(20, 10, "torchrun t.py"), process(21, 20, "python t.py")
    left = replace(worker, parent=1)
    looked += [at(0, launcher, worker), at(30, left), at(60, left), at(90)]
    with Watcher(tmp_path, 30) as watcher:
        for _ in range(3):
            assert watcher.scan().running == 1
        assert [one.command for one in watcher.scan().ended] == ["torchrun t.py"]
    assert (only(tmp_path).command, only(tmp_path).end, only(tmp_path).parts) == ("torchrun t.py", NOW + 60, 2)


class Elsewhere:
    """Another machine, whose answers are released by the test."""

    def __init__(self) -> None:
        self.asked: list[Future[dict[str, Snapshot | str]]] = []
        self.closed = False

    def query(self) -> Future[dict[str, Snapshot | str]]:
        self.asked.append(Future())
        return self.asked[-1]

    def close(self) -> None:
        self.closed = True


def test_a_slow_machine_does_not_delay_the_local_scan(looked: list[Snapshot], tmp_path: Path) -> None:
    there = Elsewhere()
    looked += [at(0, TRAIN), at(30, TRAIN), at(60, TRAIN), at(90, TRAIN)]
    with Watcher(tmp_path, 0.01, there) as watcher:
        scans = watcher.scans()
        assert [one.host for one in next(scans).began] == ["box"]
        assert next(scans).answered == ()
        assert len(there.asked) == 1, "it is not asked again before it answered"
        there.asked[0].set_result({"gpu1": at(31, TRAIN, host="gpu1"), "gpu2": "cannot be reached: no route"})
        third = next(scans)
        assert [one.host for one in third.began] == ["gpu1"]
        assert (third.answered, third.unreached) == (("gpu1", "gpu2"), {"gpu2": "cannot be reached: no route"})
        assert len(there.asked) == 2
        assert next(scans).running == 1
    assert there.closed
    assert only(tmp_path, "gpu1").first_seen == NOW + 31


def test_a_machine_that_is_reachable_again_continues(looked: list[Snapshot], tmp_path: Path) -> None:
    there = Elsewhere()
    answers: list[Snapshot | str] = [at(0, TRAIN, host="gpu1"), "cannot be reached", at(9000, TRAIN, host="gpu1"), at(9030, host="gpu1")]
    looked += [at(0), at(30), at(9000), at(9030)]
    with Watcher(tmp_path, 30, there) as watcher:
        for answer in answers:
            there.query = lambda answer=answer: done(answer)
            watcher.scan()
    assert (only(tmp_path, "gpu1").state, only(tmp_path, "gpu1").last_seen) == ("exited", NOW + 9000)


def done(answer: Snapshot | str) -> Future[dict[str, Snapshot | str]]:
    future: Future[dict[str, Snapshot | str]] = Future()
    future.set_result({"gpu1": answer})
    return future
