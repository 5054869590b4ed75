"""One run of a sweep, made in whatever process an engine has for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from scratchlab.checks import Diverged, Problem
from scratchlab.experiment import perform
from scratchlab.recipe import Recipe
from scratchlab.store.run import Occupied, Run

State = Literal["finished", "diverged", "failed", "busy", "missing"]
"""busy: another process is making it. missing: nobody has begun, or whoever did is gone."""

OVER = ("finished", "diverged")


@dataclass(frozen=True)
class Order:
    """A run to be made: all that a process needs to know, and small enough to be sent to one.

    note: why. changed: the settings in which it is not the recipe of its plan.
    """

    recipe: Recipe
    title: str
    runs: Path
    note: str = ""
    changed: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def run(self) -> Run:
        """Where it is, or will be: the folder that `scratchlab run` would take."""
        return Run.of(self.runs, self.recipe)


@dataclass(frozen=True)
class Ending:
    """How an order ended, with the last words of one that did not finish."""

    order: Order
    state: State
    words: str = ""


def state(order: Order) -> State:
    """How far it is. A run that diverged is over: the same steps would diverge again."""
    run = order.run
    if not run.there:
        return "missing"
    found = run.state()
    if found == "failed":
        return "diverged" if run.status.get("diverged") else "failed"
    return "finished" if found == "finished" else "busy" if found == "running" else "missing"


def made(order: Order) -> Ending:
    """Makes the run, or goes on with it, unless another process has made it since it was asked for; without a report, which
    `scratchlab report` writes where one is wanted.
    """
    if (found := state(order)) in OVER:
        return Ending(order, found)
    try:
        run = order.run if order.run.there else Run.create(order.runs, order.recipe, order.title, note=order.note, changed=order.changed)
        perform(order.recipe, run, Console(quiet=True))
    except Diverged as problem:
        return Ending(order, "diverged", str(problem))
    except Occupied as problem:
        return Ending(order, "busy" if order.run.there else "failed", str(problem))  # what is there may be no run at all
    except Problem as problem:
        return Ending(order, "failed", str(problem))
    except Exception as error:
        return Ending(order, "failed", f"{type(error).__name__}: {error}")
    return Ending(order, "finished")
