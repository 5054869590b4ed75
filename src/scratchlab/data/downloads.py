"""Downloads of published corpora into the cache, verified by checksum and unpacked atomically."""

from __future__ import annotations

import hashlib
import logging
import tarfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pooch
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from scratchlab.checks import Problem
from scratchlab.data import cache

ADVICE = "if you have the corpus unpacked somewhere, give its folder with -s data.root=FOLDER"


def corpus_folder(name: str, url: str, sha256: str) -> Path:
    """The cache folder of this corpus, whether it has been downloaded or not."""
    return cache.folder() / "corpora" / f"{name}-{hashlib.sha256(f'{url} {sha256}'.encode()).hexdigest()[:8]}"


def fetch(name: str, url: str, sha256: str, *, unpack: bool = True) -> Path:
    """Returns the folder of the unpacked corpus, downloading it if it is not cached. An empty `sha256` accepts any archive and prints its
    checksum.

    unpack: if False, the archive is kept packed, and its path is returned. Raises Problem if the download fails, the checksum differs or
    the archive cannot be unpacked.
    """
    folder = corpus_folder(name, url, sha256)
    if not folder.is_dir():
        with cache.atomic_folder(folder) as temporary:
            archive = _download(name, url, sha256, temporary)
            if unpack:
                _unpack(archive, url, temporary)
                archive.unlink()
            else:
                archive.rename(temporary / name)
    return corpus_root(folder) if unpack else folder / name


def corpus_root(folder: Path) -> Path:
    """The only folder in `folder` if it contains nothing else (many archives wrap everything in one), otherwise `folder` itself."""
    entries = list(folder.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else folder


def _download(name: str, url: str, sha256: str, folder: Path) -> Path:
    console = Console(stderr=True)
    pooch.get_logger().setLevel(logging.WARNING)
    bar = _Bar(name, console)
    downloader: Any = pooch.HTTPDownloader(progressbar=cast(Any, bar), timeout=30)  # pooch takes any bar, but declares a bool
    known = f"sha256:{sha256.lower()}" if sha256 else None
    try:
        path = pooch.retrieve(url, known_hash=known, fname=".archive", path=folder, downloader=downloader)
    except ValueError as error:
        raise Problem(
            f"The archive at {url} has another checksum than expected (sha256 {sha256[:12]}…) and was deleted; {ADVICE}."
        ) from error
    except OSError as error:  # the errors of requests are OSErrors without an errno; disk errors have one
        if error.errno is not None:
            raise
        raise Problem(f"{url} cannot be downloaded ({type(error).__name__}); {ADVICE}.") from error
    finally:
        bar.close()
    if not sha256:
        console.print(f"{url} has no published checksum; to require the same archive next time: data.sha256 = '{pooch.file_hash(path)}'")
    return Path(path)


def _unpack(archive: Path, url: str, folder: Path) -> None:
    try:
        if tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
        elif zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                _refuse_outside(packed.namelist())
                packed.extractall(folder)
        else:
            raise Problem(f"The file at {url} is neither a tar nor a zip archive; {ADVICE}.")
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError) as error:
        raise Problem(f"The archive at {url} cannot be unpacked safely ({error}); {ADVICE}.") from error


def _refuse_outside(names: list[str]) -> None:
    for name in names:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"'{name}' would be written outside the folder")


class _Bar:
    """The progress-bar interface that pooch expects; drawn on standard error if that is a terminal."""

    def __init__(self, name: str, console: Console) -> None:
        self.total = 0
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._progress.add_task(name, total=None)

    def update(self, size: int) -> None:
        """Advances the bar by `size` bytes."""
        self._progress.start()
        self._progress.update(self._task, advance=size, total=self.total or None)

    def reset(self) -> None:
        """Sets the bar back to zero."""
        self._progress.reset(self._task)

    def close(self) -> None:
        """Stops drawing."""
        self._progress.stop()
