"""Cost of one scan of this machine's processes, compared with a plain scan of the same attributes with psutil.

Run: python benchmarks/activity_scan.py [scans]
Prints CPU milliseconds, both in turns, and the fraction of a core that a scan every 30 s uses. Ours reads the user's own processes, groups
them into jobs and finds their logs; psutil yields the same attributes of the same processes, without jobs.
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
    """Number of the user's own processes; also reads which files their standard streams are connected to."""
    found = 0
    for process in psutil.process_iter(ATTRIBUTES):
        if process.info["uids"] and process.info["uids"].real == os.getuid() and process.info["cmdline"]:
            for number in (0, 1, 2):
                try:
                    Path(f"/proc/{process.pid}/fd/{number}").readlink()
                except OSError:
                    continue
            found += 1
    psutil.process_iter.cache_clear()  # as in a process that scans occasionally
    return found


def cost(scan: Callable[[], int]) -> tuple[float, int]:
    """CPU milliseconds of a scan, and the number of processes or jobs that it found."""
    began = time.process_time()
    found = scan()
    return 1000 * (time.process_time() - began), found


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    scans = {"ours, read": ours, "ours, read and grouped into jobs with their logs": folded, "psutil, the same attributes": plain}
    costs: dict[str, list[float]] = {name: [] for name in scans}
    counts: dict[str, int] = {}
    for _ in range(repeats):
        for name, scan in scans.items():
            milliseconds, counts[name] = cost(scan)
            costs[name].append(milliseconds)
    print(f"{len(psutil.pids())} processes on this machine, {repeats} scans each, median and maximum:")
    for name, values in costs.items():
        print(f"  {name:48} {median(values):6.2f} ms  {max(values):6.2f} ms  found {counts[name]}")
    ours_ms = median(costs["ours, read and grouped into jobs with their logs"])
    psutil_ms = median(costs["psutil, the same attributes"])
    print(f"  psutil / ours: {psutil_ms / ours_ms:.1f}; every 30 s, ours uses {ours_ms / 300:.3f} % of a core")


if __name__ == "__main__":
    main()
