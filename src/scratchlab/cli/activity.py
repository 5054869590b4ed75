"""Commands about the user's own processes: record them, list running and past jobs, and delete records."""

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

Since = Annotated[str | None, typer.Option("--since", help="first day: monday, yesterday, 3d, 'last week', 2026-03-09, 昨天, 지난주, …")]
Until = Annotated[str | None, typer.Option("--until", help="last day (included), written like --since")]
Host = Annotated[str, typer.Option("--host", help="only jobs of this host; 'slurm' for the cluster's jobs")]
Project = Annotated[str, typer.Option("--project", help="only jobs of this project")]


@app.command()
def watch(once: Annotated[bool, typer.Option("--once", help="scan once and exit")] = False) -> None:
    """Record your running processes, their log files and how they end, until Ctrl-C."""
    import signal

    from scratchlab.notebook.activity import proc, slurm
    from scratchlab.notebook.activity.hosts import Hosts
    from scratchlab.notebook.activity.lock import exclusive
    from scratchlab.notebook.activity.watching import LOCK, Watcher
    from scratchlab.notebook.settings import own

    settings, kept = _activity_settings(), own().kept
    kept.mkdir(parents=True, exist_ok=True, mode=0o700)
    hosts = [name for name in settings.hosts if name != proc.host()]
    remote = Hosts(hosts) if hosts else None
    with exclusive(kept / LOCK), Watcher(kept, settings.every, remote, slurm.jobs if settings.slurm else None) as watcher:
        if once:
            found = watcher.scan()
            _print_changes(found, {})
            console.print(f"{counted(found.running, 'job')} running, {len(found.began)} new, {len(found.ended)} ended.")
            return
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # systemd stops a service with SIGTERM
        unreached: dict[str, str] = {}
        try:
            console.print(f"Watching {', '.join([proc.host(), *hosts])} every {settings.every:g} s; Ctrl-C stops it.", soft_wrap=True)
            for found in watcher.scans():
                _print_changes(found, unreached)
                unreached = {host: reason for host, reason in unreached.items() if host not in found.answered} | found.unreached
        except KeyboardInterrupt:
            console.print("Stopped watching.")


@app.command()
def now(
    hosts: Annotated[
        list[str] | None, typer.Option("--host", help="also show this host, over SSH; 'all': every host in notebook.toml")
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="one line about this machine, for a status bar")] = False,
) -> None:
    """Show your running jobs, their log files and the last line of each; records nothing."""
    from scratchlab.notebook.activity import live, terminal

    local = live.here()
    if brief:
        console.print(terminal.brief(local), soft_wrap=True)
        return
    _print(terminal.host_jobs(local), local.host)
    if hosts:
        _print_other_hosts(hosts)


@app.command()
def did(since: Since = "today", until: Until = None, host: Host = "", project: Project = "") -> None:
    """List recorded jobs by day and project: how long they ran, how they ended, where they wrote."""
    import time

    from scratchlab.notebook.activity import reader, terminal

    file, choice = _file(), _parse_choice(since, until, host, project)
    _check_known(file, host, project)
    found = reader.intervals(file, choice)
    for part in terminal.intervals(found):
        console.print(part)
    if not file.is_file():
        console.print("Nothing has been recorded on this machine; `scratchlab watch` records.")
        return
    if not found:
        console.print("No job was recorded in this period.")
    begin, end = choice.since or 0.0, min(time.time(), choice.until or time.time())
    missed = [gap for gap in reader.gaps(file, begin, end) if gap.until - gap.since >= _gap_seconds() and host in ("", gap.host)]
    for line in terminal.gaps(missed):
        console.print(line)


@app.command()
def forget(
    since: Since = None,
    until: Until = None,
    project: Project = "",
    host: Host = "",
    everything: Annotated[bool, typer.Option("--all", help="every record")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="delete the records; without it, they are only shown")] = False,
) -> None:
    """Delete records of jobs and wipe them from the disk; without --yes, only show which."""
    from scratchlab.notebook.activity import reader, terminal
    from scratchlab.notebook.activity.forgetting import forget as remove
    from scratchlab.notebook.activity.lock import is_locked
    from scratchlab.notebook.activity.watching import LOCK
    from scratchlab.notebook.index import table
    from scratchlab.notebook.settings import own

    if not (since or until or project or host or everything):
        raise Problem("forget needs to know which records to delete: give --since, --until, --project or --host, or --all")
    if everything and (since or until or project or host):
        raise Problem("--all deletes every record, so it cannot be combined with --since, --until, --project or --host")
    file, choice = _file(), _parse_choice(since, until, host, project)
    _check_known(file, host, project)
    found = reader.intervals(file, choice)
    if not file.is_file() or not (found or everything):
        console.print("No record matches; nothing was deleted.")
        return
    for part in terminal.intervals(found):
        console.print(part)
    if not yes:
        console.print(f"These {counted(len(found), 'job')} would be deleted for good: add --yes to delete.")
        return
    removed = remove(file, choice)
    table.erase(
        own().derived / "index.sqlite", "jobs", "logs"
    )  # log entries are found through jobs; entries of project logs are indexed again
    console.print(f"Deleted {counted(removed, 'job')} and wiped them from {file} and the index.", soft_wrap=True)
    if is_locked(file.parent / LOCK) and any(job.state == "running" for job in found):
        console.print(
            "Some of these jobs are still running, and the active watcher will record them again; stop it to prevent that.", style="yellow"
        )


def _activity_settings() -> Activity:
    """The `[activity]` settings, whose presence is the user's consent; raises Problem if there are none."""
    from scratchlab.notebook.settings import own, settings

    chosen = settings().activity
    if chosen is None:
        raise Problem(
            f"nothing is recorded without your consent: add the line [activity] to {own().file} to have the commands "
            f"(without secrets), folders, logs and times of your own processes recorded in {own().kept}"
        )
    return chosen


def _print_changes(found: ScanChanges, before: dict[str, str]) -> None:
    """Prints the jobs that a scan found begun or ended, and hosts that newly cannot be reached (`before` holds the known ones)."""
    from scratchlab.notebook.activity import terminal

    for job in (*found.ended, *found.began):
        console.print(terminal.change(job), soft_wrap=True)
    for host, reason in found.unreached.items():
        if before.get(host) != reason:
            _print(reason, host)


def _print_other_hosts(names: list[str]) -> None:
    """Prints the running jobs of other hosts and the Slurm queue."""
    from scratchlab.notebook.activity import live, slurm, terminal
    from scratchlab.notebook.activity.hosts import Hosts

    if "all" in names:
        chosen = _activity_settings()
        names = [*(name for name in names if name != "all"), *chosen.hosts, *([slurm.HOST] if chosen.slurm else [])]
    machines = [name for name in dict.fromkeys(names) if name != slurm.HOST]
    if machines:
        with contextlib.closing(Hosts(machines)) as hosts:
            for host, answer in hosts.query().result().items():
                _print(answer if isinstance(answer, str) else terminal.host_jobs(live.now(answer)), host)
    if slurm.HOST in names:
        queued = slurm.queue()
        _print(queued if isinstance(queued, str) else terminal.queue(*queued), slurm.HOST)


def _print(lines: str | Iterable[RenderableType], host: str) -> None:
    """Prints the lines about a host, or, given a string, why there are none."""
    if isinstance(lines, str):
        console.print(f"{host} {lines}", style="yellow", soft_wrap=True)
        return
    for line in lines:
        console.print(line, soft_wrap=True)


def _file() -> Path:
    from scratchlab.notebook.activity.watching import FILE
    from scratchlab.notebook.settings import own

    return own().kept / FILE


def _check_known(file: Path, host: str, project: str) -> None:
    """Raises Problem for a host or project without any record, listing those that have records."""
    from scratchlab.notebook.activity import reader

    for kind, name, names in zip(("host", "project"), (host, project), reader.known_names(file), strict=True):
        if name and names and name not in names:
            raise Problem(f"nothing was ever recorded of a {kind} '{name}'.{nearest(name, names)} Known: {listing(names)}")


def _gap_seconds() -> float:
    """Seconds between two scans above which the time counts as not watched."""
    from scratchlab.notebook.settings import Activity, settings

    return 2.5 * (settings().activity or Activity()).every + 5


def _parse_choice(since: str | None, until: str | None, host: str, project: str) -> IntervalFilter:
    from datetime import datetime

    from scratchlab.notebook.activity.reader import IntervalFilter
    from scratchlab.notebook.dates.since import span

    today = datetime.now()
    begin = span(since, today).start.timestamp() if since else None
    end = span(until, today).end.timestamp() if until else None
    if begin is not None and end is not None and end <= begin:
        raise Problem(f"--until {until} ends before --since {since} begins")
    return IntervalFilter(begin, end, host, project)
