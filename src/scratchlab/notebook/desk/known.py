"""Whether a log that is pasted is known already: as a run of the store, or as a log that the notebook reads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.text import Text

from scratchlab.checks import Problem, counted
from scratchlab.notebook.events import Place
from scratchlab.notebook.link import place
from scratchlab.notebook.logs import alike
from scratchlab.notebook.logs.follow import text_lines
from scratchlab.notebook.logs.log import Log
from scratchlab.notebook.logs.reader import read
from scratchlab.notebook.logs.recorded import agreeing
from scratchlab.store.run import Run

HEAD = 1 << 18  # bytes of a known log in which the first figures of its like would stand


def known(log: Log, runs: Iterable[Path], logs: Iterable[Path]) -> Iterator[Text]:
    """A line for each run and each other log that has its figures, with the place.

    runs: folders of runs. logs: files that may be its like.
    """
    folders = {path.parent.resolve() for folder in runs for path in folder.glob("[!.]*/status.json")}
    for folder in sorted(folders):
        with contextlib.suppress(Problem):  # a run whose records are damaged is no reason to leave out the others
            if figures := agreeing(log, Run(folder).records()):
                said = f"Known already: {counted(figures, 'figure')} of it are those of run {folder.name}  "
                yield Text.assemble(said, place(Place(folder / "metrics.jsonl", 1, 1)))
    first = alike.first(log)
    for path in logs if first else ():
        if said := _shared(log, first, path):
            yield Text.assemble(f"Known already: {said} stand in  ", place(Place(path, 1, 1)))


def _shared(log: Log, first: list[str], path: Path) -> str:
    """What a log and the one in a file have in common; the file is read only where its head holds the first figures."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD).replace(b"\0", b"")  # of UTF-16, what is left are its digits
        return alike.shared(alike.prints(log), alike.prints(read(text_lines(path)))) if all(one.encode() in head for one in first) else ""
    except (OSError, Problem):  # it went meanwhile
        return ""
