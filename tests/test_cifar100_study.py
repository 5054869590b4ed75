"""The study of methods on images: its figures against a case worked out by hand, and its page."""

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
def study() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent.parent / "studies"))
        sys.modules.pop("cifar100_methods", None)
        import cifar100_methods

        return cifar100_methods


def run(folder: Path, answers: dict[tuple[int, int], str]) -> Run:
    """A run whose leading head gave these answers, one letter a query, by session and draw; the truth is "aab", then "aabc"."""
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps({"classes": list("abc"), "base_classes": 2, "head": "cosine"}))
    rows = [
        {"id": f"{place}", "session": session, "draw": draw, "head": head, "truth": truth, "predicted": answer if head == "cosine" else "c"}
        for head in ("cosine", "other")
        for (session, draw), given in answers.items()
        for place, (truth, answer) in enumerate(zip("aabc" if session else "aab", given, strict=True))
    ]
    kind = pl.Enum(list("abc"))
    pl.DataFrame(rows).with_columns(pl.col("truth", "predicted").cast(kind)).write_parquet(folder / "predictions.parquet")
    return Run(folder)


def test_figures_and_paired_gains(tmp_path: Path, study: ModuleType) -> None:
    plain = study.measured(run(tmp_path / "plain", {(0, -1): "aaa", (1, 0): "aaaa", (1, 1): "abbc"}))
    assert np.allclose(plain["base"], [2 / 3, 2 / 3])
    assert np.allclose(plain["last"], [2 / 4, 3 / 4])
    assert np.allclose(plain["new"], [0, 1])
    assert np.allclose(plain["average"], [(2 / 3 + 2 / 4) / 2, (2 / 3 + 3 / 4) / 2])
    assert np.allclose(plain["drop"], [2 / 3 - 2 / 4, 2 / 3 - 3 / 4])
    better = study.measured(run(tmp_path / "better", {(0, -1): "aab", (1, 0): "aabc", (1, 1): "abbc"}))
    assert study.gains([better, plain], [plain, plain], "last") == [0.25, 0.0]
    lines = study.told(["prototypes", "teen"], {"prototypes": [plain, plain], "teen": [better, better]}).splitlines()
    assert lines[2].startswith("| prototypes | 66.7 ")
    assert lines[3].endswith("| +50.0 [+50.0, +50.0] | +29.2 [+29.2, +29.2] | new in it: yes |")


@pytest.mark.parametrize(
    ("differences", "says"),
    [([0.1, 0.1, 0.11], "yes"), ([-0.1, -0.1, -0.11], "no, it falls"), ([0.1, -0.1], "not decided"), ([0.1], "one seed")],
)
def test_verdicts(study: ModuleType, differences: list[float], says: str) -> None:
    assert says in study.verdict(differences, "average")
