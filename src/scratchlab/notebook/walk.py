"""Folders, walked: the one way through the folders that people name, and what of a file may be read.

Never entered are folders that begin with a dot, environments and caches (`NEVER`), and what lies behind a link to a folder: so no walk is
without end. What may not be looked into is told of, for it has not gone. Pipes, sockets and devices are no files: they would be waited for.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path

NEVER = frozenset(("node_modules", "__pycache__", "site-packages", "venv"))
Refused = MutableMapping[str, str]  # path -> why it could not be looked at


@dataclass
class Folder:
    """A folder on the way, by names.

    files: regular ones and links to such, none that begins with a dot.
    below: the folders that are entered next; who walks may take some away.
    """

    path: str
    files: list[os.DirEntry[str]]
    below: list[os.DirEntry[str]]


def folders(root: Path, refused: Refused, left_out: frozenset[str] = NEVER) -> Iterator[Folder]:
    """The folder and all below it, from the top, by name, however deep.

    refused: takes what could not be looked into. left_out: names of folders that are not entered.
    """
    waiting = [str(root)]
    while waiting:
        path = waiting.pop()
        try:
            with os.scandir(path) as found:
                entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
        except FileNotFoundError:  # it went meanwhile
            continue
        except OSError as error:
            refused[path] = told(error)
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
    """The files whose names are wanted, each with what the system knows of it."""
    for folder in folders(root, refused, left_out):
        yield from looked_at((entry.path for entry in folder.files if wanted(entry.name)), refused)


def looked_at(paths: Iterator[str], refused: Refused) -> Iterator[tuple[str, os.stat_result]]:
    """Those that are regular files, each with what the system knows of it.

    refused: takes those that may not be looked at.
    """
    for path in paths:
        try:
            about = os.stat(path)  # noqa: PTH116 (a path of a million need not be an object)
        except (FileNotFoundError, NotADirectoryError):  # it went meanwhile
            continue
        except OSError as error:
            refused[path] = told(error)
            continue
        if stat.S_ISREG(about.st_mode):
            yield path, about


def content(path: Path, most: int = -1) -> bytes:
    """The bytes of a file, at most so many. Raises OSError, also where it is a pipe, a socket or a device: those would be waited for."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    with open(file, "rb") as opened:  # noqa: PTH123 (of a descriptor)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(0, "it is no regular file", str(path))
        return opened.read(most)


def told(error: OSError) -> str:
    """Why something could not be looked at, without the path."""
    return (error.strerror or str(error)).lower()


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        return "folder" if entry.is_dir(follow_symlinks=False) else "file" if entry.is_file() else ""
    except OSError:  # it may not be looked at: a link is then none of ours, and a file says so when it is opened
        return "" if entry.is_symlink() else "file"
