"""What the callbacks share: when kernels are read while somebody else trains, and where the table goes."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.observe.kernels import Forward, Kernels, Set, called
from scratchlab.store import files


class Readings:
    """Kernels at the start and then after every epoch, or after every so many steps.

    sets, layers, forward, batch, between: as of `Kernels`; inputs move to the network's device. path: the table's file (Parquet), whole
    after each reading, so that a training that is killed leaves what was read. every: steps of the optimizer between readings; 0 for
    epochs. The table's `epoch` and `step` count what is done: 0 and 0 before the first. A training that is resumed begins a table anew,
    and its "start" is the weights it resumed with.
    """

    def __init__(
        self,
        sets: Mapping[str, Set],
        path: str | Path,
        *,
        every: int = 0,
        layers: Sequence[str] = (),
        forward: Forward = called,
        batch: int = 256,
        between: bool = True,
    ) -> None:
        super().__init__()
        if every < 0:
            raise Problem(f"every = {every} is no number of steps; it is 1 or more, or 0 for every epoch.")
        self.sets, self.path, self.every = sets, Path(path), every
        self.layers, self.forward, self.batch, self.between = layers, forward, batch, between
        self.kernels: Kernels | None = None
        self.read_at = -1

    def begins(self, network: nn.Module, epoch: int, step: int) -> None:
        """Training starts, or goes on, where so many epochs and steps are done.

        Raises Problem for layers that are not there and for a path that cannot be written.
        """
        with files.reported_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        self.kernels = Kernels(network, self.sets, layers=self.layers, forward=self._moved, batch=self.batch, between=self.between)
        self._read(epoch, step)

    def after_epoch(self, epoch: int, step: int) -> None:
        """An epoch is over; so many are done."""
        if not self.every:
            self._read(epoch, step)

    def after_step(self, epoch: int, step: int) -> None:
        """A batch is over; where gradients are gathered over several, `step` may be that of the last one."""
        if self.every and step % self.every == 0 and step != self.read_at:
            self._read(epoch, step)

    def _read(self, epoch: int, step: int) -> None:
        if self.kernels is not None:  # of several processes one reads
            self.kernels.read(epoch=epoch, step=step)
            self.read_at = step
            table = self.kernels.table()
            files.write(self.path, table.write_parquet)

    def _moved(self, network: nn.Module, inputs: Tensor) -> object:
        device = next((parameter.device for parameter in network.parameters()), inputs.device)
        return self.forward(network, inputs.to(device))


def base(name: str, homes: Sequence[str], requirement: str) -> Any:
    """The class `name` of these modules, or of those that are there: each library takes none but its own.

    Raises ImportError, saying what to install, where there is none.
    """
    there = [home for home in homes if _is_there(home.partition(".")[0])]
    if not there:
        package = homes[0].partition(".")[0]
        raise ImportError(f"This callback needs {package}, which is not installed here: pip install '{requirement}'", name=package)
    return type(name, tuple(getattr(importlib.import_module(home), name) for home in there), {})


def _is_there(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # somebody has put something else in its place
        return False
