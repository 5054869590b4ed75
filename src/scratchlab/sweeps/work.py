"""One run of a sweep, executed in a process of an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from scratchlab.checks import Diverged, Problem
from scratchlab.experiment import perform
from scratchlab.recipe import Recipe
from scratchlab.store.run import Occupied, Run

State = Literal["finished", "diverged", "failed", "busy", "missing"]
"""busy: another process is executing the run. missing: it has not begun, or its process is gone."""

OVER = ("finished", "diverged")


@dataclass(frozen=True)
class Job:
    """A run to execute, with all that a process needs for it; small enough to be sent to another process.

    note: why the run is made. changed: the settings that differ from the plan's recipe.
    """

    recipe: Recipe
    title: str
    runs: Path
    note: str = ""
    changed: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def run(self) -> Run:
        """The run, in the folder that `scratchlab run` would use; it need not exist yet."""
        return Run.of(self.runs, self.recipe)


@dataclass(frozen=True)
class JobResult:
    """The state in which a job ended, and the error message if it did not finish."""

    job: Job
    state: State
    message: str = ""


def state(job: Job) -> State:
    """The state of a job's run. A run that diverged is over: the same steps would diverge again."""
    run = job.run
    if not run.exists:
        return "missing"
    stored = run.state()
    if stored == "failed":
        return "diverged" if run.status.get("diverged") else "failed"
    return "finished" if stored == "finished" else "busy" if stored == "running" else "missing"


def run_job(job: Job) -> JobResult:
    """Executes or resumes the run, unless another process has completed it in the meantime.

    Writes no report; `scratchlab report` does.
    """
    if (current := state(job)) in OVER:
        return JobResult(job, current)
    try:
        run = job.run if job.run.exists else Run.create(job.runs, job.recipe, job.title, note=job.note, changed=job.changed)
        perform(job.recipe, run, Console(quiet=True))
    except Diverged as problem:
        return JobResult(job, "diverged", str(problem))
    except Occupied as problem:
        return JobResult(job, "busy" if job.run.exists else "failed", str(problem))  # the folder may hold something other than a run
    except Problem as problem:
        return JobResult(job, "failed", str(problem))
    except Exception as error:
        return JobResult(job, "failed", f"{type(error).__name__}: {error}")
    return JobResult(job, "finished")
