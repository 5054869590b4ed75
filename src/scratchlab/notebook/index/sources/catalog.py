"""Every source of events."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.notebook.index.sources.interface import Source
from scratchlab.notebook.index.sources.jobs import Jobs
from scratchlab.notebook.index.sources.logs import Logs
from scratchlab.notebook.index.sources.notes import Notes
from scratchlab.notebook.index.sources.papers import Papers
from scratchlab.notebook.index.sources.projects import Projects
from scratchlab.notebook.index.sources.runs import Runs
from scratchlab.notebook.settings import Settings

SOURCES: dict[str, Callable[[Settings], Source]] = {
    "jobs": Jobs,
    "logs": Logs,
    "notes": Notes,
    "papers": Papers,
    "projects": Projects,
    "runs": Runs,
}
