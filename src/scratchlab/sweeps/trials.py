"""The orders of a search: those of a trial when the trials it is drawn from are over."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

from scratchlab.sweeps.axes import Cell
from scratchlab.sweeps.search import Search, Trial
from scratchlab.sweeps.work import OVER, Order, state


class Trials:
    """An iterator of orders that may have nothing for now, and more once the next run is over."""

    def __init__(self, search: Search, orders_of: Callable[[Cell], list[Order]], value_of: Callable[[list[Order]], float | None]) -> None:
        self.search, self.orders_of, self.value_of = search, orders_of, value_of
        self.cells: list[Cell] = []
        self.orders: list[list[Order]] = []
        self.ready: deque[Order] = deque()
        self.asked: set[Path] = set()  # runs that were asked for
        self.over: list[Trial] = []  # what is over stays so, and is not read again

    def known(self) -> list[Trial]:
        """The first trials, as far as all of them are over: one that failed is tried again by the next sweep, and none is drawn by it."""
        for cell, orders in zip(self.cells[len(self.over) :], self.orders[len(self.over) :], strict=True):
            if any(state(one) not in OVER for one in orders):
                break
            self.over.append(Trial(cell, self.value_of(orders)))
        return self.over

    def advance(self) -> None:
        """Draws trials until one has something to be made, or waits for others, or there is none left."""
        while not self.ready and (number := len(self.cells)) < self.search.trials:
            known, needed = self.known(), max(0, number - self.search.parallel + 1)
            if len(known) < needed:
                return
            cell = self.search.cell(number, known[:needed])
            orders = self.orders_of(cell)
            missing = [one for one in orders if state(one) not in OVER and one.run.folder not in self.asked]
            self.cells.append(cell)
            self.orders.append(orders)
            self.ready += missing
            self.asked |= {one.run.folder for one in missing}

    def __iter__(self) -> Trials:
        return self

    def __next__(self) -> Order:
        self.advance()
        if not self.ready:
            raise StopIteration
        return self.ready.popleft()
