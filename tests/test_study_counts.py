"""What studies count: by seed, draw and group, the folds of a seed side by side."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from scratchlab.store.run import Run


@pytest.fixture(scope="module")
def counts() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent.parent / "studies"))
        sys.modules.pop("counts", None)
        import counts

        return counts


def run(folder: Path, answers: str, groups: list[str]) -> Run:
    """A run of two draws in which each group is asked "a" and "b" (the new class); "1" for right, in order of draw, group and class."""
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps({"classes": ["a", "b"], "base_classes": 1}))
    asked = [(draw, group, truth) for draw in range(2) for group in groups for truth in "ab"]
    rows = [
        {
            "session": 1,
            "draw": draw,
            "head": "cosine",
            "group": group,
            "truth": truth,
            "predicted": truth if right == "1" else "ab".strip(truth),
        }
        for (draw, group, truth), right in zip(asked, answers, strict=True)
    ]
    kind = pl.Enum(["a", "b"])
    pl.DataFrame(rows).with_columns(pl.col("truth", "predicted").cast(kind)).write_parquet(folder / "predictions.parquet")
    return Run(folder)


def test_groups_of_all_folds_are_those_of_the_seed(tmp_path: Path, counts: ModuleType) -> None:
    seeds = [
        run(tmp_path / name, answers, groups)
        for name, answers, groups in [
            ("first, fold 1", "1111" + "1011", ["theo", "lucas"]),
            ("first, fold 2", "10" + "10", ["nina"]),
            ("second, fold 1", "0000" + "1111", ["theo", "lucas"]),
            ("second, fold 2", "11" + "11", ["nina"]),
        ]
    ]
    found = counts.counted(seeds, 2, "cosine", "new")
    # groups in alphabetical order within a fold: lucas, theo | nina
    assert np.array_equal(found.right, [[[1, 1, 0], [1, 0, 0]], [[0, 0, 1], [1, 1, 1]]])
    assert np.array_equal(found.asked, np.ones((2, 2, 3)))
    assert "2 seeds × 2 draws × 3 groups of queries" in found.share().how
    assert counts.counted(seeds, 2, "cosine", "all").share().value == pytest.approx(17 / 24)


def test_a_group_that_was_not_asked_of_a_class_counts_nothing(tmp_path: Path, counts: ModuleType) -> None:
    one = run(tmp_path / "one", "1111" + "1111", ["theo", "lucas"])
    table = one.table("predictions").filter(~((pl.col("group") == "theo") & (pl.col("truth") == "b")))
    table.write_parquet(one.folder / "predictions.parquet")
    found = counts.counted([one], 1, "cosine", "new")
    assert found.asked.tolist() == [[[1, 0], [1, 0]]]
    assert found.share().value == 1
