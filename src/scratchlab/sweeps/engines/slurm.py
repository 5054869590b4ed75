"""Slurm: one job per run, submitted by submitit. The logs are in `runs/sweeps/slurm/RUN`."""

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
from scratchlab.sweeps.work import Job, JobResult, run_job

JOBS = 100  # queued or running at a time by default
SECONDS = 1.0  # between two checks of the jobs' folders
WARNING = 90  # seconds before its time limit at which a job is signalled


class Slurm:
    """One job per run, `workers` of them queued or running at a time; 0: a hundred. Needs a machine with sbatch.

    A job that reaches its time limit or is preempted stops between two steps, with its checkpoint saved, and another job resumes its run;
    the same holds if a job dies. Ctrl-C cancels the jobs. If this process is killed or the connection is lost, queued and running jobs
    continue; the same command then follows them instead of submitting their runs again.
    """

    def __init__(
        self,
        workers: int,
        *,
        partition: Annotated[str, Field(description="partition; if empty, Slurm's default")] = "",
        account: Annotated[str, Field(description="account to charge; if empty, Slurm's default")] = "",
        minutes: Annotated[int, Field(ge=5, description="time limit of a job; a longer run is resumed by another job, three in all")] = 60,
        cpus: Annotated[int, Field(ge=1, description="CPU cores, and threads, for each run")] = 1,
        gpus: Annotated[int, Field(ge=0, description="GPUs for each run")] = 0,
        memory: Annotated[int, Field(ge=0, description="memory for each run in GB; 0: Slurm's default")] = 0,
        sbatch: Annotated[dict[str, str | int], Field(description="further options of sbatch, as in -o sbatch.qos=high")] = {},
    ) -> None:
        self.workers, self.partition, self.account, self.minutes = workers or JOBS, partition, account, minutes
        self.cpus, self.gpus, self.memory, self.sbatch = cpus, gpus, memory, sbatch

    def execute(self, jobs: Iterable[Job]) -> Generator[JobResult]:
        """Runs every job once and yields the results as jobs end."""
        remaining, queued, running = iter(jobs), _queued(), list[_Submission]()
        try:
            while True:
                while len(running) < self.workers and (job := next(remaining, None)) is not None:
                    running.append(_Submission(job, self._executor(job), queued))
                if not running:
                    return
                for submission in [submission for submission in running if submission.over]:
                    if (result := submission.result()) is not None:
                        running.remove(submission)
                        yield result
                time.sleep(SECONDS)
        finally:
            for submission in running:
                submission.cancel()

    def _executor(self, job: Job) -> Any:
        """The submitit executor for the jobs of a run."""
        import submitit

        executor = submitit.SlurmExecutor(job.runs.absolute() / "sweeps" / "slurm" / job.run.folder.name)
        options = {
            "partition": self.partition,
            "account": self.account,
            "mem": f"{self.memory}GB" if self.memory else "",
            "gpus_per_node": self.gpus,
        }
        executor.update_parameters(
            job_name=job.run.folder.name,
            time=self.minutes,
            cpus_per_task=self.cpus,
            srun_args=[f"--cpus-per-task={self.cpus}"],  # recent versions of srun do not inherit it from sbatch
            setup=[f"export OMP_NUM_THREADS={self.cpus}"],
            additional_parameters={
                "signal": f"INT@{WARNING}",  # the training then stops between two steps
                "no-requeue": True,  # otherwise Slurm would restart a preempted job besides the one submitted here
                **self.sbatch,
            },
            **{name: value for name, value in options.items() if value},
        )
        return executor


class _Submission:
    """The Slurm job of a run, submitted now or by an earlier sweep, and the number of tries."""

    def __init__(self, job: Job, executor: Any, queued: set[str]) -> None:
        self.job, self.executor, self.tries = job, executor, 1
        submitted = (path.name.removesuffix("_submitted.pkl") for path in executor.folder.glob("*_submitted.pkl"))
        existing = next((number for number in submitted if number in queued), None)
        if existing:
            self.slurm_job = executor.job_class(executor.folder, existing)
        else:
            self._submit()

    def _submit(self) -> None:
        from submitit.core.utils import FailedJobError, FailedSubmissionError  # FailedJobError has sbatch's message

        try:
            self.slurm_job = self.executor.submit(_run_interruptible, self.job)
        except (FailedJobError, FailedSubmissionError) as error:
            raise Problem(f"sbatch rejects the job of {self.job.run.folder.name}: {error}") from None

    @property
    def over(self) -> bool:
        """Whether its result exists, or Slurm reports that it has ended."""
        return self.slurm_job.done()

    def result(self) -> JobResult | None:
        """The result of its run; None if another Slurm job resumes the run."""
        from submitit.core.utils import FailedJobError, UncompletedJobError

        try:
            result: JobResult = self.slurm_job.result()
        except FailedJobError:  # it could not begin
            return JobResult(self.job, "failed", f"its Slurm job failed; see {self.slurm_job.paths.stderr}")
        except UncompletedJobError:
            result = JobResult(self.job, "missing")
        if result.state != "missing":
            return JobResult(self.job, result.state, result.message)
        if self.tries == TRIES:
            message = f"{TRIES} Slurm jobs ended before the run did; see {self.slurm_job.paths.stderr}, or give more time with -o minutes="
            return JobResult(self.job, "failed", message)
        self.tries += 1
        self._submit()
        return None

    def cancel(self) -> None:
        """Cancels the Slurm job; a training in progress stops between two steps, with its checkpoint saved."""
        self.slurm_job.cancel(check=False)


def _queued() -> set[str]:
    """Numbers of this user's queued and running Slurm jobs."""
    try:
        squeue = subprocess.run(
            ["squeue", "--noheader", f"--user={getpass.getuser()}", "--format=%A"], capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        raise Problem(
            "The engine slurm needs the commands sbatch and squeue, which are not installed here; run it on a machine of the cluster."
        ) from None
    except subprocess.CalledProcessError as error:
        raise Problem(f"squeue, which lists the queue, failed: {error.stderr.strip()}") from None
    return set(squeue.stdout.split())


def _run_interruptible(job: Job) -> JobResult:
    """Runs a job inside Slurm: a signal of the scheduler stops the training as Ctrl-C does, and another Slurm job resumes the run."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run_job(job)
    except KeyboardInterrupt:
        return JobResult(job, "missing")
