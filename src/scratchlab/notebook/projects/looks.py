"""One folder's own files, counted; a crowded folder at rest is remembered, so that a million files are not looked at each time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from scratchlab.notebook import derived
from scratchlab.notebook.projects.kinds import of_file

CROWDED = 256  # files; a folder with fewer is always looked at
REST = 86_400  # seconds without a change before a look, after which a crowded folder is taken to be at rest
LARGE = 1 << 20  # bytes of a file that is worth a name
BLOCK = 512  # bytes, of st_blocks
SCHEMA = "CREATE TABLE IF NOT EXISTS folders(path TEXT PRIMARY KEY, changed INTEGER NOT NULL, look TEXT NOT NULL) WITHOUT ROWID"


@dataclass
class Look:
    """What lies in a folder itself, without those below it.

    tallies: by kind of file (`kinds.of_file`): how many, bytes on the disk, the newest time of change.
    large: name, bytes on the disk, size and time of change of each large file and every possible checkpoint.
    folders: names of those in it.
    refused: how many entries could not be looked at.
    linked: device and number of files with several names, with kind and bytes; each counts once in all.
    """

    tallies: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    large: list[tuple[str, int, int, float]] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    refused: int = 0
    linked: list[tuple[int, int, str, int]] = field(default_factory=list)


class Looks:
    """Remembers looks in a file of the notebook's own.

    A crowded folder is looked at anew once a file came, went or was renamed in it, while its newest file is younger than a day, and
    always with `fresh`. So only a file that is overwritten in place, after a day of rest, in a folder of more than 256, keeps its old size.
    """

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        self.fresh = fresh
        self.base = derived.opened(folder / "disk.sqlite", lambda base: base.execute(SCHEMA))

    def at(self, folder: str) -> Look:
        """What lies in a folder. Raises OSError where it may not be looked into."""
        changed = os.stat(folder).st_mtime_ns  # noqa: PTH116 (a path of a million need not be an object)
        if not self.fresh:
            held = self.base.execute("SELECT look FROM folders WHERE path = ? AND changed = ?", (derived.clean(folder), changed)).fetchone()
            if held:
                return Look(**json.loads(held[0]))
        look = _look(os.scandir(folder))
        files = sum(count for count, _, _ in look.tallies.values())
        newest = max((*(newest for _, _, newest in look.tallies.values()), changed / 1e9))
        if files > CROWDED and not look.linked and not look.refused and time.time() - newest > REST:
            self.base.execute("INSERT OR REPLACE INTO folders VALUES (?, ?, ?)", (derived.clean(folder), changed, json.dumps(asdict(look))))
        return look


def _look(entries: Iterable[os.DirEntry[str]]) -> Look:
    look = Look()
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                look.folders.append(entry.name)
                continue
            about = entry.stat(follow_symlinks=False)
        except OSError:
            look.refused += 1
            continue
        kind = "other" if entry.is_symlink() else of_file(entry.name)
        held = about.st_blocks * BLOCK
        if about.st_nlink > 1:
            look.linked.append((about.st_dev, about.st_ino, kind, held))
            held = 0
        count, total, newest = look.tallies.get(kind, (0, 0, 0.0))
        look.tallies[kind] = count + 1, total + held, max(newest, about.st_mtime)
        if not entry.is_symlink() and (about.st_size >= LARGE or kind in ("checkpoints", "perhaps")):
            look.large.append((entry.name, about.st_blocks * BLOCK, about.st_size, about.st_mtime))
    return look
