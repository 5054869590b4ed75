"""The cache of decoded clips: exact, shared between processes, renewed when files change, and never incomplete."""

from __future__ import annotations

import errno
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scratchlab.checks import Problem
from scratchlab.data import audio, decoded
from scratchlab.data.cache import atomic_folder
from scratchlab.data.decoded import Decoded

Record = Callable[..., Path]


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoded, "SHARD_SIZE", 4)


def corpus(root: Path, n: int, *, subtype: str = "PCM_16") -> Decoded:
    """Writes `n` recordings of different lengths."""
    root.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(n):
        soundfile.write(root / f"{i}.wav", rng.uniform(-0.9, 0.9, 100 + 10 * i), 16000, subtype=subtype)
    return Decoded(root, np.array([f"{i}.wav" for i in range(n)]), 16000)


def shards(cache: Path) -> list[Path]:
    return sorted((cache / "decoded").iterdir())


@pytest.mark.usefixtures("small_shards")
@pytest.mark.parametrize(("subtype", "stored"), [("PCM_16", np.int16), ("FLOAT", np.float32)])
def test_equals_decoding_each_file(tmp_path: Path, cache: Path, subtype: str, stored: type) -> None:
    clips = corpus(tmp_path / "a", 10, subtype=subtype)
    rows = np.array([9, 0, 5, 5, 2])
    for _ in range(2):
        batch = clips.load(rows)
        assert batch.values.shape == (5, 190)
        for row, values, length in zip(rows, batch.values, batch.lengths, strict=True):
            alone = audio.decode(tmp_path / "a" / f"{row}.wav", 16000)
            assert length == len(alone)
            assert np.array_equal(values[:length], alone)
            assert not values[length:].any()
    assert len(shards(cache)) == 3
    assert np.load(shards(cache)[0] / "data.npy").dtype == stored


def test_a_clip_of_another_rate_keeps_the_others_exact(tmp_path: Path, cache: Path, record: Record) -> None:
    clips = corpus(tmp_path / "a", 3)
    record(tmp_path / "a" / "1.wav", rate=8000, channels=2)
    assert np.array_equal(clips.load(np.array([0])).values[0], audio.decode(tmp_path / "a" / "0.wav", 16000))
    assert clips.load(np.array([1])).lengths.tolist() == [1600]
    assert np.load(shards(cache)[0] / "data.npy").dtype == np.float32


def test_only_shards_that_are_needed_are_decoded(tmp_path: Path, cache: Path, small_shards: None) -> None:
    clips = corpus(tmp_path / "a", 10)
    assert not cache.exists()
    clips.load(np.array([5]))
    assert len(shards(cache)) == 1


def test_a_changed_file_is_decoded_again(tmp_path: Path, cache: Path, record: Record) -> None:
    before = corpus(tmp_path / "a", 3).load(np.array([1])).values
    path = tmp_path / "a" / "1.wav"
    soundfile.write(path, -before[0], 16000)
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    after = Decoded(tmp_path / "a", np.array(["0.wav", "1.wav", "2.wav"]), 16000).load(np.array([1])).values
    assert np.array_equal(after, -before)
    assert len(shards(cache)) == 2


def test_rates_and_folders_have_separate_shards(tmp_path: Path, cache: Path) -> None:
    """Also for two corpora whose files have the same names, sizes and dates (one a processed copy of the other)."""
    a, b = corpus(tmp_path / "a", 2), corpus(tmp_path / "b", 2)
    soundfile.write(tmp_path / "b" / "0.wav", np.full(100, 0.5), 16000)
    for folder in ("a", "b"):
        for i in range(2):
            os.utime(tmp_path / folder / f"{i}.wav", ns=(0, 0))
    row = np.array([0])
    assert not np.array_equal(a.load(row).values, b.load(row).values)
    assert Decoded(tmp_path / "a", a.names, 8000).load(row).values.shape == (1, 50)
    assert len(shards(cache)) == 3


def test_an_error_leaves_nothing_behind(tmp_path: Path, cache: Path) -> None:
    clips = corpus(tmp_path / "a", 3)
    (tmp_path / "a" / "1.wav").write_bytes(b"no sound")
    with pytest.raises(Problem, match=r"1\.wav cannot be decoded"):
        clips.load(np.array([0]))
    (tmp_path / "a" / "1.wav").unlink()
    with pytest.raises(Problem, match=r"no recording at .*1\.wav"):
        clips.load(np.array([0]))
    assert not cache.exists()


@pytest.mark.usefixtures("small_shards")
@pytest.mark.parametrize("damage", ["cut", "empty", "missing", "wrong offsets"])
def test_a_damaged_shard_is_decoded_again(tmp_path: Path, cache: Path, damage: str) -> None:
    clips = corpus(tmp_path / "a", 3)
    rows = np.arange(3)
    before = clips.load(rows).values
    data, offsets = (shards(cache)[0] / name for name in ("data.npy", "offsets.npy"))
    if damage == "cut":
        data.write_bytes(data.read_bytes()[:-10])
    elif damage == "empty":
        offsets.write_bytes(b"")
    elif damage == "missing":
        data.unlink()
    else:
        np.save(offsets, np.array([0, 3]))
    assert np.array_equal(Decoded(tmp_path / "a", clips.names, 16000).load(rows).values, before)


def test_the_cache_may_be_deleted_while_in_use(tmp_path: Path, cache: Path) -> None:
    clips = corpus(tmp_path / "a", 3)
    before = clips.load(np.arange(3)).values
    for file in shards(cache)[0].iterdir():
        file.unlink()
    assert np.array_equal(clips.load(np.arange(3)).values, before)


@pytest.mark.parametrize(("number", "expected"), [(errno.ENOSPC, "full"), (errno.EDQUOT, "full"), (errno.EROFS, "cannot be written")])
def test_a_full_or_read_only_cache(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, number: int, expected: str) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    clips = corpus(tmp_path / "a", 3)
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(Problem, match=f"{expected}.*SCRATCHLAB_CACHE=FOLDER") as caught:
        clips.load(np.array([0]))
    assert str(cache) in str(caught.value)
    assert shards(cache) == []
    monkeypatch.undo()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_recognised_by_its_errno() -> None:
    """np.save loses the errno."""
    with pytest.raises(OSError) as caught:  # noqa: PT011
        decoded._save(Path("/dev/full"), [np.zeros(100_000)])
    assert caught.value.errno == errno.ENOSPC


def test_a_file_at_the_path_of_the_cache_folder(tmp_path: Path, cache: Path) -> None:
    cache.write_text("in the way")
    with pytest.raises(Problem, match="cannot be written"):
        corpus(tmp_path / "a", 1).load(np.array([0]))


def test_the_first_process_to_finish_wins(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with atomic_folder(target) as slow:
        (slow / "writer").write_text("slow")
        with atomic_folder(target) as quick:
            (quick / "writer").write_text("quick")
    assert (target / "writer").read_text() == "quick"
    assert list(tmp_path.iterdir()) == [target]


def _loaded(clips: Decoded, rows: np.ndarray) -> np.ndarray:
    return clips.load(rows).values


@pytest.mark.usefixtures("small_shards")
def test_several_processes_fill_the_same_cache(tmp_path: Path, cache: Path) -> None:
    n = 120
    clips = corpus(tmp_path / "a", n)
    orders = [np.random.default_rng(i).permutation(n) for i in range(4)]
    with multiprocessing.get_context("fork").Pool(4) as pool:
        results = pool.starmap(_loaded, [(clips, order) for order in orders], chunksize=1)
    for order, values in zip(orders, results, strict=True):
        assert np.array_equal(values, clips.load(order).values)
    assert len(shards(cache)) == n / decoded.SHARD_SIZE
    assert not [path for path in shards(cache) if path.name.startswith(".")]
