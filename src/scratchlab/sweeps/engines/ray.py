"""Ray: workers that are started here and end with the sweep, or those of a running cluster that sees the same folders."""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.sweeps.engines.interface import TRIES, given_up
from scratchlab.sweeps.work import Ending, Order, made

OBJECTS = 100 * 2**20  # bytes of Ray's store, which else takes a third of the memory; only orders and endings go through it
CONNECTING = 10.0  # seconds in which a cluster answers
PATIENCE = 60.0  # seconds in which runs stop between two steps


class Ray:
    """One task a run, `workers` at a time; 0: as many as there are processors, here or in the cluster.

    With an address, this machine is one of the cluster's, scratchlab is installed on each of them, and all see the folders of runs and
    data under the same paths; the token of a cluster that asks for one is told by Ray's own variable,
    RAY_AUTH_TOKEN_PATH. When this process is gone, by kill -9 as well, Ray ends what it began within some seconds.
    """

    def __init__(
        self,
        workers: int,
        *,
        address: Annotated[str, Field(description="of a running cluster, as in 10.0.0.1:6379; if none, Ray is started here")] = "",
        gpus: Annotated[float, Field(ge=0, description="graphics processors for each run; 0.5 puts two runs on one")] = 0.0,
    ) -> None:
        self.workers, self.address, self.gpus = workers, address, gpus

    def made(self, orders: Iterable[Order]) -> Generator[Ending]:
        """Every order once, as they end."""
        ray, left, going = _ray(), iter(orders), dict[Any, tuple[Order, int]]()
        with self._connected():
            task = ray.remote(num_cpus=1, num_gpus=self.gpus, max_retries=0)(_made)  # the tries are counted here, as in every engine
            room = self._room()
            try:
                while True:
                    while len(going) < room and (order := next(left, None)) is not None:
                        going[task.remote(order, Path.cwd())] = order, 1
                    if not going:
                        return
                    (ended, *_), _ = ray.wait(list(going))
                    order, tries = going.pop(ended)
                    try:
                        ending = ray.get(ended)
                    except ray.exceptions.RayTaskError as error:  # it did not even begin: the last line says why
                        ending = Ending(order, "failed", str(error).strip().rpartition("\n")[2])
                    except ray.exceptions.RayError:  # its process died, or the machine did
                        if tries < TRIES:
                            going[task.remote(order, Path.cwd())] = order, tries + 1
                            continue
                        ending = given_up(order)
                    yield ending
            finally:
                _stop(list(going))

    @contextlib.contextmanager
    def _connected(self) -> Generator[None]:
        """Ray, quiet; its workers take one thread each, also where libraries look for their number but once, as they are loaded."""
        _answers(self.address)
        ray = _ray()
        here = {"num_cpus": self.workers or os.cpu_count(), "include_dashboard": False, "object_store_memory": OBJECTS}
        told = {"log_to_driver": False, "logging_level": "ERROR", "runtime_env": {"env_vars": {"OMP_NUM_THREADS": "1"}}}
        try:
            ray.init(self.address or "local", **told, **({} if self.address else here))
        except (ConnectionError, RuntimeError, ValueError) as error:
            said = str(error).strip().split("\n")[0]
            where = f"reached at {self.address}" if self.address else "started"
            token = "; if the cluster asks for a token, RAY_AUTH_TOKEN_PATH names its file" if self.address else ""
            raise Problem(f"Ray cannot be {where}: {said}{token}.") from None
        try:
            yield
        finally:
            ray.shutdown()

    def _room(self) -> int:
        """How many runs at a time. Raises Problem where not even one would ever begin."""
        there = _ray().cluster_resources()
        cpus, gpus = int(there.get("CPU", 0)), float(there.get("GPU", 0))
        room = min(cpus, int(gpus / self.gpus)) if self.gpus else cpus
        if room < 1:
            raise Problem(f"Ray has {cpus} processors and {gpus:g} graphics processors, where a run takes 1 and {self.gpus:g}.")
        return min(self.workers or room, room)


def _answers(address: str) -> None:
    """Raises Problem where nobody listens; Ray itself would ask for minutes."""
    host, _, port = address.rpartition(":")
    if port.isdigit():
        try:
            socket.create_connection((host, int(port)), timeout=CONNECTING).close()
        except OSError as error:
            raise Problem(
                f"No cluster of Ray answers at {address} ({error}); `ray status` on one of its machines tells where it is."
            ) from None


def _ray() -> Any:
    """The library, loaded when a sweep begins, with its usage statistics off unless the user has turned them on."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    return importlib.import_module("ray")


def _made(order: Order, place: Path) -> Ending:
    """In a worker: paths mean what they mean where the sweep was asked for."""
    os.chdir(place)
    return made(order)


def _stop(tasks: list[Any]) -> None:
    """Has the trainings stop between two steps, with their checkpoints saved, and waits until they have."""
    for task in tasks:
        _ray().cancel(task)
    if tasks:
        _ray().wait(tasks, num_returns=len(tasks), timeout=PATIENCE)
