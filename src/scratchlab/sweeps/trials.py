"""The jobs of a search: those of a trial become available when the trials that it depends on are over."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

from scratchlab.sweeps.axes import Cell
from scratchlab.sweeps.search import Search, Trial
from scratchlab.sweeps.work import OVER, Job, state


class Trials:
    """An iterator of jobs that may be exhausted for now and have more once the next run is over."""

    def __init__(self, search: Search, jobs_of: Callable[[Cell], list[Job]], value_of: Callable[[list[Job]], float | None]) -> None:
        self.search, self.jobs_of, self.value_of = search, jobs_of, value_of
        self.cells: list[Cell] = []
        self.jobs: list[list[Job]] = []
        self.ready: deque[Job] = deque()
        self.requested: set[Path] = set()  # folders of runs that have been put into `ready`
        self.over: list[Trial] = []  # trials that are over stay so, and are not read again

    def known(self) -> list[Trial]:
        """The leading trials that are all over. A failed trial ends the list: the next sweep tries it again, and no trial depends on it."""
        for cell, jobs in zip(self.cells[len(self.over) :], self.jobs[len(self.over) :], strict=True):
            if any(state(job) not in OVER for job in jobs):
                break
            self.over.append(Trial(cell, self.value_of(jobs)))
        return self.over

    def advance(self) -> None:
        """Draws trials until one has a missing run, depends on a trial that is not over, or is the last."""
        while not self.ready and (number := len(self.cells)) < self.search.trials:
            known, needed = self.known(), max(0, number - self.search.parallel + 1)
            if len(known) < needed:
                return
            cell = self.search.cell(number, known[:needed])
            jobs = self.jobs_of(cell)
            missing = [job for job in jobs if state(job) not in OVER and job.run.folder not in self.requested]
            self.cells.append(cell)
            self.jobs.append(jobs)
            self.ready += missing
            self.requested |= {job.run.folder for job in missing}

    def __iter__(self) -> Trials:
        return self

    def __next__(self) -> Job:
        self.advance()
        if not self.ready:
            raise StopIteration
        return self.ready.popleft()
