"""A job as it may be written: redacted, with its project and commit."""

from __future__ import annotations

from scratchlab.notebook.activity import redact
from scratchlab.notebook.activity.intervals import Seen
from scratchlab.notebook.activity.jobs import Job
from scratchlab.notebook.activity.processes import Snapshot
from scratchlab.notebook.activity.projects import Commit, commit, project


def noted(job: Job, snapshot: Snapshot, *, new: bool = False, gpu: float = 0.0) -> Seen:
    """The job without its secrets. `new`: look up the commit too, which is kept once. `gpu`: seconds since the last look."""
    root = job.root
    its = project(root.cwd, snapshot.roots)
    its_commit = _commit(root.cwd, its.folder, snapshot) if new else Commit()
    return Seen(
        host=snapshot.host,
        pid=job.key[0],
        birth=job.key[1],
        start=root.start,
        cwd=redact.path(root.cwd),
        project=redact.path(its.name),
        folder=redact.path(its.folder),
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
    """As the host told it, or as it stands here."""
    return commit(folder) if snapshot.roots is None else Commit(snapshot.roots.get(cwd, ("", ""))[1])


def gpu_shares(jobs: list[Job], snapshot: Snapshot) -> dict[tuple[int, str], float]:
    """By job, how many cards' worth of work it does: a card that several jobs compute on is shared evenly among them."""
    shares = {job.key: 0.0 for job in jobs}
    for gpu in snapshot.gpus:
        owners = [job.key for job in jobs if gpu.index in job.gpus]
        for key in owners:
            shares[key] += (gpu.busy or 0.0) / len(owners)
    return shares
