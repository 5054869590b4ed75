"""Walking through the user's folders, and reading files safely.

Hidden folders, environments and caches (`NEVER`) and links to folders are never entered, so a walk always ends. Unreadable folders are
reported, so that their contents do not count as deleted. Pipes, sockets and devices are skipped: reading them would block.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path

NEVER = frozenset(("node_modules", "__pycache__", "site-packages", "venv"))
Refused = MutableMapping[str, str]  # path -> why it could not be read


@dataclass
class Folder:
    """A folder on a walk, its entries sorted by name.

    files: regular files and links to such; no hidden ones.
    below: the subfolders that are entered next; the caller may remove some.
    """

    path: str
    files: list[os.DirEntry[str]]
    below: list[os.DirEntry[str]]


def folders(root: Path, refused: Refused, left_out: frozenset[str] = NEVER) -> Iterator[Folder]:
    """Yields the folder and all its subfolders, top down, sorted by name.

    refused: receives the folders that could not be read. left_out: names of folders that are not entered.
    """
    waiting = [str(root)]
    while waiting:
        path = waiting.pop()
        try:
            with os.scandir(path) as found:
                entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
        except FileNotFoundError:  # deleted since it was listed
            continue
        except OSError as error:
            refused[path] = reason(error)
            continue
        folder = Folder(path, [], [])
        for entry in entries:
            kind = _kind(entry)
            if kind == "file":
                folder.files.append(entry)
            elif kind == "folder" and entry.name not in left_out:
                folder.below.append(entry)
        yield folder
        waiting += [entry.path for entry in reversed(folder.below)]


def files(
    root: Path, wanted: Callable[[str], bool], refused: Refused, left_out: frozenset[str] = NEVER
) -> Iterator[tuple[str, os.stat_result]]:
    """Yields path and stat result of each file whose name is `wanted`."""
    for folder in folders(root, refused, left_out):
        yield from regular_files((entry.path for entry in folder.files if wanted(entry.name)), refused)


def regular_files(paths: Iterator[str], refused: Refused) -> Iterator[tuple[str, os.stat_result]]:
    """Yields path and stat result of each regular file; refused: receives the paths that could not be read."""
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116 (a million Path objects would be slow)
        except (FileNotFoundError, NotADirectoryError):  # deleted since it was listed
            continue
        except OSError as error:
            refused[path] = reason(error)
            continue
        if stat.S_ISREG(status.st_mode):
            yield path, status


def content(path: Path, most: int = -1) -> bytes:
    """At most `most` bytes of a file (-1: all). Raises OSError, also for pipes, sockets and devices, which could block."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    with open(file, "rb") as opened:  # noqa: PTH123 (of a descriptor)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(0, "not a regular file", str(path))
        return opened.read(most)


def reason(error: OSError) -> str:
    """The reason of an OSError in lower case, without the path."""
    return (error.strerror or str(error)).lower()


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        return "folder" if entry.is_dir(follow_symlinks=False) else "file" if entry.is_file() else ""
    except OSError:  # not readable: skip a link; opening a file will report the error
        return "" if entry.is_symlink() else "file"
