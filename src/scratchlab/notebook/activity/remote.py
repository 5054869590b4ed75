"""Parses another host's answer to `look.sh`."""

from __future__ import annotations

import math
import re
from importlib import resources
from typing import Any

from scratchlab.notebook.activity.processes import Gpu, Link, Process, Snapshot, known_only, stat

COMMAND = "/bin/sh -s"
"""The command run on the host; the script is its standard input, the same for every host and user."""


def script() -> str:
    """The text of the script."""
    return resources.files("scratchlab.notebook.activity").joinpath("look.sh").read_text(encoding="utf-8")


def snapshot(host: str, answer: str, taken: float) -> Snapshot | str:
    """Parses a host's answer; returns an error message if it is invalid. taken: time of the request by the local clock."""
    lines = [_pair(line, " ") for line in answer.split("\n") if line]
    lines = lines[
        next((at for at, (word, _) in enumerate(lines) if word in ("boot", "lacks")), 0) :
    ]  # skips greetings printed by a login profile
    facts = {word: rest for word, rest in lines[:3] if word in ("boot", "uptime", "ticks")}
    if ("lacks", "/proc") in lines[:1]:
        return "has no /proc; only Linux hosts can be watched"
    if len(facts) < 3 or ("done", "") not in lines[-1:]:
        return _other(answer)
    try:
        ticks, since_boot = float(facts["ticks"]), float(facts["uptime"])
    except ValueError:
        return _other(answer)
    if not (0 < ticks < math.inf and 0 <= since_boot < math.inf):  # all times depend on these
        return f"reports {facts['ticks']!r} ticks per second and {facts['uptime']!r} seconds of uptime, which is invalid"
    processes: dict[int, Process] = {}
    links: dict[int, dict[int, Link]] = {}
    roots: dict[str, tuple[str, str]] = {}
    tails: dict[int, str] = {}
    for record in _records(lines):
        status = stat(record["stat"], ticks)
        if status is None or "argv" not in record:
            continue
        pid, cwd = status.pid, record.get("cwd", "")
        if "root" in record:
            roots[cwd] = (record["root"], record.get("commit", ""))
        links[pid] = _links(record["fd"])
        tails[pid] = record.get("tail", "").replace("\x1e", "\n").replace("\x1f", "")
        argv = tuple(record["argv"].removesuffix("\x1f").split("\x1f"))
        devices, slurm = known_only(dict(_pair(word, "=") for word in record["env"]))
        start = taken - since_boot + status.since_boot
        standard = {number: link.target for number, link in links[pid].items() if number <= 2}
        birth = f"{facts['boot'][:8]}-{status.ticks}"
        processes[pid] = Process(
            pid, status.parent, status.group, status.session, birth, start, argv, cwd, status.cpu, standard, devices, slurm
        )

    def opened(pid: int) -> tuple[Link, ...]:
        return tuple(link for number, link in links[pid].items() if number > 2)

    def grown(path: str, since: float) -> bool:
        return True  # modification times are not queried

    return Snapshot(host, taken, processes, opened, grown, _cards(lines), roots, tails)


def _other(answer: str) -> str:
    return f"answered with something other than the script's output: {answer[:60].strip()!r}"


def _pair(line: str, sign: str) -> tuple[str, str]:
    word, _, rest = line.partition(sign)
    return word, rest


def _records(lines: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The fields of each process; repeated ones (`fd`, `env`) as lists."""
    found: list[dict[str, Any]] = []
    for word, rest in lines:
        if word == "stat":
            found.append({"stat": rest, "fd": [], "env": []})
        elif found and word in ("fd", "env"):
            found[-1][word].append(rest)
        elif found and word in ("argv", "cwd", "root", "commit", "tail"):
            found[-1].setdefault(word, rest)
    return found


def _links(lines: list[str]) -> dict[int, Link]:
    """Parses lines such as `1 -w /home/sam/kws/train.log`, by descriptor number."""
    read = (re.fullmatch(r"(\d+) ([r-][w-]) (.+)", line) for line in lines)
    return {int(found[1]): Link(found[3], found[2].endswith("w")) for found in read if found}


def _cards(lines: list[tuple[str, str]]) -> tuple[Gpu, ...]:
    """The GPUs reported by nvidia-smi, if any."""
    users: dict[str, list[int]] = {}
    for word, rest in lines:
        uuid, _, pid = rest.partition(", ")
        if word == "app" and pid.isdigit():
            users.setdefault(uuid, []).append(int(pid))
    cards: list[Gpu] = []
    for word, rest in lines:
        if word == "gpu" and len(fields := rest.split(", ", 3)) == 4 and fields[1].isdigit():
            uuid, index, busy, name = fields
            cards.append(Gpu(int(index), name, int(busy) / 100 if busy.isdigit() else None, tuple(users.get(uuid, ()))))
    return tuple(cards)
