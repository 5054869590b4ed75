"""A run that ends at chance, below a linear classifier, or whose loss does not fall, says so."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from scratchlab.analysis.warnings import ADVICE, warnings
from scratchlab.experiment import perform
from scratchlab.metrics.estimate import Estimate
from scratchlab.pipeline import SECTIONS
from scratchlab.recipe import resolve
from scratchlab.report.run import page, terminal
from scratchlab.result import Head, Layout, Result, Row
from scratchlab.store.run import Run

FALLING = [{"loss": 2.0}, {"loss": 1.0}]


def result(chance: float | None = 0.25, **heads: Estimate) -> Result:
    rows = {name.replace("__", "."): Head({"accuracy": one}, (Row({}, {}, {"accuracy": one}, chance),)) for name, one in heads.items()}
    return Result("closed_set", "headline", rows, Layout("query", "accuracy"))


def test_a_good_result_has_none() -> None:
    assert warnings(result(cosine=Estimate(0.9, 0.8, 1.0), features__linear=Estimate(0.85, 0.8, 0.9)), FALLING) == ()
    assert warnings(result(None, cosine=Estimate(0.1, 0.0, 0.2)), FALLING) == (), "where chance is not known, nothing is said of it"


def test_each_reason_is_named_with_its_numbers() -> None:
    found = warnings(
        result(cosine=Estimate(0.3, 0.2, 0.4), residual=Estimate(0.2), features__linear=Estimate(0.9, 0.8, 1.0)),
        [{"loss": 2.0}, {"loss": 1.9}],
    )
    assert found == (
        "The cosine head is at chance: 30.0% [20.0%, 40.0%] accuracy, where guessing gives 25.0%.",
        "The residual head is at chance: 20.0% accuracy, where guessing gives 25.0%.",
        "The cosine head (30.0% [20.0%, 40.0%]) is below a linear classifier of the input features (90.0% [80.0%, 100.0%]): as trained "
        "here, the network loses more than it gains.",
        "The training loss did not fall: 2.000 in the first epoch, 1.900 in the last of 2.",
        ADVICE,
    )


def test_a_run_that_learns_nothing_says_so_in_terminal_and_page(tmp_path: Path) -> None:
    raw = {
        "data": {"name": "sklearn_digits"},
        "protocol": {"name": "closed_set"},
        "frontend": {"name": "pixels"},
        "encoder": {"name": "conv4", "channels": 4},
        "training": {"epochs": 2, "rate": 1e-9},
    }
    run = Run.create(tmp_path, resolve(raw, SECTIONS, "nothing"), "Learns nothing")
    perform(resolve(raw, SECTIONS, "nothing"), run, Console(quiet=True))
    console = Console(file=io.StringIO(), width=300)
    console.print(terminal.outcome(run))
    text, html = console.file.getvalue(), page.page(run)  # type: ignore[attr-defined]
    for sentence in ("is below a linear classifier of the input features", "The training loss did not fall", "What to try"):
        assert sentence in text
        assert sentence in html


@pytest.mark.parametrize("records", [[], [{"loss": 1.0}]])
def test_one_epoch_or_none_says_nothing_of_the_loss(records: list[dict[str, float]]) -> None:
    assert warnings(result(cosine=Estimate(0.9, 0.8, 1.0)), records) == ()
