"""What one look at this machine's processes costs, beside a plain scan by psutil of the same attributes.

Run: python benchmarks/activity_scan.py [looks]
Prints milliseconds of CPU, the two taking turns, and the share of a core that a look every half minute is. Ours reads what is the
user's own, folds it into jobs and finds their logs; psutil's yields the same attributes of the same processes, and no jobs.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import psutil

from scratchlab.notebook.activity import proc
from scratchlab.notebook.activity.jobs import jobs

ATTRIBUTES = ["pid", "ppid", "cmdline", "cwd", "create_time", "cpu_times", "environ", "uids"]


def ours() -> int:
    return len(proc.look().processes)


def folded() -> int:
    return len(jobs(proc.look(), leave=os.getpid()))


def plain() -> int:
    """Of the user's own, with the files behind their standard output and errors."""
    found = 0
    for process in psutil.process_iter(ATTRIBUTES):
        if process.info["uids"] and process.info["uids"].real == os.getuid() and process.info["cmdline"]:
            for number in (0, 1, 2):
                try:
                    Path(f"/proc/{process.pid}/fd/{number}").readlink()
                except OSError:
                    continue
            found += 1
    psutil.process_iter.cache_clear()  # as a process that looks once in a while finds it
    return found


def cost(scan: Callable[[], int]) -> tuple[float, int]:
    """Milliseconds of CPU, and how many it found."""
    began = time.process_time()
    found = scan()
    return 1000 * (time.process_time() - began), found


def main() -> None:
    looks = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    scans = {"ours, read": ours, "ours, read and folded into jobs with their logs": folded, "psutil, the same attributes": plain}
    costs: dict[str, list[float]] = {name: [] for name in scans}
    counts: dict[str, int] = {}
    for _ in range(looks):
        for name, scan in scans.items():
            milliseconds, counts[name] = cost(scan)
            costs[name].append(milliseconds)
    there = len(psutil.pids())
    print(f"{there} processes on this machine, {looks} looks each, median and most:")
    for name, several in costs.items():
        print(f"  {name:48} {median(several):6.2f} ms  {max(several):6.2f} ms  found {counts[name]}")
    whole = median(costs["ours, read and folded into jobs with their logs"])
    print(f"  psutil / ours: {median(costs['psutil, the same attributes']) / whole:.1f}; every 30 s, ours is {whole / 300:.3f} % of a core")


if __name__ == "__main__":
    main()
