"""Ray: local workers that end with the sweep, or a running cluster with access to the same folders."""

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
from scratchlab.sweeps.work import Job, JobResult, run_job

OBJECTS = 100 * 2**20  # bytes of Ray's object store, by default a third of the memory; only jobs and their results go through it
CONNECTING = 10.0  # seconds to wait for a cluster to answer
PATIENCE = 60.0  # seconds to wait for runs to stop between two steps


class Ray:
    """One task per run, `workers` at a time; 0: one per CPU core of this machine or of the cluster.

    With an address, this machine must belong to the cluster, scratchlab must be installed on each machine, and all machines must see the
    folders of runs and data under the same paths; if the cluster needs a token, set Ray's variable RAY_AUTH_TOKEN_PATH. When this process
    ends, even by kill -9, Ray ends its tasks within seconds.
    """

    def __init__(
        self,
        workers: int,
        *,
        address: Annotated[
            str, Field(description="address of a running cluster, as in 10.0.0.1:6379; if empty, Ray is started on this machine")
        ] = "",
        gpus: Annotated[float, Field(ge=0, description="GPUs for each run; 0.5 puts two runs on one GPU")] = 0.0,
    ) -> None:
        self.workers, self.address, self.gpus = workers, address, gpus

    def execute(self, jobs: Iterable[Job]) -> Generator[JobResult]:
        """Runs every job once and yields the results as jobs end."""
        ray, remaining, running = _ray(), iter(jobs), dict[Any, tuple[Job, int]]()
        with self._connected():
            task = ray.remote(num_cpus=1, num_gpus=self.gpus, max_retries=0)(_run_in)  # every engine counts the tries itself
            capacity = self._capacity()
            try:
                while True:
                    while len(running) < capacity and (job := next(remaining, None)) is not None:
                        running[task.remote(job, Path.cwd())] = job, 1
                    if not running:
                        return
                    (ended, *_), _ = ray.wait(list(running))
                    job, tries = running.pop(ended)
                    try:
                        result = ray.get(ended)
                    except ray.exceptions.RayTaskError as error:  # it could not begin; the last line says why
                        result = JobResult(job, "failed", str(error).strip().rpartition("\n")[2])
                    except ray.exceptions.RayError:  # its process or its machine died
                        if tries < TRIES:
                            running[task.remote(job, Path.cwd())] = job, tries + 1
                            continue
                        result = given_up(job)
                    yield result
            finally:
                _stop(list(running))

    @contextlib.contextmanager
    def _connected(self) -> Generator[None]:
        """Ray without log messages; each worker uses one thread, also for libraries that read their number of threads only when loaded."""
        _check_address(self.address)
        ray = _ray()
        local = {"num_cpus": self.workers or os.cpu_count(), "include_dashboard": False, "object_store_memory": OBJECTS}
        options = {"log_to_driver": False, "logging_level": "ERROR", "runtime_env": {"env_vars": {"OMP_NUM_THREADS": "1"}}}
        try:
            ray.init(self.address or "local", **options, **({} if self.address else local))
        except (ConnectionError, RuntimeError, ValueError) as error:
            message = str(error).strip().split("\n")[0]
            where = f"reached at {self.address}" if self.address else "started"
            token = "; if the cluster needs a token, set RAY_AUTH_TOKEN_PATH to its file" if self.address else ""
            raise Problem(f"Ray cannot be {where}: {message}{token}.") from None
        try:
            yield
        finally:
            ray.shutdown()

    def _capacity(self) -> int:
        """Number of runs at a time. Raises Problem if the resources do not suffice for one."""
        resources = _ray().cluster_resources()
        cpus, gpus = int(resources.get("CPU", 0)), float(resources.get("GPU", 0))
        capacity = min(cpus, int(gpus / self.gpus)) if self.gpus else cpus
        if capacity < 1:
            raise Problem(f"Ray has {cpus} CPU cores and {gpus:g} GPUs, but a run needs 1 core and {self.gpus:g} GPUs.")
        return min(self.workers or capacity, capacity)


def _check_address(address: str) -> None:
    """Raises Problem if nothing listens at the address; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if port.isdigit():
        try:
            socket.create_connection((host, int(port)), timeout=CONNECTING).close()
        except OSError as error:
            raise Problem(
                f"No Ray cluster answers at {address} ({error}); `ray status` on one of its machines shows its address."
            ) from None


def _ray() -> Any:
    """The library, imported on first use; its usage statistics are off unless the user has turned them on."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    return importlib.import_module("ray")


def _run_in(job: Job, folder: Path) -> JobResult:
    """Runs a job in a worker, with the working folder of the sweep, so that relative paths mean the same."""
    os.chdir(folder)
    return run_job(job)


def _stop(tasks: list[Any]) -> None:
    """Stops the trainings between two steps, with their checkpoints saved, and waits for them."""
    for task in tasks:
        _ray().cancel(task)
    if tasks:
        _ray().wait(tasks, num_returns=len(tasks), timeout=PATIENCE)
