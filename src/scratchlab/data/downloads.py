"""Fetching a published corpus into the cache: the whole of it, checked, or nothing."""

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

ELSEWHERE = "if you have the corpus unpacked somewhere, point at it with -s data.root=FOLDER"


def place(name: str, url: str, sha256: str) -> Path:
    """Where this corpus is, or would be, once fetched."""
    return cache.folder() / "corpora" / f"{name}-{hashlib.sha256(f'{url} {sha256}'.encode()).hexdigest()[:8]}"


def fetch(name: str, url: str, sha256: str, *, unpack: bool = True) -> Path:
    """The folder of the unpacked corpus, fetched if it is not there yet; an empty `sha256` accepts any archive and prints its own.

    unpack: if False, the archive is kept as it is, and the result is its path. Raises Problem when there is no connection, or the archive
    is not the expected one, or does not unpack.
    """
    folder = place(name, url, sha256)
    if not folder.is_dir():
        with cache.filling(folder) as beside:
            archive = _download(name, url, sha256, beside)
            if unpack:
                _unpack(archive, url, beside)
                archive.unlink()
            else:
                archive.rename(beside / name)
    return inside(folder) if unpack else folder / name


def inside(folder: Path) -> Path:
    """The folder itself, or the only folder in it: many archives wrap everything in one."""
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
        raise Problem(f"The archive at {url} is not the expected one (sha256 {sha256[:12]}…) and was thrown away; {ELSEWHERE}.") from error
    except OSError as error:  # every error of requests is one; those of the disk have a number
        if error.errno is not None:
            raise
        raise Problem(f"{url} cannot be fetched ({type(error).__name__}); {ELSEWHERE}.") from error
    finally:
        bar.close()
    if not sha256:
        console.print(f"{url} has no published checksum; to be sure of the same archive next time: data.sha256 = '{pooch.file_hash(path)}'")
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
            raise Problem(f"What {url} gives is neither a tar nor a zip archive; {ELSEWHERE}.")
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError) as error:
        raise Problem(f"The archive at {url} does not unpack safely ({error}); {ELSEWHERE}.") from error


def _refuse_outside(names: list[str]) -> None:
    for name in names:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"'{name}' would be written outside the folder")


class _Bar:
    """What pooch asks of a progress bar, drawn on standard error when somebody is watching."""

    def __init__(self, name: str, console: Console) -> None:
        self.total = 0
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._progress.add_task(name, total=None)

    def update(self, size: int) -> None:
        """`size` more bytes have come."""
        self._progress.start()
        self._progress.update(self._task, advance=size, total=self.total or None)

    def reset(self) -> None:
        """Back to the start."""
        self._progress.reset(self._task)

    def close(self) -> None:
        """The bar is done."""
        self._progress.stop()
