"""Disk usage and checkpoints below a folder."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook.projects.folder_cache import FolderCache, FolderListing
from scratchlab.notebook.projects.kinds import BY_FOLDER, Kind, of_file, within

ENDS = 1_000_000  # bytes at either end by which files of the same size are compared
SETTINGS = (  # files near a checkpoint that may describe its training
    *(
        "recipe.toml",
        "config.yaml",
        "config.yml",
        "config.toml",
        "config.json",
        "hparams.yaml",
        "hparams.json",
        "params.yaml",
        "params.json",
    ),
    *("args.json", "args.yaml", ".hydra/config.yaml", "hydra/config.yaml"),
)
ABOVE = 2  # how many folders above the checkpoint's own are searched for them


@dataclass(frozen=True)
class Part:
    """The files of one kind in one folder and below.

    folder: the topmost folder of that kind (`runs`, `.venv`), else a direct subfolder of the scanned folder, or that folder itself.
    bytes: size on disk. newest: latest modification time, in seconds since 1970.
    """

    folder: Path
    kind: Kind
    files: int
    bytes: int
    newest: float


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint file; size: in bytes; beside: its configuration file, in its folder or up to two above, if there is one."""

    path: Path
    size: int
    changed: datetime
    beside: Path | None = None


@dataclass
class Disk:
    """The result of a scan. Files with several hard links count once; symbolic links are not followed.

    refused: folders and files that could not be read.
    large: large files other than checkpoints, the largest first, with their size on disk.
    """

    folder: Path
    parts: list[Part] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    large: list[tuple[Path, int]] = field(default_factory=list)
    files: int = 0
    bytes: int = 0
    refused: list[str] = field(default_factory=list)


def disk(folder: Path, cache: FolderCache, progress: Callable[[int, int], object] = lambda files, size: None) -> Disk:
    """Scans everything below a folder.

    progress: called after each folder with the number of files and bytes so far. Raises Problem if the folder is not readable.
    """
    if not folder.is_dir():
        raise Problem(f"{folder} is not a folder; name a folder to scan.")
    try:
        next(os.scandir(folder), None)
    except OSError as error:
        raise Problem(f"{folder} cannot be read ({error.strerror}).") from None
    found = Disk(folder)
    tallies = defaultdict[tuple[str, Kind], list[float]](lambda: [0, 0, 0.0])
    counted_links = set[tuple[int, int]]()
    top: tuple[str, Kind] = (str(folder), "other")
    waiting: list[tuple[str, tuple[str, Kind], tuple[str, Kind]]] = [
        (str(folder), top, top)
    ]  # folder, (region that it counts for, kind), and the same of its parent
    while waiting:
        path, (region, kind), above = waiting.pop()
        try:
            listing = cache.at(path)
        except OSError as error:
            found.refused.append(f"{path} ({(error.strerror or str(error)).lower()})")
            continue
        if kind == "runs" != above[1] and "code" in listing.tallies:  # a folder `logs/` with source code is not a folder of runs
            region, kind = above
        _count(found, tallies, listing, region, kind, counted_links)
        _name(found, path, kind, listing)
        for name in listing.folders:
            below = f"{path}{os.sep if not path.endswith(os.sep) else ''}{name}"
            own = _kind(kind, name)
            waiting.append((below, (below if own != kind or path == str(folder) else region, own), (region, kind)))
        progress(found.files, found.bytes)
    found.parts = [Part(Path(region), kind, int(n), int(size), newest) for (region, kind), (n, size, newest) in tallies.items() if n]
    found.parts.sort(key=lambda part: (-part.bytes, str(part.folder)))
    found.checkpoints.sort(key=lambda entry: (-entry.size, entry.changed, str(entry.path)))
    found.large.sort(key=lambda entry: (-entry[1], str(entry[0])))
    return found


def same(checkpoints: Sequence[Checkpoint]) -> dict[Path, Path]:
    """Likely copies: checkpoints with the same size, first and last megabyte, each with the earliest of them. Skips unreadable files."""
    sizes = defaultdict[int, list[Checkpoint]](list)
    for checkpoint_ in checkpoints:
        sizes[checkpoint_.size].append(checkpoint_)
    copies: dict[Path, Path] = {}
    for size, candidates in sizes.items():
        first: dict[str, Path] = {}
        for checkpoint_ in (
            sorted(candidates, key=lambda checkpoint_: (checkpoint_.changed, str(checkpoint_.path))) if size and len(candidates) > 1 else ()
        ):
            try:
                ends = _ends(checkpoint_.path, size)
            except OSError:
                continue
            if first.setdefault(ends, checkpoint_.path) != checkpoint_.path:
                copies[checkpoint_.path] = first[ends]
    return copies


def _ends(path: Path, size: int) -> str:
    with path.open("rb") as file:
        digest = hashlib.blake2b(file.read(ENDS))
        file.seek(max(size - ENDS, 0))
        digest.update(file.read(ENDS))
    return digest.hexdigest()


def _kind(above: Kind, name: str) -> Kind:
    """The kind of a folder by its name; everything inside an environment, cache, history or data folder has the kind of that folder."""
    if above in ("environments", "caches", "history", "data"):
        return above
    own = BY_FOLDER.get(name.lower(), above)
    return above if above == "runs" and own in ("data", "runs") else own


def _count(
    found: Disk,
    tallies: dict[tuple[str, Kind], list[float]],
    listing: FolderListing,
    region: str,
    kind: Kind,
    counted_links: set[tuple[int, int]],
) -> None:
    for file, (count, size, newest) in listing.tallies.items():
        tally = tallies[region, within(kind, file)]  # pyright: ignore[reportArgumentType]
        tally[0], tally[1], tally[2] = tally[0] + count, tally[1] + size, max(tally[2], newest)
        found.files += count
        found.bytes += size
    for device, number, file, size in listing.linked:
        if (device, number) not in counted_links:
            counted_links.add((device, number))
            tallies[region, within(kind, file)][1] += size  # pyright: ignore[reportArgumentType]
            found.bytes += size
    found.refused += [f"{listing.refused} in {region}"] if listing.refused else []


def _name(found: Disk, folder: str, kind: Kind, listing: FolderListing) -> None:
    beside: Path | None = None
    searched = False
    for name, on_disk, size, changed in listing.large:
        if within(kind, of_file(name)) != "checkpoints":
            found.large.append((Path(folder, name), on_disk))
            continue
        if not searched:
            beside, searched = _beside(Path(folder), found.folder), True
        found.checkpoints.append(Checkpoint(Path(folder, name), size, datetime.fromtimestamp(changed), beside))


def _beside(folder: Path, root: Path) -> Path | None:
    for current in (folder, *folder.parents)[: ABOVE + 1]:
        for name in SETTINGS:
            if (current / name).is_file():
                return current / name
        if current == root:
            break
    return None
