"""A user's own recordings: mixed rates, channels and lengths work; wrong input is reported before any training."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from scratchlab.cli import main

RECIPE = """
[data]
name = "audio_folder"
csv = "clips.csv"
label_column = "word"
group_column = "speaker"
[protocol]
base = 3
way = 1
shot = 2
sessions = 1
order = "source"
draws = 2
test = 0.25
valid = 0.25
[training]
epochs = 1
batch = 4
"""
KINDS = [{}, {"rate": 8000}, {"rate": 44100, "channels": 2}, {"seconds": 0.31}, {"seconds": 0.004}]


@pytest.fixture
def words(tmp_path: Path, record: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    """Four words by four speakers in varied formats (wav and flac, 8 to 44.1 kHz, stereo, 4 ms to 0.3 s), and their table."""
    with (tmp_path / "clips.csv").open("w") as file:
        table = csv.writer(file)
        table.writerow(["path", "word", "speaker"])
        for number in range(32):
            word, speaker = number % 4, number // 4 % 4
            suffix = "flac" if number % 3 else "wav"
            path = tmp_path / f"{number}.{suffix}"
            record(path, pitch=300.0 + 150 * word + 10 * speaker, **KINDS[number % len(KINDS)])
            table.writerow([path.name, f"word{word}", f"speaker{speaker}"])
    (tmp_path / "mine.toml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *more: str) -> None:
    monkeypatch.setattr(sys, "argv", ["scratchlab", "run", "mine.toml", *more])
    main()


def test_any_rate_length_and_number_of_channels(words: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch)
    assert not ended.value.code
    assert len(list(words.glob("runs/*/result.json"))) == 1


def cut(folder: Path) -> None:
    path = folder / "7.flac"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(folder: Path) -> None:
    soundfile.write(folder / "6.wav", [], 16000)


def gone(folder: Path) -> None:
    (folder / "7.flac").unlink()


def misnamed(folder: Path) -> None:
    table = folder / "clips.csv"
    table.write_text(table.read_text().replace("path,word", "path,wrod"))


@pytest.mark.parametrize(
    ("fault", "more", "sentence"),
    [
        (cut, [], "7.flac cannot be decoded as audio"),
        (emptied, [], "6.wav is empty"),
        (gone, [], "clips.csv, line 9: there is no file 7.flac"),
        (misnamed, [], "has no column 'word' (data.label_column); its columns are: path, wrod, speaker"),
        (None, ["-s", "protocol.shot=7"], "fewer than protocol.shot = 7"),
        (None, ["-s", "data.csv=clip.csv"], "clip.csv"),
        (None, ["-s", 'protocol.test=["speaker9"]'], "names speaker9, which is no speaker; there are: speaker0"),
    ],
)
def test_wrong_input_gives_a_one_line_error_and_leaves_no_run(
    words: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: Callable[[Path], object] | None,
    more: list[str],
    sentence: str,
) -> None:
    if fault:
        fault(words)
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, *more)
    output = capsys.readouterr()
    assert ended.value.code == 2
    assert sentence in output.err
    assert len(output.err.strip().splitlines()) == 1
    assert "epoch" not in output.out, "reported only after training"
    assert not list(words.glob("runs/*"))
