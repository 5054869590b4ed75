"""Makes the record of a job: redacted, with its project and commit."""

from __future__ import annotations

from scratchlab.notebook.activity import redact
from scratchlab.notebook.activity.intervals import JobRecord
from scratchlab.notebook.activity.jobs import Job
from scratchlab.notebook.activity.processes import Snapshot
from scratchlab.notebook.activity.projects import Commit, commit, project


def job_record(job: Job, snapshot: Snapshot, *, new: bool = False, gpu: float = 0.0) -> JobRecord:
    """The record of a job; new: whether to look up the commit, needed once per job; gpu: seconds of GPU since the last scan."""
    root = job.root
    its_project = project(root.cwd, snapshot.roots)
    its_commit = _commit(root.cwd, its_project.folder, snapshot) if new else Commit()
    return JobRecord(
        host=snapshot.host,
        pid=job.key[0],
        birth=job.key[1],
        start=root.start,
        cwd=redact.path(root.cwd),
        project=redact.path(its_project.name),
        folder=redact.path(its_project.folder),
        command=redact.command(root.argv),
        commit=its_commit.hash,
        dirty=its_commit.dirty,
        log=redact.path(job.output.path),
        via=job.output.via,
        cpu=job.cpu,
        gpu=gpu,
        devices=",".join(map(str, job.gpus)) or root.devices,
        slurm=root.slurm,
        parts=len(job.members),
    )


def _commit(cwd: str, folder: str, snapshot: Snapshot) -> Commit:
    """The commit as reported by the host, or looked up on this machine."""
    return commit(folder) if snapshot.roots is None else Commit(snapshot.roots.get(cwd, ("", ""))[1])


def gpu_usage(jobs: list[Job], snapshot: Snapshot) -> dict[tuple[int, str], float]:
    """The GPU utilization of each job, in GPUs; a GPU used by several jobs is divided evenly among them."""
    usage = {job.key: 0.0 for job in jobs}
    for gpu in snapshot.gpus:
        users = [job.key for job in jobs if gpu.index in job.gpus]
        for key in users:
            usage[key] += (gpu.busy or 0.0) / len(users)
    return usage
