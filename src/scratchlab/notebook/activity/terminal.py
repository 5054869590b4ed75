"""Jobs, for the terminal."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.checks import counted, duration
from scratchlab.notebook.activity.intervals import Interval, JobRecord, WatchedPeriod
from scratchlab.notebook.activity.live import HostJobs, RunningJob
from scratchlab.notebook.activity.slurm import PendingJob
from scratchlab.notebook.activity.wording import describe_result, output_target, short_command

_STYLES = {"finished": "green", "running": "cyan", "failed": "red", "killed": "red"}


def host_jobs(found: HostJobs) -> Iterator[RenderableType]:
    """A few lines for each running job of a host."""
    yield Text.assemble((found.host, "bold"), f"  {counted(len(found.jobs), 'job')}" if found.jobs else "  no jobs running")
    for job in found.jobs:
        yield from _block(job)
    for index, utilization in found.unknown:
        yield Text(f"  GPU {index} is busy ({utilization:.0%}), by an unknown process", style="yellow")


def _block(job: RunningJob) -> Iterator[Text]:
    record = job.record
    facts = [f"since {_clock(record.start)} ({duration(job.age)})", f"{duration(record.cpu)} of CPU"]
    facts += [f"{record.parts} processes"] if record.parts > 1 else []
    facts += [f"GPU {index}" + (f" {utilization:.0%}" if utilization is not None else "") for index, utilization in job.busy]
    yield Text.assemble("  ", (record.project, "bold cyan"), "  ", short_command(record.command, 110))
    yield Text(f"      {', '.join(facts)}", style="dim")
    yield Text(f"      {home(output_target(record))}")
    if job.last:
        yield Text(f"      │ {job.last[:150]}", style="green")


def queue(running: Sequence[JobRecord], waiting: Sequence[PendingJob]) -> Iterator[Text]:
    """The user's Slurm jobs: a few lines for each running one, one line for each pending one."""
    yield Text.assemble(("slurm", "bold"), f"  {counted(len(running), 'job')} running, {len(waiting)} waiting")
    for record in running:
        yield from _block(RunningJob(record, time.time() - record.start, "", ()))
    for job in waiting:
        yield Text(f"  {job.name}  {job.state} (job {job.number})", style="yellow")


def brief(found: HostJobs) -> str:
    """One line, for a status bar."""
    if not found.jobs:
        return "no jobs running"
    utilizations = [utilization for job in found.jobs for _, utilization in job.busy if utilization is not None]
    first_jobs = ", ".join(f"{job.record.project} {duration(job.age)}" for job in found.jobs[:3])
    more = f", {len(found.jobs) - 3} more" if len(found.jobs) > 3 else ""
    return f"{counted(len(found.jobs), 'job')}: {first_jobs}{more}" + (f" | GPU {max(utilizations):.0%}" if utilizations else "")


def intervals(found: Iterable[Interval]) -> Iterator[RenderableType]:
    """For each day, a table of the jobs that began on it, by project."""
    several_hosts = len({interval.host for interval in found}) > 1
    for day, of_day in groupby(found, key=lambda interval: datetime.fromtimestamp(interval.start).date()):
        yield Text(f"{day:%A, %Y-%m-%d}", style="bold")
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in ("project", *(["host"] if several_hosts else []), "command", "began"):
            table.add_column(column, overflow="fold")
        table.add_column("lasted", justify="right", no_wrap=True)
        for column in ("ended", "written to"):
            table.add_column(column, overflow="fold")
        for interval in sorted(of_day, key=lambda interval: (interval.project, interval.start)):
            began = f"{datetime.fromtimestamp(interval.start):%H:%M}" + (" again" if interval.again is not None else "")
            ended = Text(describe_result(interval), style=_STYLES.get(interval.state, ""))
            host = [interval.host] if several_hosts else []
            table.add_row(interval.project, *host, short_command(interval.command), began, duration(interval.lasted), ended, near(interval))
        yield table


def change(interval: Interval) -> Text:
    """A line about a job that began or ended."""
    if interval.state == "running":
        return Text.assemble(
            f"{_clock(interval.start)}  {interval.host}  ",
            (interval.project, "cyan"),
            f"  began: {short_command(interval.command)} → {near(interval)}",
        )
    ended = interval.last_seen if interval.end is None else interval.end
    result = (describe_result(interval), _STYLES.get(interval.state, ""))
    return Text.assemble(
        f"{_clock(ended)}  {interval.host}  ",
        (interval.project, "cyan"),
        "  ",
        result,
        f" after {duration(interval.lasted)}: {short_command(interval.command)}",
    )


def gaps(found: Iterable[WatchedPeriod]) -> Iterator[Text]:
    """A line for each gap."""
    for gap in found:
        yield Text(f"{gap.host}: not watched from {_moment(gap.since)} to {_moment(gap.until)}", style="yellow")


def home(path: str) -> str:
    """The path with ~ for the home folder."""
    own = str(Path.home())
    return f"~{path[len(own) :]}" if path.startswith(own + "/") else path


def near(interval: Interval) -> str:
    """Where it writes, relative to its project's folder if possible."""
    folder = interval.folder or interval.cwd
    target = output_target(interval)
    return target[len(folder) + 1 :] if target.startswith(f"{folder}/") else home(target)


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds):%a %Y-%m-%d %H:%M}"


def _clock(seconds: float) -> str:
    """The time of day, with the date if it is not today."""
    when = datetime.fromtimestamp(seconds)
    return f"{when:%H:%M}" if when.date() == datetime.now().date() else f"{when:%a %d %b %H:%M}"
