"""What fills the disk below a folder, and which checkpoints lie there."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook.projects.kinds import BY_FOLDER, Kind, of_file, within
from scratchlab.notebook.projects.looks import Look, Looks

ENDS = 1_000_000  # bytes at either end by which two files of one size are told apart
SETTINGS = (  # what may stand beside a checkpoint and say how it came about
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
ABOVE = 2  # folders above a checkpoint's own in which that is looked for


@dataclass(frozen=True)
class Part:
    """Files of one kind in one folder and below.

    folder: the topmost one of that kind (`runs`, `.venv`), or one right below the folder that was asked about, or that itself.
    bytes: on the disk; newest: when a file of it was last changed, in seconds since 1970.
    """

    folder: Path
    kind: Kind
    files: int
    bytes: int
    newest: float


@dataclass(frozen=True)
class Checkpoint:
    """A file that holds a model.

    size: in bytes. beside: the run's or configuration's file beside it or up to two folders above, if there is one.
    """

    path: Path
    size: int
    changed: datetime
    beside: Path | None = None


@dataclass
class Disk:
    """What was found. Files with several names count once, links count for themselves and are not followed.

    refused: folders and files that could not be looked at.
    large: other files than checkpoints, the largest first, with bytes on the disk.
    """

    folder: Path
    parts: list[Part] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    large: list[tuple[Path, int]] = field(default_factory=list)
    files: int = 0
    bytes: int = 0
    refused: list[str] = field(default_factory=list)


def disk(folder: Path, looks: Looks, told: Callable[[int, int], object] = lambda files, size: None) -> Disk:
    """Looks at everything below a folder.

    told: is called after each folder with the files and bytes so far. Raises Problem if the folder is none, or may not be looked into.
    """
    if not folder.is_dir():
        raise Problem(f"{folder} is no folder; name one to look into.")
    try:
        next(os.scandir(folder), None)
    except OSError as error:
        raise Problem(f"{folder} may not be looked into ({error.strerror}).") from None
    found = Disk(folder)
    tallies = defaultdict[tuple[str, Kind], list[float]](lambda: [0, 0, 0.0])
    once = set[tuple[int, int]]()
    top: tuple[str, Kind] = (str(folder), "other")
    waiting: list[tuple[str, tuple[str, Kind], tuple[str, Kind]]] = [
        (str(folder), top, top)
    ]  # a folder, what it counts for and its kind, and the same of the one above it
    while waiting:
        where, (region, kind), above = waiting.pop()
        try:
            look = looks.at(where)
        except OSError as error:
            found.refused.append(f"{where} ({(error.strerror or str(error)).lower()})")
            continue
        if kind == "runs" != above[1] and "code" in look.tallies:  # `logs/` that reads logs is source
            region, kind = above
        _count(found, tallies, look, region, kind, once)
        _name(found, where, kind, look)
        for name in look.folders:
            below = f"{where}{os.sep if not where.endswith(os.sep) else ''}{name}"
            own = _kind(kind, name)
            waiting.append((below, (below if own != kind or where == str(folder) else region, own), (region, kind)))
        told(found.files, found.bytes)
    found.parts = [Part(Path(region), kind, int(n), int(size), newest) for (region, kind), (n, size, newest) in tallies.items() if n]
    found.parts.sort(key=lambda part: (-part.bytes, str(part.folder)))
    found.checkpoints.sort(key=lambda one: (-one.size, one.changed, str(one.path)))
    found.large.sort(key=lambda one: (-one[1], str(one[0])))
    return found


def same(checkpoints: Sequence[Checkpoint]) -> dict[Path, Path]:
    """Of checkpoints with the same size, first and last megabyte: each later one, and the earliest. What cannot be read is left out."""
    sizes = defaultdict[int, list[Checkpoint]](list)
    for one in checkpoints:
        sizes[one.size].append(one)
    copies: dict[Path, Path] = {}
    for size, some in sizes.items():
        first: dict[str, Path] = {}
        for one in sorted(some, key=lambda one: (one.changed, str(one.path))) if size and len(some) > 1 else ():
            try:
                ends = _ends(one.path, size)
            except OSError:
                continue
            if first.setdefault(ends, one.path) != one.path:
                copies[one.path] = first[ends]
    return copies


def _ends(path: Path, size: int) -> str:
    with path.open("rb") as file:
        digest = hashlib.blake2b(file.read(ENDS))
        file.seek(max(size - ENDS, 0))
        digest.update(file.read(ENDS))
    return digest.hexdigest()


def _kind(above: Kind, name: str) -> Kind:
    """Of a folder by its name; inside an environment, a cache, data or a history everything is of that."""
    if above in ("environments", "caches", "history", "data"):
        return above
    own = BY_FOLDER.get(name.lower(), above)
    return above if above == "runs" and own in ("data", "runs") else own


def _count(
    found: Disk, tallies: dict[tuple[str, Kind], list[float]], look: Look, region: str, kind: Kind, once: set[tuple[int, int]]
) -> None:
    for file, (count, size, newest) in look.tallies.items():
        tally = tallies[region, within(kind, file)]  # pyright: ignore[reportArgumentType]
        tally[0], tally[1], tally[2] = tally[0] + count, tally[1] + size, max(tally[2], newest)
        found.files += count
        found.bytes += size
    for device, number, file, size in look.linked:
        if (device, number) not in once:
            once.add((device, number))
            tallies[region, within(kind, file)][1] += size  # pyright: ignore[reportArgumentType]
            found.bytes += size
    found.refused += [f"{look.refused} in {region}"] if look.refused else []


def _name(found: Disk, where: str, kind: Kind, look: Look) -> None:
    beside: Path | None = None
    looked = False
    for name, held, size, changed in look.large:
        if within(kind, of_file(name)) != "checkpoints":
            found.large.append((Path(where, name), held))
            continue
        if not looked:
            beside, looked = _beside(Path(where), found.folder), True
        found.checkpoints.append(Checkpoint(Path(where, name), size, datetime.fromtimestamp(changed), beside))


def _beside(folder: Path, root: Path) -> Path | None:
    for where in (folder, *folder.parents)[: ABOVE + 1]:
        for name in SETTINGS:
            if (where / name).is_file():
                return where / name
        if where == root:
            break
    return None
