"""Commands about the user's own processes: watch them, see what runs, what ran, and forget it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.cli.program import app, console

if TYPE_CHECKING:
    from rich.console import RenderableType

    from scratchlab.notebook.activity.reader import IntervalFilter
    from scratchlab.notebook.activity.watching import ScanChanges
    from scratchlab.notebook.settings import Activity

Since = Annotated[str | None, typer.Option("--since", help="monday, yesterday, 3d, 'last week', 2026-03-09, 昨天, 지난주, …")]
Until = Annotated[str | None, typer.Option("--until", help="the same; that day is included")]
Host = Annotated[str, typer.Option("--host", help="of this host alone; 'slurm' for the cluster's jobs")]
Project = Annotated[str, typer.Option("--project", help="of this project alone")]


@app.command()
def watch(once: Annotated[bool, typer.Option("--once", help="look once, and end")] = False) -> None:
    """Record which of your processes run, where they write and how they end, until Ctrl-C."""
    import signal

    from scratchlab.notebook.activity import proc, slurm
    from scratchlab.notebook.activity.hosts import Hosts
    from scratchlab.notebook.activity.lock import exclusive
    from scratchlab.notebook.activity.watching import LOCK, Watcher
    from scratchlab.notebook.settings import own

    settings, kept = _consent(), own().kept
    kept.mkdir(parents=True, exist_ok=True, mode=0o700)
    hosts = [name for name in settings.hosts if name != proc.host()]
    remote = Hosts(hosts) if hosts else None
    with exclusive(kept / LOCK), Watcher(kept, settings.every, remote, slurm.jobs if settings.slurm else None) as watcher:
        if once:
            found = watcher.scan()
            _tell(found, {})
            console.print(f"{counted(found.running, 'job')} running, {len(found.began)} new, {len(found.ended)} ended.")
            return
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as systemd ends it
        told: dict[str, str] = {}
        try:
            console.print(f"Watching {', '.join([proc.host(), *hosts])} every {settings.every:g} s; Ctrl-C ends it.", soft_wrap=True)
            for found in watcher.scans():
                _tell(found, told)
                told = {host: why for host, why in told.items() if host not in found.answered} | found.unreached
        except KeyboardInterrupt:
            console.print("Not watching any more.")


@app.command()
def now(
    hosts: Annotated[
        list[str] | None, typer.Option("--host", help="look there as well, over SSH; 'all': those that notebook.toml names")
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="one line about this machine, for a status bar")] = False,
) -> None:
    """Show what of yours runs at this moment, where it writes, and the last line of it; nothing is recorded."""
    from scratchlab.notebook.activity import live, terminal

    here = live.here()
    if brief:
        console.print(terminal.brief(here), soft_wrap=True)
        return
    _print(terminal.host_jobs(here), here.host)
    if hosts:
        _others(hosts)


@app.command()
def did(since: Since = "today", until: Until = None, host: Host = "", project: Project = "") -> None:
    """List the jobs that were watched, by day and project: how long they ran, how they ended, where they wrote."""
    import time

    from scratchlab.notebook.activity import reader, terminal

    file, choice = _file(), _choice(since, until, host, project)
    _known(file, host, project)
    found = reader.intervals(file, choice)
    for part in terminal.intervals(found):
        console.print(part)
    if not file.is_file():
        console.print("Nothing was ever recorded here; `scratchlab watch` does.")
        return
    if not found:
        console.print("No job was seen in this time.")
    begin, end = choice.since or 0.0, min(time.time(), choice.until or time.time())
    missed = [one for one in reader.gaps(file, begin, end) if one.until - one.since >= _late() and host in ("", one.host)]
    for line in terminal.gaps(missed):
        console.print(line)


@app.command()
def forget(
    since: Since = None,
    until: Until = None,
    project: Project = "",
    host: Host = "",
    everything: Annotated[bool, typer.Option("--all", help="all that was ever recorded")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="remove it; without, it is only shown")] = False,
) -> None:
    """Remove what was recorded of jobs, and wipe it from the disk; what it would be is shown first."""
    from scratchlab.notebook.activity import reader, terminal
    from scratchlab.notebook.activity.forgetting import forget as remove
    from scratchlab.notebook.activity.lock import is_locked
    from scratchlab.notebook.activity.watching import LOCK
    from scratchlab.notebook.index import table
    from scratchlab.notebook.settings import own

    if not (since or until or project or host or everything):
        raise Problem("forget what? Give --since, --until, --project or --host, or --all")
    if everything and (since or until or project or host):
        raise Problem("--all forgets everything; leave it out, or --since, --until, --project and --host")
    file, choice = _file(), _choice(since, until, host, project)
    _known(file, host, project)
    found = reader.intervals(file, choice)
    if not file.is_file() or not (found or everything):
        console.print("There is nothing to forget.")
        return
    for part in terminal.intervals(found):
        console.print(part)
    if not yes:
        console.print(f"These {counted(len(found), 'job')} would be removed for good: the same command with --yes does it.")
        return
    removed = remove(file, choice)
    table.erase(own().derived / "index.sqlite", "jobs", "logs")  # what their logs said is known by them; those of projects come back
    console.print(f"Removed {counted(removed, 'job')}, and wiped them from {file} and the index.", soft_wrap=True)
    if is_locked(file.parent / LOCK) and any(one.state == "running" for one in found):
        console.print("Some of them still run, and the watcher will note those again; stop it if it should not.", style="yellow")


def _consent() -> Activity:
    from scratchlab.notebook.settings import own, settings

    said = settings().activity
    if said is None:
        raise Problem(
            f"nothing is recorded without your consent: write the line [activity] into {own().file} to have your own processes' commands "
            f"(without their secrets), folders, logs and times kept in {own().kept}"
        )
    return said


def _tell(found: ScanChanges, before: dict[str, str]) -> None:
    """Prints what a look changed, and who could not be reached, unless that was said before."""
    from scratchlab.notebook.activity import terminal

    for one in (*found.ended, *found.began):
        console.print(terminal.change(one), soft_wrap=True)
    for host, why in found.unreached.items():
        if before.get(host) != why:
            _print(why, host)


def _others(names: list[str]) -> None:
    """Shows what runs on other hosts, and in the queue of Slurm."""
    from scratchlab.notebook.activity import live, slurm, terminal
    from scratchlab.notebook.activity.hosts import Hosts

    if "all" in names:
        said = _consent()
        names = [*(name for name in names if name != "all"), *said.hosts, *([slurm.HOST] if said.slurm else [])]
    machines = [name for name in dict.fromkeys(names) if name != slurm.HOST]
    if machines:
        with contextlib.closing(Hosts(machines)) as hosts:
            for host, answer in hosts.query().result().items():
                _print(answer if isinstance(answer, str) else terminal.host_jobs(live.now(answer)), host)
    if slurm.HOST in names:
        queued = slurm.queue()
        _print(queued if isinstance(queued, str) else terminal.queue(*queued), slurm.HOST)


def _print(lines: str | Iterable[RenderableType], host: str) -> None:
    """The lines about a host, or the sentence why there are none."""
    if isinstance(lines, str):
        console.print(f"{host} {lines}", style="yellow", soft_wrap=True)
        return
    for line in lines:
        console.print(line, soft_wrap=True)


def _file() -> Path:
    from scratchlab.notebook.activity.watching import FILE
    from scratchlab.notebook.settings import own

    return own().kept / FILE


def _known(file: Path, host: str, project: str) -> None:
    """Raises Problem for a host or a project of which nothing was ever recorded, listing those of which something was."""
    from scratchlab.notebook.activity import reader

    for what, said, names in zip(("host", "project"), (host, project), reader.known_names(file), strict=True):
        if said and names and said not in names:
            raise Problem(f"nothing was ever recorded of a {what} '{said}'.{nearest(said, names)} Known: {listing(names)}")


def _late() -> float:
    """Seconds without a look that are a gap."""
    from scratchlab.notebook.settings import Activity, settings

    return 2.5 * (settings().activity or Activity()).every + 5


def _choice(since: str | None, until: str | None, host: str, project: str) -> IntervalFilter:
    from datetime import datetime

    from scratchlab.notebook.activity.reader import IntervalFilter
    from scratchlab.notebook.dates.since import span

    today = datetime.now()
    begin = span(since, today).start.timestamp() if since else None
    end = span(until, today).end.timestamp() if until else None
    if begin is not None and end is not None and end <= begin:
        raise Problem(f"--until {until} ends before --since {since} begins")
    return IntervalFilter(begin, end, host, project)
