"""Simulated machines and processes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from scratchlab.notebook.activity.processes import Gpu, Link, Process, Snapshot

NOW = 1_700_000_000.0


def process(pid: int, parent: int, command: str, *, age: float = 100, cpu: float = 10, out: str = "/dev/null", **more) -> Process:
    """One process; `err`, `into` (its input), `cwd`, `group`, `session` if they matter."""
    links = {0: more.pop("into", "/dev/null"), 1: out, 2: more.pop("err", out)}
    facts = {"group": parent, "session": 1, "cwd": "/home/sam/kws", "birth": f"boot-{pid}", **more}
    return Process(pid=pid, parent=parent, argv=tuple(shlex.split(command)), start=NOW - age, cpu=cpu, links=links, **facts)


def machine(*processes: Process, opened: Mapping[int, list[Link]] | None = None, gpus: tuple[Gpu, ...] = (), **more) -> Snapshot:
    """A snapshot of these processes; every file has grown."""
    files = opened or {}
    facts = {"host": "box", "taken": NOW, "grown": lambda *_: True, "roots": {}, **more}
    return Snapshot(processes={one.pid: one for one in processes}, opened=lambda pid: tuple(files.get(pid, ())), gpus=gpus, **facts)


SHELL = process(10, 1, "-bash", session=10, out="/dev/pts/1")
