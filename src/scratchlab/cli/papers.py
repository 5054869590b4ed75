"""Commands that look at what a project is made of besides runs: papers, and the files on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scratchlab.cli.program import app, console


@app.command()
def papers(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FOLDER...", help="where photographed and scanned pages lie; those of notebook.toml, if not given"),
    ] = None,
) -> None:
    """Read photographed and scanned pages, each once, so that their words can be asked for."""
    from scratchlab.checks import Problem, counted, listing
    from scratchlab.notebook.index.sources.papers import Papers
    from scratchlab.notebook.papers import reading, terminal
    from scratchlab.notebook.papers.engines.catalog import best
    from scratchlab.notebook.settings import Settings, settings
    from scratchlab.observe.progress import ProgressBar

    given = Settings(papers=tuple(folder.absolute() for folder in folders)) if folders else settings()
    if lacking := [str(folder) for folder in given.papers if not folder.is_dir()]:
        raise Problem(f"{listing(lacking)} is no folder; name one that holds photographs or PDFs.")
    source = Papers(given)
    if not source.folders:
        raise Problem('No folder of papers is known; name one here, or in notebook.toml: papers = ["~/scans"]')
    unseen: dict[str, str] = {}
    files = list(dict.fromkeys(path for path, _ in source.files(unseen)))
    refused = [f"{path} ({why})" for path, why in unseen.items()]
    if not (files or refused):
        console.print(f"There is no photograph and no PDF in {listing(map(str, source.folders))}.", soft_wrap=True)
        return
    engine, sheets, seen = best(), list[reading.Sheet](), list[reading.ReadSheet]()
    with ProgressBar(console) as bar:
        for path in bar.over(files, "looking"):
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
                seen.append(found)
    if seen:
        console.print(terminal.read_sheets(seen, Path.cwd()))
    known = len(sheets) - len(waiting)
    console.print(
        f"{counted(len(files), 'paper')} with {counted(len(sheets), 'picture')} to read: {len(seen)} read now, {known} before. "
        f"Read by {engine.name}: {listing(engine.reads)}."
    )
    for sentence in refused:
        console.print(f"Not read: {sentence}")


@app.command()
def disk(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="where to look; here, if not given")] = Path(),
    most: Annotated[int, typer.Option("--most", min=1, help="rows of each table")] = 12,
    fresh: Annotated[bool, typer.Option("--fresh", help="look at every file, those of crowded folders at rest as well")] = False,
) -> None:
    """Show what fills the disk below a folder, and which checkpoints lie there."""
    from rich.filesize import decimal

    from scratchlab.notebook.projects import terminal
    from scratchlab.notebook.projects.disk import disk
    from scratchlab.notebook.projects.folder_cache import FolderCache
    from scratchlab.notebook.settings import own

    with console.status("looking") as status:
        found = disk(
            folder.absolute(),
            FolderCache(own().derived, fresh=fresh),
            lambda files, size: status.update(f"{files:,} files, {decimal(size)} so far"),
        )
    console.print(terminal.disk(found, most))
