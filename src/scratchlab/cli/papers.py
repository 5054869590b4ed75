"""Commands that read scanned papers, and that show disk usage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scratchlab.cli.program import app, console


@app.command()
def papers(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FOLDER...", help="folders of photographed and scanned pages; default: those in notebook.toml"),
    ] = None,
) -> None:
    """Run text recognition (OCR) on photographed and scanned pages, once each, so that their text can be searched."""
    from scratchlab.checks import Problem, counted, listing
    from scratchlab.notebook.index.sources.papers import Papers
    from scratchlab.notebook.papers import reading, terminal
    from scratchlab.notebook.papers.engines.catalog import best
    from scratchlab.notebook.settings import Settings, settings
    from scratchlab.observe.progress import ProgressBar

    given = Settings(papers=tuple(folder.absolute() for folder in folders)) if folders else settings()
    if missing := [str(folder) for folder in given.papers if not folder.is_dir()]:
        raise Problem(f"{listing(missing)} is not a folder; give a folder of photographs or PDFs.")
    source = Papers(given)
    if not source.folders:
        raise Problem('No folder of papers is given; give one here, or in notebook.toml: papers = ["~/scans"]')
    unreadable: dict[str, str] = {}
    files = list(dict.fromkeys(path for path, _ in source.files(unreadable)))
    refused = [f"{path} ({reason})" for path, reason in unreadable.items()]
    if not (files or refused):
        console.print(f"No photograph or PDF was found in {listing(map(str, source.folders))}.", soft_wrap=True)
        return
    engine, sheets, read = best(), list[reading.Sheet](), list[reading.ReadSheet]()
    with ProgressBar(console) as bar:
        for path in bar.over(files, "checking"):
            try:
                sheets += reading.sheets(path, source.store)
                refused += reading.broken(path, source.store)
            except (Problem, OSError) as error:
                refused.append(str(error))
        waiting = reading.unread(sheets, engine, source.store)
        for sheet in bar.over(waiting, "reading"):
            found = reading.read(sheet, engine, source.store)
            if found.refused:
                refused.append(found.refused)
            else:
                read.append(found)
    if read:
        console.print(terminal.read_sheets(read, Path.cwd()))
    before = len(sheets) - len(waiting)
    console.print(
        f"{counted(len(files), 'paper')} with {counted(len(sheets), 'picture')} to read: {len(read)} read now, {before} before. "
        f"{engine.name} reads {listing(engine.reads)}."
    )
    for reason in refused:
        console.print(f"Not read: {reason}")


@app.command()
def disk(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="the folder to search; default: the current folder")] = Path(),
    most: Annotated[int, typer.Option("--most", min=1, help="maximum number of rows in each table")] = 12,
    fresh: Annotated[bool, typer.Option("--fresh", help="scan every file again, also in large folders that have not changed")] = False,
) -> None:
    """Show disk usage below a folder, and the checkpoints in it."""
    from rich.filesize import decimal

    from scratchlab.notebook.projects import terminal
    from scratchlab.notebook.projects.disk import disk
    from scratchlab.notebook.projects.folder_cache import FolderCache
    from scratchlab.notebook.settings import own

    with console.status("scanning") as status:
        found = disk(
            folder.absolute(),
            FolderCache(own().derived, fresh=fresh),
            lambda files, size: status.update(f"{files:,} files, {decimal(size)} so far"),
        )
    console.print(terminal.disk(found, most))
