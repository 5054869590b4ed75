"""The card of a log: best, last, trend, remaining time, errors, fingerprints; undefined values give a reason."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.logs import curve, fingerprints, names
from scratchlab.notebook.logs.card import Card, card_of
from scratchlab.notebook.logs.export import table
from scratchlab.notebook.logs.reader import read
from scratchlab.notebook.logs.trend import trend
from scratchlab.notebook.logs.when import has_year, moment


def training(values: list[float], form: str = "Epoch {epoch}/40 - loss: {loss:.4f} - val_acc: {value:.4f}") -> list[str]:
    return [form.format(epoch=epoch, loss=1 / epoch, value=value) for epoch, value in enumerate(values, 1)]


RISEN = [0.5, 0.6, 0.7, 0.8, 0.9, 0.85, 0.84, 0.86, 0.85, 0.84]


def test_best_and_last_value_and_their_distance() -> None:
    card = card_of(training(RISEN))
    assert card.criterion is not None
    assert (card.criterion.title, card.better) == ("val_acc", "larger")
    assert card.best is not None
    assert card.last is not None
    assert (card.best.line, card.best.value, card.best.epoch) == (5, 0.9, 5)
    assert (card.last.line, card.last.value) == (10, 0.84)
    assert (card.since, card.unit) == (5, "epochs")


def test_the_metric_can_be_chosen() -> None:
    card = card_of(training(RISEN), "loss")
    assert card.better == "smaller"
    assert card.best is not None
    assert card.best.line == 10


def test_unknown_and_undirected_metrics_are_errors() -> None:
    with pytest.raises(Problem, match=r"The log has no metric 'val_ac'\. Did you mean 'val_acc'\?"):
        card_of(training(RISEN), "val_ac")
    with pytest.raises(Problem, match="The name 'wd' does not say whether larger or smaller is better"):
        card_of(["epoch: 1, wd: 0.1", "epoch: 2, wd: 0.2"], "wd")


@pytest.mark.parametrize(
    ("name", "way"),
    [
        *(("val_loss", "smaller"), ("acc@1", "larger"), ("top-1", "larger"), ("Rank-1", "larger"), ("RANK", ""), ("loss_weight", "")),
        *(
            ("loss scale", ""),
            ("valid_wer", "smaller"),
            ("samples_per_second", ""),
            ("mAP@.5:.95", "larger"),
            ("lr", ""),
            ("grad_norm", ""),
        ),
        *(("eval_g0_accuracy", "larger"), ("metrics/mAP50-95(B)", "larger"), ("step", ""), ("val_perplexity", "smaller"), ("F1", "larger")),
        *(("validationLoss", "smaller"), ("test/EER", "smaller"), ("err_rate", "smaller"), ("global_loss", "smaller"), ("objf", "larger")),
    ],
)
def test_the_name_determines_which_way_is_better(name: str, way: str) -> None:
    assert names.better(name) == way


def test_validation_and_scores_are_preferred() -> None:
    lines = ["epoch 1: train_acc=0.9, val_loss=0.5, val_acc=0.7", "epoch 2: train_acc=0.95, val_loss=0.6, val_acc=0.72"]
    card = card_of(lines)
    assert card.criterion is not None
    assert card.criterion.name == "val_acc"


def test_the_last_running_mean_of_each_epoch_counts() -> None:
    lines = [f"Epoch: [{epoch}][{step}/2] Loss {9 - step:.1f} ({5 - epoch - step / 10:.1f})" for epoch in (1, 2) for step in (1, 2)]
    card = card_of(lines)
    assert card.criterion is not None
    assert [(point.line, point.value) for point in card.criterion.points] == [(2, 3.8), (4, 2.8)]


def test_trend() -> None:
    assert trend([0.1 * number for number in range(10)], "larger").way == "better"
    assert trend([0.1 * number for number in range(10)], "smaller").way == "worse"
    assert trend([0.5, 0.6, 0.5, 0.6, 0.5, 0.6, 0.5, 0.6, 0.5, 0.6], "larger").way == "level"
    assert trend([1.0] * 12, "larger").way == "level"
    assert trend([1.0] * 7, "larger").why == "undefined, because there are only 7 values; at least 8 are needed"


def test_remaining_time_estimated_by_the_log() -> None:
    remaining = card_of(["epoch: 1, eta: 0:10:00, loss: 1.0", "epoch: 2, eta: 0:05:00, loss: 0.5"]).remaining
    assert (remaining.seconds, remaining.why) == (300, "according to the estimate in line 2")


def test_remaining_time_extrapolated_from_time_stamps() -> None:
    lines = [f"2024-01-01 00:{5 * epoch:02d}:00 Epoch {epoch}/10 loss: 0.5" for epoch in range(1, 6)]
    remaining = card_of(lines).remaining
    assert remaining.seconds == pytest.approx(25 * 60)  # from the end of epoch 1 to that of epoch 5: 20 minutes for 4 epochs; 5 are left
    assert remaining.why == "extrapolated from lines 1 to 5"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["epoch: 1, loss: 1.0", "epoch: 2, loss: 0.9"], "undefined, because no line says how many epochs or steps there will be"),
        (["epoch 1/9, loss: 1.0", "epoch 2/9, loss: 0.9"], "undefined, because no two lines have a time stamp"),
        (["val loss: 1.0", "val loss: 0.9"], "undefined, because no line contains an epoch or a step"),
        (["[1/2] loss: 1", "[2/2] loss: 2", "[1/2] loss: 1"], "undefined, because no line says how often the step numbers restart"),
    ],
)
def test_an_undefined_remaining_time_has_a_reason(lines: list[str], why: str) -> None:
    remaining = card_of(lines).remaining
    assert (remaining.seconds, remaining.why) == (None, why)


def test_finished_by_the_last_epoch() -> None:
    card = card_of([f"Epoch {epoch}/3 loss: 0.5" for epoch in (1, 2, 3)])
    assert (card.state, card.state_line, card.remaining.seconds) == ("finished", 3, 0)
    unended = card_of([f"Epoch {epoch}/3 loss: 0.5" for epoch in (1, 2)])
    assert (unended.state, unended.why["state"]) == ("", "undefined, because the log does not say that training ended")


def test_epochs_counted_from_zero() -> None:
    assert card_of([f"Epoch {epoch}/3 loss: 0.5" for epoch in (0, 1, 2)]).state == "finished"
    assert card_of([f"Epoch {epoch}/3 loss: 0.5" for epoch in (0, 1)]).state == ""


def test_not_finite_since() -> None:
    lines = [f"step: {step}, loss: {'nan' if step > 5 or step == 2 else step}" for step in range(1, 9)]
    card = card_of(lines)
    assert card.nan == (6, "loss")
    assert (card.state, card.state_line) == ("diverged", 6)
    assert card.best is not None
    assert card.best.value == 1
    healed = card_of(lines[:5])
    assert healed.nan is None


FAILED = [
    *training(RISEN[:2]),
    "Traceback (most recent call last):",
    '  File "train.py", line 3, in <module>',
    "    step()",
    "ValueError: bad shape",
]


def test_a_traceback_ends_it() -> None:
    card = card_of(FAILED)
    assert card.error == (6, "ValueError: bad shape")
    assert (card.state, card.remaining.why) == ("failed", "undefined, because training failed in line 6")
    ranked = card_of([*training(RISEN[:2]), *(f"[rank0]: {line}" for line in FAILED[2:])])
    assert ranked.error == (6, "ValueError: bad shape")


def test_the_last_of_chained_tracebacks_counts() -> None:
    chained = [*FAILED, "", "During handling of the above exception, another exception occurred:", "", *FAILED[2:5], "KeyError: 'x'"]
    assert card_of(chained).error == (len(chained), "KeyError: 'x'")


def test_an_error_that_training_survived_is_reported_but_not_its_state() -> None:
    card = card_of([*FAILED, *training(RISEN)])
    assert card.error == (6, "ValueError: bad shape")
    assert card.state == ""


@pytest.mark.parametrize(
    "line", ["slurmstepd: error: *** JOB 12 ON n1 CANCELLED AT 2024-01-01T00:00:00 DUE TO TIME LIMIT ***", "Killed", "KeyboardInterrupt"]
)
def test_killed(line: str) -> None:
    before = FAILED[2:5] if line == "KeyboardInterrupt" else []
    card = card_of([*training(RISEN[:2]), *before, line])
    assert (card.state, card.error) == ("killed", (3 + len(before), line))


def test_best_values_stated_by_the_log() -> None:
    card = card_of([*training(RISEN), "Best val_acc is 0.9000 at 5 epoch.", "Best val_acc is 0.9000 at 5 epoch."])
    assert card.claimed is not None
    assert (card.claimed[0], card.claimed[1].value) == ("val_acc", 0.9)


def test_nothing_read() -> None:
    card = card_of(["Dear diary,", "nothing was trained today."])
    assert (card.rows, card.lines, card.best, card.why["best"]) == (
        0,
        2,
        None,
        "undefined, because no line was recognized as part of a log",
    )


def test_logs_of_one_run_share_fingerprints() -> None:
    long, other = training([0.5 + 0.01 * number for number in range(30)]), training([0.4] * 30)
    whole, copy, part = card_of(long), card_of([f"2024-01-01 00:00:00 INFO {line}" for line in long]), card_of(long[:10])
    assert fingerprints.shared_figures(whole.fingerprints, copy.fingerprints) == "the same figures"
    assert fingerprints.shared_figures(whole.fingerprints, part.fingerprints) == "the same first 16 figures"
    assert fingerprints.shared_figures(whole.fingerprints, card_of(other).fingerprints) == ""
    assert card_of(long[:3]).fingerprints == ()
    assert fingerprints.shared_figures((), ()) == ""


def test_a_run_that_agrees_only_at_first_is_no_copy() -> None:
    values = [0.5 + 0.01 * number for number in range(30)]
    one, other = card_of(training(values)), card_of(training([*values[:20], *(value + 0.1 for value in values[20:])]))
    assert fingerprints.shared_figures(one.fingerprints, other.fingerprints) == "the same first 32 figures"


def test_curves() -> None:
    assert curve.spark([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert curve.spark([1.0, math.nan, 2.0]) == "▁×█"
    assert curve.spark([3.0, 3.0]) == "▄▄"
    assert (curve.spark([]), curve.spark([math.inf])) == ("", "×")
    assert len(curve.spark(list(range(1000)), 40)) == 40
    assert curve.svg([1.0, 2.0, math.nan, 3.0, 1.0]).count("<polyline") == 2
    assert 'points="1.0,31.0 159.0,1.0"' in curve.svg([1.0, 2.0])
    assert curve.svg([1.0, math.nan]) == ""


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("2024-01-02 03:04:05,678", datetime(2024, 1, 2, 3, 4, 5, 678000)),
        ("2024-01-02T03:04:05.5Z", datetime(2024, 1, 2, 3, 4, 5, 500000)),
        ("0102 03:04:05.000001", datetime(1904, 1, 2, 3, 4, 5, 1)),
        ("08/14 12:19:46", datetime(1904, 8, 14, 12, 19, 46)),
        ("Nov 28 17:05:47", datetime(1904, 11, 28, 17, 5, 47)),
        ("Nov 28 17:05:47 2026", datetime(2026, 11, 28, 17, 5, 47)),
        ("02-Jan-2024 03:04:05", datetime(2024, 1, 2, 3, 4, 5)),
        ("20240102 03:04:05", datetime(2024, 1, 2, 3, 4, 5)),
        ("01/02/2024 03:04:05 PM", datetime(2024, 1, 2, 15, 4, 5)),
        ("12:19:46", datetime(1904, 1, 1, 12, 19, 46)),
        ("2024-13-45 03:04:05", None),
        ("soon", None),
    ],
)
def test_moments(stamp: str, time: datetime | None) -> None:
    assert moment(stamp) == time
    assert time is None or has_year(time) == (time.year != 1904)


def test_the_table_has_one_row_per_record_with_figures_as_printed() -> None:
    lines = [
        "Epoch [1][1/2] time: 0.50 s, loss: 1.50 (1.60)",
        "Epoch [1][2/2] time: 0.25 s, loss: 1.25 (1.40)",
        "Epoch(val) [1][1] acc: 81.00",
    ]
    rows = list(csv.DictReader(io.StringIO(table(read(lines)))))
    assert rows[1] == {
        "line": "2",
        "phase": "",
        "epoch": "1",
        "step": "2",
        "steps": "2",
        "time [s]": "0.25",
        "loss": "1.25",
        "loss (mean)": "1.40",
        "acc": "",
    }
    assert (rows[2]["phase"], rows[2]["acc"], rows[2]["loss"]) == ("valid", "81.00", "")


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("wsdan_train.log", ("Prec@1 (test)", 30400, 87.763, 39080, 18, "epochs")),
        ("ncfscil_cifar_base.log", ("acc (valid)", 1794, 82.5167, 1820, 1, "epochs")),
        ("mmpose.log.json", ("AP (valid)", 1072, 0.75797, 1072, 0, "steps")),
        ("yolov8_results.csv", ("metrics/mAP50(B)", 44, 0.96316, 101, 57, "epochs")),
    ],
)
def test_cards_of_public_logs(log: str, expected: tuple[str, int, float, int, float, str], real_data: Callable[[str], Path]) -> None:
    card: Card = card_of(real_data(f"training_logs/{log}"))
    assert card.criterion is not None
    assert card.best is not None
    assert card.last is not None
    assert (card.criterion.title, card.best.line, card.best.value, card.last.line, card.since, card.unit) == expected
