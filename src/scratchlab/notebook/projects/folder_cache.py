"""Listings of single folders; those of large unchanged folders are cached, so that a million files need not be read each time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from scratchlab.notebook import derived
from scratchlab.notebook.projects.kinds import of_file

CROWDED = 256  # folders with at most so many files are never cached
REST = 86_400  # seconds; a listing is cached only if nothing changed for so long
LARGE = 1 << 20  # bytes; larger files are listed by name
BLOCK = 512  # bytes per unit of st_blocks
SCHEMA = "CREATE TABLE IF NOT EXISTS folders(path TEXT PRIMARY KEY, changed INTEGER NOT NULL, look TEXT NOT NULL) WITHOUT ROWID"


@dataclass
class FolderListing:
    """The direct contents of a folder.

    tallies: by kind of file (`kinds.of_file`): number, bytes on disk, latest modification time.
    large: name, bytes on disk, size and modification time of each large file and every possible checkpoint.
    folders: names of the subfolders.
    refused: number of entries that could not be read.
    linked: (device, inode, kind, bytes) of files with several hard links, which the caller counts once.
    """

    tallies: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    large: list[tuple[str, int, int, float]] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    refused: int = 0
    linked: list[tuple[int, int, str, int]] = field(default_factory=list)


class FolderCache:
    """A cache of listings in `disk.sqlite`.

    A cached folder is read again once a file was added, removed or renamed in it. Folders with files younger than a day are not cached;
    with `fresh` nothing is taken from the cache. Thus only files overwritten in place, in a folder of more than 256 files that had not
    changed for a day, are listed with their old size.
    """

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        self.fresh = fresh
        self.database = derived.opened(folder / "disk.sqlite", lambda database: database.execute(SCHEMA))

    def at(self, folder: str) -> FolderListing:
        """The listing of a folder. Raises OSError if it cannot be read."""
        changed = os.stat(folder).st_mtime_ns  # noqa: PTH116 (a million Path objects would be slow)
        if not self.fresh:
            cached = self.database.execute(
                "SELECT look FROM folders WHERE path = ? AND changed = ?", (derived.clean(folder), changed)
            ).fetchone()
            if cached:
                return FolderListing(**json.loads(cached[0]))
        listing = _list(os.scandir(folder))
        files = sum(count for count, _, _ in listing.tallies.values())
        newest = max((*(newest for _, _, newest in listing.tallies.values()), changed / 1e9))
        if files > CROWDED and not listing.linked and not listing.refused and time.time() - newest > REST:
            self.database.execute(
                "INSERT OR REPLACE INTO folders VALUES (?, ?, ?)", (derived.clean(folder), changed, json.dumps(asdict(listing)))
            )
        return listing


def _list(entries: Iterable[os.DirEntry[str]]) -> FolderListing:
    listing = FolderListing()
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                listing.folders.append(entry.name)
                continue
            status = entry.stat(follow_symlinks=False)
        except OSError:
            listing.refused += 1
            continue
        kind = "other" if entry.is_symlink() else of_file(entry.name)
        on_disk = status.st_blocks * BLOCK
        if status.st_nlink > 1:
            listing.linked.append((status.st_dev, status.st_ino, kind, on_disk))
            on_disk = 0
        count, total, newest = listing.tallies.get(kind, (0, 0, 0.0))
        listing.tallies[kind] = count + 1, total + on_disk, max(newest, status.st_mtime)
        if not entry.is_symlink() and (status.st_size >= LARGE or kind in ("checkpoints", "perhaps")):
            listing.large.append((entry.name, status.st_blocks * BLOCK, status.st_size, status.st_mtime))
    return listing
