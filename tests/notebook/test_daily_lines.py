"""One-line titles of events, open items, and the error of a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from scratchlab.notebook.daily.crash import error_of
from scratchlab.notebook.daily.event_line import SHOWN, key, line, plain
from scratchlab.notebook.daily.unfinished import unfinished
from scratchlab.notebook.events import Event, Kind, Place


def made(text: str, kind: Kind = "note", state: str = "", number: int = 3, heading: tuple[str, ...] = ()) -> Event:
    return Event(kind, text, Place(Path("/v/log.md"), number, number), state=state, heading=heading)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("- [ ] **try** [[kws#2025/04/10|the margin]] again ^a1", "try the margin again"),
        ("  1. [x] done\n   and more", "done and more"),
        ("> see [a page](https://example.org/a) and [[digits-0123abcd]]", "see a page and digits-0123abcd"),
        ("显存不够，==下一步== 把 batch 减半", "显存不够，下一步 把 batch 减半"),
        ("a * b ** c stays __init__", "a * b  c stays init"),
    ],
)
def test_a_line_without_markup(text: str, shown: str) -> None:
    assert plain(text) == " ".join(shown.split())


def test_long_lines_are_truncated_and_runs_show_their_outcome() -> None:
    assert len(line(made("word " * 100))) <= SHOWN
    assert line(made("word " * 100)).endswith("…")
    assert line(made("digits-0123abcd: Ten digits\ncosine 98.0%\nrecipe digits", "run", "finished")) == "digits-0123abcd: cosine 98.0%"
    assert line(made("noise-89abcdef lacks seed = 0 (missing)\ndigits", "run", "hole")) == "noise-89abcdef lacks seed = 0 (missing)"


def test_a_key_is_stable_until_the_words_change() -> None:
    before = key(made("- [ ] try it", "task", "open", 3))
    assert key(made("- [x] try it", "task", "done", 30)) == before
    assert key(made("- [ ] try it twice", "task", "open", 3)) != before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- AdamW has no weight decay, might try to re-tune this later.", "says “might try”"),
        ("- I am still looking to try the other corpus", "says “still looking”"),
        ("- not yet done with seeds", "says “not yet”"),
        ("- 接下来试 dropout", "says “接下来”"),
        ("- 아직 안 해 봤다", "says “아직”"),
        ("- tried it, no improvement, removed", ""),
        ("- the network was tuned and added", ""),
        ("- knotted yetis", ""),
    ],
)
def test_which_lines_are_open_items(text: str, why: str) -> None:
    assert unfinished(made(text)) == why


def test_tasks_questions_and_headings_are_open_items() -> None:
    assert unfinished(made("- [ ] a", "task", "open")) == "an open task"
    assert unfinished(made("- a?", "question", "open")) == "a question without an answer"
    assert unfinished(made("- a", heading=("2025-03-08", "What remains"))) == "under “What remains”"
    assert unfinished(made("- [x] not yet", "task", "done")) == ""
    assert unfinished(made("not yet", "run", "failed")) == ""


TRACEBACK = """epoch 3: loss 0.4
Traceback (most recent call last):
  File "/home/sam/kws/train.py", line 88, in <module>
    main()
  File "/home/sam/kws/data.py", line 12, in read
    return load(path)
  File "/usr/lib/python3.11/site-packages/soundfile.py", line 658, in __init__
    self._open()
soundfile.LibsndfileError: Error opening 'a.wav': File does not exist
slurmstepd: step ended
"""


def test_a_crash_points_at_the_innermost_frame_outside_libraries() -> None:
    message, place = error_of(made(TRACEBACK, "log", "failed"))
    assert (message, str(place)) == ("soundfile.LibsndfileError: Error opening 'a.wav': File does not exist", "/home/sam/kws/data.py:12")


def test_the_last_of_two_tracebacks_counts() -> None:
    chained = TRACEBACK + 'Traceback (most recent call last):\n  File "run.py", line 5, in <module>\nRuntimeError: no data\n'
    message, place = error_of(made(chained, "log", "failed"))
    assert (message, str(place)) == ("RuntimeError: no data", "run.py:5")


def test_a_traceback_within_libraries_only_has_a_place() -> None:
    text = 'Traceback (most recent call last):\n  File "/usr/lib/python3/dist-packages/a.py", line 2, in b\nKeyError: 3\n'
    assert str(error_of(made(text, "job", "failed"))[1]) == "/usr/lib/python3/dist-packages/a.py:2"


def test_without_a_traceback_the_place_is_the_events_own() -> None:
    assert error_of(made("digits-0123abcd\nCUDA out of memory\nrecipe digits", "run", "failed")) == (
        "CUDA out of memory",
        Place(Path("/v/log.md"), 3, 3),
    )
    assert error_of(made("a\ntorch.cuda.OutOfMemoryError: CUDA out of memory.\nbye", "log", "failed"))[0].startswith("torch.cuda.OutOf")
    assert error_of(made("python train.py", "job", "killed"))[0] == "python train.py"
