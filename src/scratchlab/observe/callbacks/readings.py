"""Base of the callbacks: when CKA is read during training by another library, and where the table is written."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.observe.kernels import Forward, Kernels, Set, call_network
from scratchlab.store import files


class Readings:
    """Reads CKA at the start and after every epoch, or after every `every` steps.

    sets, layers, forward, batch, between: as in `Kernels`; inputs are moved to the network's device. path: Parquet file of the table,
    rewritten after each reading, so that a killed training keeps its readings. every: optimizer steps between readings; 0: one reading per
    epoch. The table's `epoch` and `step` are the numbers of completed epochs and steps: 0 and 0 before training. A resumed training starts
    a new table, whose "start" is the weights it resumed with.
    """

    def __init__(
        self,
        sets: Mapping[str, Set],
        path: str | Path,
        *,
        every: int = 0,
        layers: Sequence[str] = (),
        forward: Forward = call_network,
        batch: int = 256,
        between: bool = True,
    ) -> None:
        super().__init__()
        if every < 0:
            raise Problem(f"every = {every} is not a number of steps; it must be 1 or more, or 0 for one reading per epoch.")
        self.sets, self.path, self.every = sets, Path(path), every
        self.layers, self.forward, self.batch, self.between = layers, forward, batch, between
        self.kernels: Kernels | None = None
        self.read_at = -1

    def start(self, network: nn.Module, epoch: int, step: int) -> None:
        """Takes the first reading when training starts or resumes, after `epoch` epochs and `step` steps.

        Raises Problem for layers that do not exist, and for a path that cannot be written.
        """
        with files.reported_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        self.kernels = Kernels(network, self.sets, layers=self.layers, forward=self._moved, batch=self.batch, between=self.between)
        self._read(epoch, step)

    def after_epoch(self, epoch: int, step: int) -> None:
        """Takes a reading after an epoch, if one is due. epoch, step: numbers of completed epochs and steps."""
        if not self.every:
            self._read(epoch, step)

    def after_step(self, epoch: int, step: int) -> None:
        """Takes a reading after a batch, if one is due. With gradient accumulation, several batches have the same `step`."""
        if self.every and step % self.every == 0 and step != self.read_at:
            self._read(epoch, step)

    def table(self) -> pl.DataFrame:
        """The readings so far, as in the file. Raises Problem before training starts, and in all processes but the first."""
        if self.kernels is None:
            raise Problem("There are no readings yet: the first is taken when training starts, in the first process.")
        return self.kernels.table()

    def _read(self, epoch: int, step: int) -> None:
        if self.kernels is not None:  # None in all processes but the first
            self.kernels.read(epoch=epoch, step=step)
            self.read_at = step
            files.write(self.path, self.table().write_parquet)

    def _moved(self, network: nn.Module, inputs: Tensor) -> object:
        device = next((parameter.device for parameter in network.parameters()), inputs.device)
        return self.forward(network, inputs.to(device))


def callback_class(name: str, modules: Sequence[str], requirement: str) -> Any:
    """A base class for callbacks: inherits from the class `name` of each of these modules that is installed.

    lightning and pytorch_lightning each accept only callbacks of their own class. Raises ImportError with advice if none is installed.
    """
    installed = [module for module in modules if _is_installed(module.partition(".")[0])]
    if not installed:
        package = modules[0].partition(".")[0]
        raise ImportError(f"This callback needs {package}, which is not installed here: pip install '{requirement}'", name=package)
    return type(name, tuple(getattr(importlib.import_module(module), name) for module in installed), {})


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # sys.modules has a stand-in without a spec
        return False
