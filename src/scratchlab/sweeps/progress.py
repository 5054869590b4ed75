"""How far many runs are, while they are made: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from scratchlab.checks import Problem
from scratchlab.store.run import Run
from scratchlab.sweeps.engines.interface import Engine
from scratchlab.sweeps.sweep import Sweep
from scratchlab.sweeps.work import OVER, Ending, Order, state

SECONDS = 10.0  # between two tables
LINES = 20  # at most so many are told where there is no terminal


def followed(
    orders: Iterable[Order],
    engine: Engine,
    console: Console,
    *,
    total: int,
    there: int = 0,
    beside: Callable[[], None] = lambda: None,
) -> list[Ending]:
    """Makes these runs, `total` with the `there` that are there already; returns those that came to nothing.

    beside: is called now and then, to keep a table of them.
    """
    done, told_at = there, time.monotonic()
    failed: list[Ending] = []
    counts = Counter[str]()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars, contextlib.closing(engine.made(orders)) as endings:
        task = bars.add_task("runs", total=total, completed=done)
        for ending in endings:
            counts[ending.state] += 1
            done += 1
            failed += [ending] if ending.state not in OVER else []
            told = ", ".join(f"{number} {state}" for state, number in counts.items())
            bars.update(task, completed=done, description=told)
            if not console.is_terminal and (done % max(1, total // LINES) == 0 or done == total):
                console.print(f"{done} of {total} runs; now {told}")
            if time.monotonic() - told_at > SECONDS:
                beside()
                told_at = time.monotonic()
    return failed


def completed(sweep: Sweep, engine: Engine, console: Console) -> list[Ending]:
    """Makes what a sweep lacks, and keeps its table, also when it is stopped; returns the runs that came to nothing."""
    sweep.write()  # tells a place that cannot be written before anything is made
    there = sum(state in OVER for state in sweep.states())
    try:
        return followed(sweep.coming(), engine, console, total=sweep.total, there=there, beside=sweep.write)
    finally:
        sweep.write()


def finished(orders: Sequence[Order], engine: Engine, console: Console) -> list[Run]:
    """The runs of these orders, in their order, made where they are missing; two orders may be one run.

    Raises Problem with the last words of a run that failed or diverged.
    """
    missing = {order.run.folder: order for order in orders if state(order) not in OVER}
    words = {one.order.run.folder: one.words for one in followed(missing.values(), engine, console, total=len(missing))}
    for order in orders:
        if (ending := state(order)) != "finished":
            raise Problem(f"{order.run.folder} is {ending}: {words.get(order.run.folder) or order.run.status['where']}")
    return [order.run for order in orders]
