"""The ledger: one row per sample and epoch, its columns, and resuming."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from scratchlab.observe.ledger import Ledger
from scratchlab.recipe import Recipe
from scratchlab.store.run import Run

NAN = float("nan")
IDS = np.array(["a", "b", "c", "d"])


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, Recipe("noted", 0, {}))


def ledger(run: Run, epoch: int = 0, unfinished: dict[str, np.ndarray] | None = None) -> Ledger:
    recorder = Ledger(None)
    recorder.run = run
    recorder.begin(IDS, epoch, unfinished or {})
    return recorder


def test_one_row_per_sample_and_epoch_with_its_last_values(run: Run) -> None:
    recorder = ledger(run)
    recorder.record(np.array([2, 0]), {"loss": floats(1, 2), "selected": floats(1, 0)})
    recorder.record(np.array([2, 1]), {"loss": floats(3, NAN), "selected": floats(0, NAN)})
    recorder.epoch(0, "")
    recorder.record(np.array([3]), {"loss": floats(4), "pseudo_label": floats(7), "clean_posterior": floats(0.5)})
    recorder.epoch(1, "")
    recorder.close()
    table = run.table("ledger")
    assert table.columns == ["id", "epoch", "visits", "loss", "selected", "pseudo_label", "clean_posterior"]
    assert table.rows() == [
        ("a", 0, 1, 2.0, False, None, None),
        ("b", 0, 1, None, None, None, None),
        ("c", 0, 2, 3.0, False, None, None),
        ("d", 1, 1, 4.0, None, 7, 0.5),
    ]
    assert table.schema["selected"] == pl.Boolean
    assert table.schema["pseudo_label"] == pl.Int64
    assert not list(run.folder.glob("ledger-*"))


def test_a_row_twice_in_a_batch_counts_twice(run: Run) -> None:
    recorder = ledger(run)
    recorder.record(np.array([1, 1, 0]), {"loss": floats(1, 2, 3)})
    recorder.epoch(0, "")
    recorder.close()
    assert run.table("ledger").select("id", "visits", "loss").rows() == [("a", 1, 3.0), ("b", 2, 2.0)]


def test_several_phases_are_a_column(run: Run) -> None:
    recorder = ledger(run)
    for epoch, phase in enumerate(("warm-up", "robust")):
        recorder.record(np.array([0]), {"loss": floats(epoch)})
        recorder.epoch(epoch, phase)
    recorder.close()
    assert run.table("ledger").select("epoch", "phase").rows() == [(0, "warm-up"), (1, "robust")]


def test_resuming_deletes_what_came_after_the_last_checkpoint(run: Run) -> None:
    first = ledger(run)
    first.record(np.array([0, 1]), {"loss": floats(1, 2)})
    first.epoch(0, "")
    assert first.unfinished() == {}
    first.record(np.array([2]), {"loss": floats(3)})
    checkpoint = {name: array.copy() for name, array in first.unfinished().items()}
    first.record(np.array([2]), {"loss": floats(99)})
    first.record(np.array([3]), {"loss": floats(99)})
    first.epoch(1, "")

    second = ledger(run, 1, checkpoint)
    second.record(np.array([3]), {"loss": floats(4)})
    second.epoch(1, "")
    second.close()
    assert run.table("ledger").select("id", "epoch", "visits", "loss").rows() == [
        ("a", 0, 1, 1.0),
        ("b", 0, 1, 2.0),
        ("c", 1, 1, 3.0),
        ("d", 1, 1, 4.0),
    ]
    third = ledger(run, 2)
    third.close()  # resuming after training changes nothing
    assert len(run.table("ledger")) == 4


def test_a_kill_between_merging_and_deleting_the_parts_loses_no_epoch(run: Run) -> None:
    recorder = ledger(run)
    for epoch in range(3):
        recorder.record(np.array([0]), {"loss": floats(epoch)})
        recorder.epoch(epoch, "")
    parts = {path.name: path.read_bytes() for path in run.folder.glob("ledger-*.parquet")}
    recorder.close()
    whole = run.table("ledger")
    for name in sorted(parts)[1:]:  # as if only the first part had been deleted before the kill
        (run.folder / name).write_bytes(parts[name])
    ledger(run, epoch=3).close()
    assert run.table("ledger").equals(whole)
    assert not list(run.folder.glob("ledger-*.parquet"))
