"""Downloads from a local server: either the whole corpus, or a clear error and nothing in the cache."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from scratchlab.checks import Problem
from scratchlab.data import downloads
from scratchlab.data.sources import omniglot
from scratchlab.data.sources.arabic_speech_commands import ArabicSpeechCommands
from scratchlab.data.sources.cifar100 import CIFAR100
from scratchlab.data.sources.speech_commands import SpeechCommands

Record = Callable[..., Path]


class Handler(http.server.SimpleHTTPRequestHandler):
    requests = 0

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        Handler.requests += 1


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL at which its files are served."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    Handler.requests = 0
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def speech_commands(folder: Path, record: Record) -> tuple[Path, str]:
    """An archive with the layout of the real one, and its checksum."""
    corpus = folder.parent / "corpus"
    for word in ("yes", "no"):
        for speaker in "abc":
            record(corpus / word / f"{speaker}_nohash_0.wav")
    record(corpus / "_background_noise_" / "tap.wav")
    (corpus / "testing_list.txt").write_text("yes/b_nohash_0.wav\nno/b_nohash_0.wav\n")
    (corpus / "validation_list.txt").write_text("yes/c_nohash_0.wav\nno/c_nohash_0.wav\n")
    with tarfile.open(folder / "corpus.tar.gz", "w:gz") as tar:
        tar.add(corpus, ".")
    return folder / "corpus.tar.gz", hashlib.sha256((folder / "corpus.tar.gz").read_bytes()).hexdigest()


def test_fetches_once(served: tuple[Path, str], cache: Path, record: Record) -> None:
    folder, address = served
    archive, checksum = speech_commands(folder, record)
    source = SpeechCommands(download=True, url=f"{address}/{archive.name}", sha256=checksum)
    samples = source.read()
    assert samples.classes == ("no", "yes")
    assert dict(zip(samples.ids.tolist(), samples.splits.tolist(), strict=True))["yes/b_nohash_0.wav"] == "test"
    assert samples.splits.tolist() == ["train", "test", "valid"] * 2
    assert samples.groups["speaker"].tolist() == ["a", "b", "c"] * 2
    assert samples.load(np.arange(6)).values.shape == (6, 1600)
    assert source.read().ids.tolist() == samples.ids.tolist()
    assert Handler.requests == 1
    assert [path.name for path in (cache / "corpora").iterdir()] == [downloads.corpus_folder("speech_commands", source.url, checksum).name]
    assert not list((cache / "corpora").glob("*/.archive*"))


def test_a_folder_takes_precedence_over_the_download(served: tuple[Path, str], cache: Path, record: Record) -> None:
    speech_commands(served[0], record)
    assert len(SpeechCommands(root=str(served[0].parent / "corpus"), download=True, url=f"{served[1]}/none").read()) == 6
    assert Handler.requests == 0


@pytest.mark.usefixtures("cache")
def test_zip_with_a_wrapping_folder(served: tuple[Path, str], record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    folder, address = served
    with zipfile.ZipFile(folder / "master.zip", "w") as packed:
        for speaker, split in ((1, "train"), (2, "test")):
            name = f"up/{speaker:08d}_NO_01.wav"
            packed.write(record(folder / name), f"corpus-master/dataset/{name}")
            packed.writestr(f"corpus-master/{split}.csv", f"file,class\n{name},up\n")
    samples = ArabicSpeechCommands(download=True, url=f"{address}/master.zip").read()
    assert samples.groups["speaker"].tolist() == ["00000001", "00000002"]
    assert samples.splits.tolist() == ["train", "test"]
    checksum = hashlib.sha256((folder / "master.zip").read_bytes()).hexdigest()
    assert f"data.sha256 = '{checksum}'" in capsys.readouterr().err.replace("\n", " ").replace("  ", " ").replace("' ", "'")


def test_records_in_their_own_folder(served: tuple[Path, str], cache: Path) -> None:
    with tarfile.open(served[0] / "cifar-100-binary.tar.gz", "w:gz") as tar:
        for name, content in (("train.bin", bytes(3074) * 2), ("test.bin", bytes([0, 9, *[255] * 3072])), ("readme.html", b"<html>")):
            member = tarfile.TarInfo(f"cifar-100-binary/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    url = f"{served[1]}/cifar-100-binary.tar.gz"
    checksum = hashlib.sha256((served[0] / "cifar-100-binary.tar.gz").read_bytes()).hexdigest()
    source = CIFAR100(download=True, url=url, sha256=checksum)
    assert source.read().labels.tolist() == source.read().labels.tolist() == [0, 0, 9]
    assert Handler.requests == 1
    with pytest.raises(Problem, match="another checksum than expected"):
        CIFAR100(download=True, url=url).read()
    assert len(list((cache / "corpora").iterdir())) == 1


def test_an_archive_that_stays_packed(served: tuple[Path, str], cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = "images_background_small1"
    picture = io.BytesIO()
    Picture.new("1", (105, 105)).save(picture, "PNG")
    with zipfile.ZipFile(served[0] / f"{part}.zip", "w") as packed:
        packed.writestr(f"{part}/Greek/character01/0001_01.png", picture.getvalue())
    source = omniglot.Omniglot(parts=[part], download=True, url=served[1])
    with pytest.raises(Problem, match="has another checksum than expected"):
        source.read()
    monkeypatch.setitem(omniglot._SHA256, part, hashlib.sha256((served[0] / f"{part}.zip").read_bytes()).hexdigest())
    assert source.read().ids.tolist() == source.read().ids.tolist() == ["Greek/character01/0001_01.png"]
    assert [path.name for path in (cache / "corpora").glob("*/*")] == [part]
    with pytest.raises(Problem, match=r"cannot be downloaded .* -s data.root=FOLDER"):
        omniglot.Omniglot(parts=[part], download=True, url="http://127.0.0.1:9").read()


def assert_refused(url: str, checksum: str, expected: str, cache: Path) -> None:
    with pytest.raises(Problem, match=expected) as caught:
        SpeechCommands(download=True, url=url, sha256=checksum).read()
    assert "-s data.root=FOLDER" in str(caught.value)
    assert list((cache / "corpora").iterdir()) == []


def test_another_checksum(served: tuple[Path, str], cache: Path, record: Record) -> None:
    archive, _ = speech_commands(served[0], record)
    assert_refused(f"{served[1]}/{archive.name}", "0" * 64, "another checksum than expected", cache)


def test_offline(served: tuple[Path, str], cache: Path) -> None:
    assert_refused("http://127.0.0.1:9/corpus.tar.gz", "", "cannot be downloaded", cache)
    assert_refused(f"{served[1]}/none.tar.gz", "", "cannot be downloaded", cache)


def test_not_an_archive(served: tuple[Path, str], cache: Path) -> None:
    (served[0] / "page.html").write_text("<html>Sign in to your network</html>")
    assert_refused(f"{served[1]}/page.html", "", "neither a tar nor a zip", cache)


def test_cut_short(served: tuple[Path, str], cache: Path, record: Record) -> None:
    archive, _ = speech_commands(served[0], record)
    archive.write_bytes(archive.read_bytes()[:-200])
    assert_refused(f"{served[1]}/{archive.name}", "", "cannot be unpacked", cache)


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "a/../../outside.txt"])
def test_nothing_is_written_outside(served: tuple[Path, str], cache: Path, name: str) -> None:
    with tarfile.open(served[0] / "evil.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = 4
        tar.addfile(member, io.BytesIO(b"evil"))
    with zipfile.ZipFile(served[0] / "evil.zip", "w") as packed:
        packed.writestr(name, "evil")
    for archive in ("evil.tar.gz", "evil.zip"):
        with pytest.raises(Problem):  # a tar member may instead be unpacked safely inside, and the result is then no corpus
            SpeechCommands(download=True, url=f"{served[1]}/{archive}", sha256="").read()
    assert not list(cache.parent.glob("outside.txt"))
    assert not Path("/outside.txt").exists()
