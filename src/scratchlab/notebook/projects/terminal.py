"""Disk usage, for the terminal."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from scratchlab.checks import listing
from scratchlab.notebook.projects.disk import Disk, same


def disk(found: Disk, most: int) -> RenderableType:
    """Tables of kinds, the largest folders, checkpoints and other large files (at most `most` rows each), and unreadable places."""
    shown: list[RenderableType] = [Text(f"{decimal(found.bytes)} in {found.files:,} files below {found.folder}"), _kinds(found)]
    shown += [Text("Folders"), _parts(found, most)] if found.parts else []
    if found.checkpoints:
        total = decimal(sum(checkpoint.size for checkpoint in found.checkpoints))
        shown += [Text(f"Checkpoints: {len(found.checkpoints):,}, {total}{_cut(len(found.checkpoints), most)}"), _checkpoints(found, most)]
    if found.large:
        shown += [Text(f"Other large files{_cut(len(found.large), most)}"), _large(found, most)]
    if found.refused:
        shown.append(Text(f"Not readable, and not counted: {listing(found.refused, 5)}", style="yellow"))
    return Group(*shown)


def _cut(number: int, most: int) -> str:
    return f" (the largest {most} of {number:,}; --most shows more)" if number > most else ""


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        right = column in ("size", "files", "share")
        table.add_column(column, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def _kinds(found: Disk) -> Table:
    table = _table("kind", "size", "share", "files")
    sums: dict[str, list[int]] = {}
    for part in found.parts:
        sums_of_kind = sums.setdefault(part.kind, [0, 0])
        sums_of_kind[0], sums_of_kind[1] = sums_of_kind[0] + part.bytes, sums_of_kind[1] + part.files
    for kind, (size, files) in sorted(sums.items(), key=lambda item: -item[1][0]):
        table.add_row(kind, decimal(size), _share(size, found.bytes), f"{files:,}")
    return table


def _share(size: int, of: int) -> str:
    return "" if not of else f"{size / of:.0%}" if size >= 0.005 * of else "<1%"


def _parts(found: Disk, most: int) -> Table:
    table = _table("folder", "kind", "size", "files", "last change")
    for part in found.parts[:most]:
        table.add_row(
            _below(part.folder, found.folder), part.kind, decimal(part.bytes), f"{part.files:,}", _day(datetime.fromtimestamp(part.newest))
        )
    return table


def _checkpoints(found: Disk, most: int) -> Table:
    table = _table("checkpoint", "size", "written", "beside", "")
    copies, oldest = same(found.checkpoints), min(found.checkpoints, key=lambda checkpoint: checkpoint.changed)
    for checkpoint in found.checkpoints[:most]:
        remarks = ["oldest"] if checkpoint is oldest and len(found.checkpoints) > 1 else []
        if copied := copies.get(checkpoint.path):
            remarks.append(f"same first and last MB as {_below(copied, found.folder)}")
        beside = _below(checkpoint.beside, found.folder) if checkpoint.beside else ""
        table.add_row(
            _below(checkpoint.path, found.folder),
            decimal(checkpoint.size),
            _day(checkpoint.changed),
            beside,
            Text("; ".join(remarks), style="yellow"),
        )
    if oldest not in found.checkpoints[:most]:
        table.add_row(_below(oldest.path, found.folder), decimal(oldest.size), _day(oldest.changed), "", Text("oldest", style="yellow"))
    return table


def _large(found: Disk, most: int) -> Table:
    table = _table("file", "size")
    for path, size in found.large[:most]:
        table.add_row(_below(path, found.folder), decimal(size))
    return table


def _below(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _day(when: datetime) -> str:
    return when.isoformat(" ", "minutes")
