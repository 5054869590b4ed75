"""Whether a pasted log is already known: as the output of a stored run, or as another log file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.text import Text

from scratchlab.checks import Problem, counted
from scratchlab.notebook.events import Place
from scratchlab.notebook.link import place
from scratchlab.notebook.logs import fingerprints
from scratchlab.notebook.logs.follow import text_lines
from scratchlab.notebook.logs.log import Log
from scratchlab.notebook.logs.reader import read
from scratchlab.notebook.logs.recorded import matching_figures
from scratchlab.store.run import Run

HEAD = 1 << 18  # bytes at the start of a known log in which the pasted log's first figures are searched


def known(log: Log, runs: Iterable[Path], logs: Iterable[Path]) -> Iterator[Text]:
    """Yields a line with the place for each run and each other log with the same figures.

    runs: folders of runs. logs: log files to compare with.
    """
    folders = {path.parent.resolve() for folder in runs for path in folder.glob("[!.]*/status.json")}
    for folder in sorted(folders):
        with contextlib.suppress(Problem):  # skip a run with damaged records
            if figures := matching_figures(log, Run(folder).records()):
                message = f"Already known: {counted(figures, 'figure')} match run {folder.name}  "
                yield Text.assemble(message, place(Place(folder / "metrics.jsonl", 1, 1)))
    first = fingerprints.first_metrics(log)
    for path in logs if first else ():
        if message := _shared(log, first, path):
            yield Text.assemble(f"Already known: {message} as in  ", place(Place(path, 1, 1)))


def _shared(log: Log, first: list[str], path: Path) -> str:
    """What a log shares with the log in a file, in words; the file is parsed only if its head holds the log's first figures."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD).replace(b"\0", b"")  # leaves the digits of UTF-16
        return (
            fingerprints.shared_figures(fingerprints.fingerprints(log), fingerprints.fingerprints(read(text_lines(path))))
            if all(figure.encode() in head for figure in first)
            else ""
        )
    except (OSError, Problem):  # deleted since it was listed
        return ""
