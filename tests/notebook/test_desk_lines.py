"""What is shown of a line, what leaves something open, what a crash says last."""

from __future__ import annotations

from pathlib import Path

import pytest

from scratchlab.notebook.desk.crash import last_words
from scratchlab.notebook.desk.line import SHOWN, key, line, plain
from scratchlab.notebook.desk.unfinished import unfinished
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
def test_a_line_without_its_marks(text: str, shown: str) -> None:
    assert plain(text) == " ".join(shown.split())


def test_long_lines_are_cut_and_runs_say_what_came_of_them() -> None:
    assert len(line(made("word " * 100))) <= SHOWN
    assert line(made("word " * 100)).endswith("…")
    assert line(made("digits-0123abcd: Ten digits\ncosine 98.0%\nrecipe digits", "run", "finished")) == "digits-0123abcd: cosine 98.0%"
    assert line(made("noise-89abcdef lacks seed = 0 (missing)\ndigits", "run", "hole")) == "noise-89abcdef lacks seed = 0 (missing)"


def test_a_step_is_known_again_until_its_words_change() -> None:
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
def test_lines_that_leave_something_open(text: str, why: str) -> None:
    assert unfinished(made(text)) == why


def test_tasks_questions_and_headings_leave_something_open() -> None:
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


def test_a_crash_points_at_the_innermost_line_of_ones_own() -> None:
    said, place = last_words(made(TRACEBACK, "log", "failed"))
    assert (said, str(place)) == ("soundfile.LibsndfileError: Error opening 'a.wav': File does not exist", "/home/sam/kws/data.py:12")


def test_of_two_tracebacks_the_last_counts() -> None:
    chained = TRACEBACK + 'Traceback (most recent call last):\n  File "run.py", line 5, in <module>\nRuntimeError: no data\n'
    said, place = last_words(made(chained, "log", "failed"))
    assert (said, str(place)) == ("RuntimeError: no data", "run.py:5")


def test_only_a_librarys_frames_still_are_a_place() -> None:
    text = 'Traceback (most recent call last):\n  File "/usr/lib/python3/dist-packages/a.py", line 2, in b\nKeyError: 3\n'
    assert str(last_words(made(text, "job", "failed"))[1]) == "/usr/lib/python3/dist-packages/a.py:2"


def test_without_a_traceback_the_place_is_the_events_own() -> None:
    assert last_words(made("digits-0123abcd\nCUDA out of memory\nrecipe digits", "run", "failed")) == (
        "CUDA out of memory",
        Place(Path("/v/log.md"), 3, 3),
    )
    assert last_words(made("a\ntorch.cuda.OutOfMemoryError: CUDA out of memory.\nbye", "log", "failed"))[0].startswith("torch.cuda.OutOf")
    assert last_words(made("python train.py", "job", "killed"))[0] == "python train.py"
