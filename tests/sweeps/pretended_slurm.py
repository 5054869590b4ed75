"""The five commands of Slurm that the engine uses, simulated on this machine: jobs begin at once, unless their folder has a file `hold`.

python pretended_slurm.py FOLDER COMMAND ...
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = ("sbatch", "srun", "squeue", "sacct", "scancel")


def installed(folder: Path) -> Path:
    """Writes the commands into a folder for PATH; returns the folder."""
    bin_folder = folder / "bin"
    bin_folder.mkdir(parents=True)
    for name in COMMANDS:
        (bin_folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "{folder}" {name} "$@"\n')
        (bin_folder / name).chmod(0o755)
    return bin_folder


def jobs(folder: Path) -> list[str]:
    """The submitted scripts, in order."""
    return [(folder / f"{number}.sh").read_text() for number in range(1, len(list(folder.glob("*.sh"))) + 1)]


def sbatch(folder: Path, script: str) -> None:
    number = len(list(folder.glob("*.sh"))) + 1
    (folder / f"{number}.sh").write_text(Path(script).read_text())
    subprocess.Popen(
        [sys.executable, __file__, str(folder), "begin", str(number)],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    sys.stdout.write(f"Submitted batch job {number}\n")


def begin(folder: Path, number: str) -> None:
    while (folder / "hold").exists():
        time.sleep(0.05)
    about = {"SLURM_JOB_ID": number, "SLURM_NTASKS": "1", "SLURM_JOB_NUM_NODES": "1", "SLURM_NODEID": "0", "SLURM_PROCID": "0"}
    subprocess.run(["bash", str(folder / f"{number}.sh")], env={**os.environ, **about, "SLURM_LOCALID": "0"}, check=False)
    (folder / f"{number}.over").touch()


def srun(folder: Path, *words: str) -> None:
    number, rest, streams = os.environ["SLURM_JOB_ID"], list(words), dict[str, Path]()
    while rest[0].startswith("--"):
        if (option := rest.pop(0)) in ("--output", "--error"):
            streams[option] = Path(rest.pop(0).replace("%j", number).replace("%t", "0"))
    with streams["--output"].open("a") as out, streams["--error"].open("a") as err, subprocess.Popen(rest, stdout=out, stderr=err) as step:
        (folder / f"{number}.pid").write_text(str(step.pid))


def squeue(folder: Path, *_: str) -> None:
    (folder / "asked").touch()
    sys.stdout.write("".join(f"{path.stem}\n" for path in folder.glob("*.sh") if not path.with_suffix(".over").exists()))


def sacct(folder: Path, *words: str) -> None:
    sys.stdout.write("JobID|State|NodeList\n")
    for before, number in itertools.pairwise(words):
        if before == "-j":
            sys.stdout.write(f"{number}|{'FAILED' if (folder / f'{number}.over').exists() else 'RUNNING'}|here\n")


def scancel(folder: Path, number: str) -> None:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((folder / f"{number}.pid").read_text()), signal.SIGTERM)


if __name__ == "__main__":
    {name: globals()[name] for name in (*COMMANDS, "begin")}[sys.argv[2]](Path(sys.argv[1]), *sys.argv[3:])
