"""The studies around answers: what they spoil is spoilt, what they read is read whole, and the sentence follows from the figures."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from scratchlab.metrics.estimate import Estimate
from scratchlab.notebook.events import Event, Place
from scratchlab.notebook.recall.answer.sentences import Sentence
from scratchlab.notebook.recall.ask import Evidence

STUDIES = Path(__file__).parents[2] / "studies"
sys.path.insert(0, str(STUDIES))

import faithful_answers  # noqa: E402
import finetune_or_context  # noqa: E402

TEXTS = ["Accuracy was 0.52 at 30 epochs.", "Loss of 7.25 at step 900.", "Slower by 4 %.", "18 GB.", "A note of 2 days."]
EVIDENCE = [Evidence(i, Event("note", text, Place(Path("a.md"), i)), 1.0) for i, text in enumerate(TEXTS, 1)]
TRUE = Sentence(TEXTS[0], (1,))


@pytest.mark.parametrize("name", [name for name in faithful_answers.SPOILS if not name.startswith("nothing")])
def test_what_is_spoilt_is_no_longer_true(name: str) -> None:
    for seed in range(20):
        spoilt = faithful_answers.SPOILS[name](TRUE, EVIDENCE, np.random.default_rng(seed))
        assert spoilt is not None
        assert spoilt != TRUE


def test_moved_points_and_swapped_numbers() -> None:
    dice = np.random.default_rng(0)
    spoilt = {name: faithful_answers.SPOILS[name](TRUE, EVIDENCE, dice) for name in ("a decimal point moved", "two numbers swapped")}
    assert [one.text for one in spoilt.values() if one] == ["Accuracy was 5.2 at 30 epochs.", "Accuracy was 30 at 0.52 epochs."]


def test_figures_of_a_sentence_are_counted_with_those_its_line_has() -> None:
    count = faithful_answers.Count()
    texts, events = {one.number: one.event.text for one in EVIDENCE}, {one.number: one.event for one in EVIDENCE}
    count.add([Sentence("It was 0.52 at 31 epochs.", (1,)), Sentence("It was 18 GB.", ())], texts, events)
    assert count.row() == ["2", "3", "1 (33 %)", "2 (67 %)", "4", "2 (50 %)"]


def test_a_diary_is_read_from_its_oldest_day_on_and_whole() -> None:
    class Letters:
        def __call__(self, text: str, add_special_tokens: bool) -> object:
            return type("Read", (), {"input_ids": list(text)})

    text = "# Log\n\nwelcome\n\n## 2026-01-02: b\n\ntwo\n\n## 2026-01-01: a\n\none\n\n### more\n\n## 2026-01-02\n\nagain\n"
    days = finetune_or_context.read(text, Letters())
    assert [(day.name, "".join(day.ids)) for day in days] == [  # type: ignore[arg-type]
        ("2026-01-01", "## 2026-01-01: a\n\none\n\n### more\n\n"),
        ("2026-01-02", "## 2026-01-02: b\n\ntwo\n\n## 2026-01-02\n\nagain\n"),
    ]
    assert [day.start for day in days] == [0, len(days[0].ids)]


def below(value: float) -> Estimate:
    return Estimate(value, value - 0.1, value + 0.1)


@pytest.mark.parametrize(
    ("context", "older", "both", "begins", "ends"),
    [
        (-0.5, -0.3, -0.2, "Context beats fine-tuning without it: put", "fine-tuning gains 0.20 nats a token, if you have the minutes."),
        (
            -0.5,
            0.3,
            0.0,
            "Context beats fine-tuning without it (because of the day's own lines: with earlier days only, fine-tuning wins)",
            "fine-tuning has no significant gain.",
        ),
        (
            -0.5,
            0.05,
            0.0,
            "Context beats fine-tuning without it (because of the day's own lines: with earlier days only, the difference",
            "fine-tuning has no significant gain.",
        ),
        (0.5, 0.5, 0.0, "Fine-tuning beats context", "fine-tuning has no significant gain."),
        (0.05, 0.5, 0.0, "Context and fine-tuning cannot be told apart here", "fine-tuning has no significant gain."),
    ],
)
def test_the_sentence_follows_from_the_intervals(context: float, older: float, both: float, begins: str, ends: str) -> None:
    said = finetune_or_context.verdict(below(context), below(older), below(both))
    assert said.startswith(begins)
    assert said.endswith(ends)
