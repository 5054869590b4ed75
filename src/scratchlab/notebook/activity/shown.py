"""Jobs on the terminal."""

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
from scratchlab.notebook.activity.intervals import Interval, Seen, Watched
from scratchlab.notebook.activity.live import Live, Now
from scratchlab.notebook.activity.slurm import Waiting
from scratchlab.notebook.activity.spoken import called, outcome, written

_STYLES = {"finished": "green", "running": "cyan", "failed": "red", "killed": "red"}


def now(found: Now) -> Iterator[RenderableType]:
    """A few lines a job."""
    yield Text.assemble((found.host, "bold"), f"  {counted(len(found.jobs), 'job')}" if found.jobs else "  nothing runs")
    for live in found.jobs:
        yield from _block(live)
    for index, share in found.unknown:
        yield Text(f"  GPU {index} is busy ({share:.0%}), owner unknown", style="yellow")


def _block(live: Live) -> Iterator[Text]:
    seen = live.seen
    facts = [f"since {_clock(seen.start)} ({duration(live.age)})", f"{duration(seen.cpu)} of CPU"]
    facts += [f"{seen.parts} processes"] if seen.parts > 1 else []
    facts += [f"GPU {index}" + (f" {share:.0%}" if share is not None else "") for index, share in live.busy]
    yield Text.assemble("  ", (seen.project, "bold cyan"), "  ", called(seen.command, 110))
    yield Text(f"      {', '.join(facts)}", style="dim")
    yield Text(f"      {home(written(seen))}")
    if live.last:
        yield Text(f"      │ {live.last[:150]}", style="green")


def queue(running: Sequence[Seen], waiting: Sequence[Waiting]) -> Iterator[Text]:
    """What Slurm has of this user's: a few lines a job that runs, one a job that waits."""
    yield Text.assemble(("slurm", "bold"), f"  {counted(len(running), 'job')} running, {len(waiting)} waiting")
    for seen in running:
        yield from _block(Live(seen, time.time() - seen.start, "", ()))
    for job in waiting:
        yield Text(f"  {job.name}  {job.state} (job {job.number})", style="yellow")


def brief(found: Now) -> str:
    """One line, for a status bar."""
    if not found.jobs:
        return "nothing runs"
    shares = [share for live in found.jobs for _, share in live.busy if share is not None]
    told = ", ".join(f"{live.seen.project} {duration(live.age)}" for live in found.jobs[:3])
    more = f", {len(found.jobs) - 3} more" if len(found.jobs) > 3 else ""
    return f"{counted(len(found.jobs), 'job')}: {told}{more}" + (f" | GPU {max(shares):.0%}" if shares else "")


def intervals(found: Iterable[Interval]) -> Iterator[RenderableType]:
    """A table a day, of the jobs that began on it, by project."""
    several = len({one.host for one in found}) > 1
    for day, its in groupby(found, key=lambda one: datetime.fromtimestamp(one.start).date()):
        yield Text(f"{day:%A, %Y-%m-%d}", style="bold")
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in ("project", *(["host"] if several else []), "command", "began"):
            table.add_column(column, overflow="fold")
        table.add_column("lasted", justify="right", no_wrap=True)
        for column in ("ended", "written to"):
            table.add_column(column, overflow="fold")
        for one in sorted(its, key=lambda one: (one.project, one.start)):
            began = f"{datetime.fromtimestamp(one.start):%H:%M}" + (" again" if one.again is not None else "")
            ended = Text(outcome(one), style=_STYLES.get(one.state, ""))
            host = [one.host] if several else []
            table.add_row(one.project, *host, called(one.command), began, duration(one.lasted), ended, near(one))
        yield table


def change(one: Interval) -> Text:
    """A line of what the watcher sees."""
    if one.state == "running":
        return Text.assemble(f"{_clock(one.start)}  {one.host}  ", (one.project, "cyan"), f"  began: {called(one.command)} → {near(one)}")
    ended = one.last_seen if one.end is None else one.end
    told = (outcome(one), _STYLES.get(one.state, ""))
    return Text.assemble(
        f"{_clock(ended)}  {one.host}  ", (one.project, "cyan"), "  ", told, f" after {duration(one.lasted)}: {called(one.command)}"
    )


def gaps(found: Iterable[Watched]) -> Iterator[Text]:
    """A line for each stretch in which no one watched."""
    for gap in found:
        yield Text(f"{gap.host}: not watched from {_moment(gap.since)} to {_moment(gap.until)}", style="yellow")


def home(path: str) -> str:
    """The path with ~ for one's own folder."""
    own = str(Path.home())
    return f"~{path[len(own) :]}" if path.startswith(own + "/") else path


def near(one: Interval) -> str:
    """Where it writes, as seen from the folder of its project, which stands beside it."""
    folder = one.folder or one.cwd
    said = written(one)
    return said[len(folder) + 1 :] if said.startswith(f"{folder}/") else home(said)


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds):%a %Y-%m-%d %H:%M}"


def _clock(seconds: float) -> str:
    """The hour, with the day if it is not today."""
    when = datetime.fromtimestamp(seconds)
    return f"{when:%H:%M}" if when.date() == datetime.now().date() else f"{when:%a %d %b %H:%M}"
