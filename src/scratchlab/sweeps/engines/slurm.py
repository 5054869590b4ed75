"""Slurm: one job a run, by submitit. The jobs' logs lie in `runs/sweeps/slurm/RUN`."""

from __future__ import annotations

import getpass
import signal
import subprocess
import time
from collections.abc import Generator, Iterable
from typing import Annotated, Any

from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.sweeps.engines.interface import TRIES
from scratchlab.sweeps.work import Ending, Order, made

JOBS = 100  # in the queue at a time, where nobody says how many
SECONDS = 1.0  # between two looks at the jobs' folders
WARNING = 90  # seconds before a job's time is up


class Slurm:
    """A job a run, `workers` of them queued or running at a time; 0: a hundred. Ask from a machine that has sbatch.

    A job whose time is up, or that is preempted, stops between two steps, with its checkpoint saved, and another goes on with its run; so
    it is where a job dies. Ctrl-C here takes the jobs from the queue. Where this process is killed, or the connection lost, those that are
    queued or running go on by themselves; asked again, it follows them instead of submitting their runs twice.
    """

    def __init__(
        self,
        workers: int,
        *,
        partition: Annotated[str, Field(description="which machines; if none, Slurm's default")] = "",
        account: Annotated[str, Field(description="who pays; if none, Slurm's default")] = "",
        minutes: Annotated[int, Field(ge=5, description="a job's limit; a run that takes longer goes on in another, three in all")] = 60,
        cpus: Annotated[int, Field(ge=1, description="processors for each run, and its threads")] = 1,
        gpus: Annotated[int, Field(ge=0, description="graphics processors for each run")] = 0,
        memory: Annotated[int, Field(ge=0, description="gigabytes for each run; 0: Slurm's default")] = 0,
        sbatch: Annotated[dict[str, str | int], Field(description="more of sbatch's options, as in -o sbatch.qos=high")] = {},
    ) -> None:
        self.workers, self.partition, self.account, self.minutes = workers or JOBS, partition, account, minutes
        self.cpus, self.gpus, self.memory, self.sbatch = cpus, gpus, memory, sbatch

    def made(self, orders: Iterable[Order]) -> Generator[Ending]:
        """Every order once, as they end."""
        left, queued, going = iter(orders), _queued(), list[_Job]()
        try:
            while True:
                while len(going) < self.workers and (order := next(left, None)) is not None:
                    going.append(_Job(order, self._executor(order), queued))
                if not going:
                    return
                for job in [job for job in going if job.over]:
                    if (ending := job.ending()) is not None:
                        going.remove(job)
                        yield ending
                time.sleep(SECONDS)
        finally:
            for job in going:
                job.cancel()

    def _executor(self, order: Order) -> Any:
        """What submits the jobs of a run."""
        import submitit

        executor = submitit.SlurmExecutor(order.runs.absolute() / "sweeps" / "slurm" / order.run.folder.name)
        told = {
            "partition": self.partition,
            "account": self.account,
            "mem": f"{self.memory}GB" if self.memory else "",
            "gpus_per_node": self.gpus,
        }
        executor.update_parameters(
            job_name=order.run.folder.name,
            time=self.minutes,
            cpus_per_task=self.cpus,
            srun_args=[f"--cpus-per-task={self.cpus}"],  # which newer ones do not take over from sbatch
            setup=[f"export OMP_NUM_THREADS={self.cpus}"],
            additional_parameters={
                "signal": f"INT@{WARNING}",  # to the training, which then stops between two steps
                "no-requeue": True,  # Slurm would begin a preempted job again beside the one that is submitted here
                **self.sbatch,
            },
            **{name: value for name, value in told.items() if value},
        )
        return executor


class _Job:
    """The job that makes a run, submitted now or by an earlier sweep, and how many it took."""

    def __init__(self, order: Order, executor: Any, queued: set[str]) -> None:
        self.order, self.executor, self.tries = order, executor, 1
        submitted = (path.name.removesuffix("_submitted.pkl") for path in executor.folder.glob("*_submitted.pkl"))
        there = next((number for number in submitted if number in queued), None)
        if there:
            self.job = executor.job_class(executor.folder, there)
        else:
            self._submit()

    def _submit(self) -> None:
        from submitit.core.utils import FailedJobError, FailedSubmissionError  # FailedJobError: sbatch's own words

        try:
            self.job = self.executor.submit(_made, self.order)
        except (FailedJobError, FailedSubmissionError) as error:
            raise Problem(f"sbatch does not take the job of {self.order.run.folder.name}: {error}") from None

    @property
    def over(self) -> bool:
        """Whether it left its result, or Slurm says that it is gone."""
        return self.job.done()

    def ending(self) -> Ending | None:
        """How its run ended; None if another job goes on with the run."""
        from submitit.core.utils import FailedJobError, UncompletedJobError

        try:
            ending: Ending = self.job.result()
        except FailedJobError:  # it did not even begin
            return Ending(self.order, "failed", f"its job came to nothing; {self.job.paths.stderr} says why")
        except UncompletedJobError:
            ending = Ending(self.order, "missing")
        if ending.state != "missing":
            return Ending(self.order, ending.state, ending.words)
        if self.tries == TRIES:
            told = f"{TRIES} jobs ended before it did; {self.job.paths.stderr} tells of the last, and -o minutes= gives more time"
            return Ending(self.order, "failed", told)
        self.tries += 1
        self._submit()
        return None

    def cancel(self) -> None:
        """Takes it from the queue; a training under way stops between two steps, with its checkpoint saved."""
        self.job.cancel(check=False)


def _queued() -> set[str]:
    """Numbers of this user's jobs that are queued or running."""
    try:
        told = subprocess.run(
            ["squeue", "--noheader", f"--user={getpass.getuser()}", "--format=%A"], capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        raise Problem(
            "The engine slurm submits jobs by sbatch and follows them by squeue, which are not here; ask from a machine of the cluster."
        ) from None
    except subprocess.CalledProcessError as error:
        raise Problem(f"squeue, which tells what is queued, fails: {error.stderr.strip()}") from None
    return set(told.stdout.split())


def _made(order: Order) -> Ending:
    """In a job: the signals of a scheduler that is about to kill stop the training as Ctrl-C does, and the run is to be gone on with."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return made(order)
    except KeyboardInterrupt:
        return Ending(order, "missing")
