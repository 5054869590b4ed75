"""How far a sweep is, while it goes on: a bar in a terminal, a line now and then elsewhere; and the table kept up to date beside it."""

from __future__ import annotations

import time
from collections import Counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from scratchlab.sweeps.engines.interface import Engine
from scratchlab.sweeps.sweep import OVER, Sweep
from scratchlab.sweeps.work import Ending

TABLE_SECONDS = 10.0
LINES = 20  # at most so many are told where there is no terminal


def followed(sweep: Sweep, engine: Engine, console: Console) -> list[Ending]:
    """Makes what is missing; returns the runs that came to nothing."""
    states = sweep.states()
    total, done = len(states), sum(state in OVER for state in states)
    console.print(f"{total} runs in {sweep.folder.path.name}, {done} there already.")
    failed: list[Ending] = []
    counts, written = Counter[str](), 0.0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("runs", total=total, completed=done)
        for ending in sweep.made(engine):
            counts[ending.state] += 1
            done += 1
            failed += [ending] if ending.state not in OVER else []
            told = ", ".join(f"{number} {state}" for state, number in counts.items())
            bars.update(task, completed=done, description=told)
            if not console.is_terminal and (done % max(1, total // LINES) == 0 or done == total):
                console.print(f"{done} of {total} runs; now {told}")
            if time.monotonic() - written > TABLE_SECONDS:
                sweep.write()
                written = time.monotonic()
    return failed
