"""Obstacles for the reader: redrawn lines, colours, ranks, encodings, growing files."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchlab.checks import Problem
from scratchlab.notebook.logs import slots
from scratchlab.notebook.logs.follow import Tail, text_lines
from scratchlab.notebook.logs.log import Log
from scratchlab.notebook.logs.reader import Reader, read

EPOCHS = [f"Epoch {number}/20 - loss: {2 / number:.3f} - val_acc: {0.9 - 0.5 / number:.3f}" for number in range(1, 21)]


def figures_of(log: Log) -> list[tuple[int, str, str, str]]:
    return [(figure.line, figure.kind, figure.name, figure.text) for figure in log.figures()]


@pytest.mark.parametrize(
    "dress",
    [
        lambda line: f"\x1b[32m2024-01-02 03:04:05,678\x1b[0m \x1b[1mINFO\x1b[0m {line}",
        lambda line: f"[rank3]: {line}",
        lambda line: f"[default0]:{line}",
        lambda line: f"3: {line}",
        lambda line: f"[1,0]<stdout>:{line}",
        lambda line: f"Nov 28 17:05:47 {line}",
        lambda line: f"[2024-01-02T03:04:05.678Z] [INFO] [trainer.py:88:log] [Rank 0] {line}",
        lambda line: f"INFO:root:{line}",
        lambda line: f"(TrainWorker pid=4711) {line}",
        lambda line: f"\x1b[2K\r{line}\r",
        lambda line: f"{line}\r\n",
    ],
)
def test_prefixes_and_decorations_change_nothing(dress: object) -> None:
    assert callable(dress)
    plain = [each for each in figures_of(read(EPOCHS)) if each[1] != "at"]
    assert [each for each in figures_of(read([str(dress(line)) for line in EPOCHS])) if each[1] != "at"] == plain
    assert len(plain) == 80


@pytest.mark.parametrize(
    "stamp",
    [
        *("2024-01-02 03:04:05", "2024-01-02 03:04:05,678", "2024-01-02T03:04:05.678Z", "2024/01/02 03:04:05", "20240102 03:04:05"),
        *("01/02 03:04:05", "02-Jan-2024 03:04:05", "Jan 2 03:04:05", "03:04:05", "2024-01-02T03:04:05+00:00"),
    ],
)
def test_time_stamps(stamp: str) -> None:
    log = read([f"[{stamp}] epoch: 1, loss: 0.5", f"[{stamp}] epoch: 2, loss: 0.4"])
    assert [row.text("at") for row in log.rows] == [stamp, stamp]


def test_interleaved_other_lines_change_only_line_numbers() -> None:
    noise = random.Random(0)
    words = [
        "warning: slow",
        "  File x.py, line 3",
        "",
        "}",
        "{",
        '"a": 1',
        "10% of it",
        "{'a': [1, 2]}",
        "\x00\x01",
        "a,b,c",
        "loss,acc",
        "| x | y |",
    ]
    lines, places = list[str](), list[int]()
    for line in EPOCHS:
        lines += noise.choices(words, k=3)
        lines.append(line)
        places.append(len(lines))
    log = read(lines)
    rows = [row for row in log.rows if row.line in places]
    assert [row.line for row in rows] == places
    assert [row.number("epoch") for row in rows] == list(range(1, 21))


@given(st.lists(st.text(max_size=60), max_size=30))
def test_any_text_can_be_read(lines: list[str]) -> None:
    log = read(lines)
    assert log.lines == len(lines)
    assert all(1 <= figure.line <= len(lines) for figure in log.figures())


@given(
    st.lists(
        st.sampled_from(
            [*EPOCHS, "", "{", "}", '"epoch": 3,', '"loss": 0.1', "epoch,loss", "1,0.5", "Traceback (most recent call last):", "x"]
        ),
        max_size=40,
    ),
    st.data(),
)
def test_reading_in_pieces_equals_reading_at_once(lines: list[str], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(lines)))
    reader = Reader()
    reader.feed(lines[:cut])
    assert figures_of(reader.feed(lines[cut:])) == figures_of(read(lines))


def test_a_redrawn_bar_keeps_the_last_state_of_each_step() -> None:
    states = [
        "  0%|          | 0/2 [00:00<?, ?it/s]",
        " 50%|█████     | 1/2 [00:01<00:01,  1.00s/it, loss=0.9]",
        "100%|██████████| 2/2 [00:02<00:00,  1.10s/it, loss=0.8]",
        "100%|██████████| 2/2 [00:02<00:00,  1.05s/it, loss=0.7]",
    ]
    line = "".join(f"\r{state}" for state in states)
    log = read([line])
    assert [(row.number("step"), row.number("value", "loss")) for row in log.rows] == [(0, None), (1, 0.9), (2, 0.7)]
    assert {row.line for row in log.rows} == {1}


def test_an_object_over_several_lines_is_one_record_with_a_line_for_each_figure() -> None:
    text = """{
  "log_history": [
    {
      "epoch": 0.5,
      "loss": 2.5,
      "step": 10
    },
    {
      "epoch": 1.0,
      "eval_loss": 2.1,
      "step": 20
    }
  ],
  "max_steps": 40
}"""
    log = read(text.split("\n"))
    assert figures_of(log) == [
        *((4, "epoch", "epoch", "0.5"), (5, "value", "loss", "2.5"), (6, "step", "step", "10")),
        *((9, "epoch", "epoch", "1.0"), (10, "value", "eval_loss", "2.1"), (11, "step", "step", "20")),
    ]
    minified = read([text.replace("\n", "")])
    assert [each[1:] for each in figures_of(minified) if each[2] != "steps"] == [each[1:] for each in figures_of(log)]


def test_a_table_may_restart_and_end() -> None:
    log = read(["epoch,loss", "1,0.5", "2,0.4", "epoch,loss", "1,0.6", "done, all of it", "3,4"])
    assert [(row.line, row.number("value", "loss")) for row in log.rows] == [(2, 0.5), (3, 0.4), (5, 0.6)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "train.log"
    path.write_text("\n".join(EPOCHS), encoding=encoding)
    assert figures_of(read(text_lines(path))) == figures_of(read(EPOCHS))


def test_undecodable_bytes_affect_only_their_line(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_bytes("\n".join(EPOCHS[:10]).encode() + b"\n\xff\xfe\x80\x00 caf\xe9\n" + "\n".join(EPOCHS[10:]).encode())
    assert [row.number("epoch") for row in read(text_lines(path)).rows] == list(range(1, 21))


def test_a_file_that_grows_is_read_from_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    tail, reader = Tail(path), Reader()
    written = "\n".join(EPOCHS) + "\n"
    path.write_text("")
    for start in range(0, len(written), 37):  # in the midst of lines, and of figures
        with path.open("a") as file:
            file.write(written[start : start + 37])
        reader.feed(tail.new())
    assert figures_of(reader.log) == figures_of(read(EPOCHS))
    assert (tail.restarts, list(tail.end())) == (0, [])


def test_a_truncated_file_counts_as_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_text("\n".join(EPOCHS) + "\n")
    tail = Tail(path)
    assert len(list(tail.new())) == 20
    path.write_text(EPOCHS[0] + "\n")
    assert list(tail.new()) == EPOCHS[:1]
    assert tail.restarts == 1


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="is a folder"):
        list(text_lines(tmp_path))
    with pytest.raises(Problem, match="cannot be read: no such file"):
        list(text_lines(tmp_path / "none.log"))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1e-05", 1e-5),
        ("3:06:24", 11184),
        ("15:19", 919),
        ("1 day, 0:00:10", 86410),
        ("0:00:35.5", 35.5),
        ("12,000", 12000),
        ("8.4%", 8.4),
        ("11.", 11),
    ],
)
def test_numbers(cell: str, value: float) -> None:
    assert slots.number(cell) == value


@pytest.mark.parametrize("cell", ["2024-01-02 03:04:05", "", "abc", "1.2.3", "None"])
def test_cells_that_are_no_numbers(cell: str) -> None:
    assert slots.number(cell) is None


@pytest.mark.parametrize(
    "text", ["v1.6.0", "conv2d_3", "top-1", "mAP50-95", "output #0", "Prec@1", "mAP@.5:.95", "number of nan iterations", "a1b2c3", "1_000"]
)
def test_digits_within_words_are_no_numbers(text: str) -> None:
    assert [cell for cell in slots.split(f"{text}: 7")[1::2] if cell != "1"] in (["7"], ["1", "7"])
