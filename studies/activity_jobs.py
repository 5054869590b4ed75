"""Does the watcher record project, log, start, end and ending of thirteen real jobs, started in common ways?

Run: python studies/activity_jobs.py [--seconds 8] [--every 1] [--without torchrun tmux]

Each job records its own start and end; `scratchlab watch` does not use that, and scans at fixed intervals. A start or end is correct if it
is within one scan interval plus one second of the job's record; over SSH within two of each, because answers are delayed and an end is the
last time that the job was seen. Log, project, commit and ending must be exactly right. One job runs behind a real SSH server on this
machine's loopback. Leaves no process behind.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import ssh_loopback

from scratchlab.notebook.activity.intervals import Interval
from scratchlab.notebook.activity.reader import intervals
from scratchlab.notebook.activity.watching import FILE

WORK = '''\
"""Prints a line every half second for so long, and notes when it began and ended: NAME SECONDS [fail]"""
import json, os, pathlib, sys, time
began = time.time()
name, seconds = sys.argv[1], float(sys.argv[2])
truth = pathlib.Path(os.environ["TRUTH"]) / f"{name}-{os.getpid()}.json"
truth.write_text(json.dumps({"name": name, "pid": os.getpid(), "began": began}))
epoch = 0
while time.time() < began + seconds:
    epoch += 1
    print(f"epoch {epoch} loss {1 / epoch:.4f}", flush=True)
    time.sleep(0.5)
truth.write_text(json.dumps({"name": name, "pid": os.getpid(), "began": began, "ended": time.time()}))
if "fail" in sys.argv:
    raise ValueError("the loss is not finite")
'''
T = TypeVar("T")
COUNT = "import sys\nfor number, line in enumerate(sys.stdin):\n    print(number, line, end='', flush=True)\n"
WORKERS = '''\
"""Two workers that meet, then work: what torchrun starts."""
import sys, time
import torch.distributed as dist
dist.init_process_group("gloo")
until = time.time() + float(sys.argv[1])
while time.time() < until:
    print("rank", dist.get_rank(), flush=True)
    time.sleep(0.5)
dist.barrier()
dist.destroy_process_group()
'''
TORCHRUN = """\
began=$(date +%s.%N)
{python} -m torch.distributed.run --standalone --nproc-per-node 2 workers.py {seconds} > torchrun.log 2>&1
printf '{{"name": "torchrun", "pid": 0, "began": %s, "ended": %s}}' $began $(date +%s.%N) > truth/torchrun-0.json
"""


@dataclass(frozen=True)
class Start:
    """One job.

    name: what it calls itself. line: for a shell, in the project's folder. log: its file there, "" if it has none.
    via: how the watcher should say it gets there. state: how it should say that it ended.
    """

    name: str
    line: str
    log: str
    via: str = "file"
    state: str = "finished"


def starts(seconds: float, python: str) -> list[Start]:
    """The jobs."""
    run, long = f"{python} work.py", 10 * seconds
    return [
        Start("redirected", f"{run} redirected {seconds} > redirected.log 2>&1", "redirected.log"),
        Start("tee", f"{run} tee {seconds} 2>&1 | tee tee.log > /dev/null", "tee.log", "tee"),
        Start("piped", f"{run} piped {seconds} | {python} count.py > piped.log", "piped.log", "count.py"),
        Start("tmux", f"tmux -S tmux.socket -f /dev/null new-session -d -x 80 -y 24 '{run} tmux {seconds}'", "", "tmux"),
        Start("torchrun", TORCHRUN.format(python=python, seconds=seconds), "torchrun.log"),
        Start("nohup", f"nohup {run} nohup {seconds} > nohup.out 2>&1 < /dev/null &", "nohup.out"),
        Start("script", "sh run.sh", "logs/script.log"),
        Start("module", f"{python} -m package.work module {seconds} > module.txt 2>&1", "module.txt"),
        Start(
            "unbuffered", f"cd package && {python} -u ../work.py unbuffered {seconds} > ../logs/unbuffered.log 2>&1", "logs/unbuffered.log"
        ),
        Start("killed", f"{run} killed {long} > killed.log 2>&1", "killed.log", state="killed"),
        Start("fails", f"{run} fails {seconds} fail > fails.log 2>&1", "fails.log", state="failed"),
        Start("restarted", "sh twice.sh", "restarted.log"),
        Start("remote", f"{run} remote {seconds} > remote.log 2>&1", "remote.log"),
    ]


def project(folder: Path, seconds: float, python: str) -> None:
    """A repository with the scripts."""
    for name in ("package", "logs", "truth"):
        (folder / name).mkdir(parents=True)
    for name, text in {
        "work.py": WORK,
        "package/work.py": WORK,
        "package/__init__.py": "",
        "count.py": COUNT,
        "workers.py": WORKERS,
    }.items():
        (folder / name).write_text(text)
    (folder / "run.sh").write_text(f"mkdir -p logs\n{python} work.py script {seconds} > logs/script.log 2>&1\necho over\n")
    twice = f"{python} work.py restarted {seconds} > restarted.log 2>&1\n"
    (folder / "twice.sh").write_text(f"{twice}sleep 0.5\n{twice}")
    git = ["git", "-C", str(folder), "-c", "user.name=sam", "-c", "user.email=sam@example.org"]
    for words in (["init", "-q"], ["add", "work.py"], ["commit", "-q", "-m", "work"]):
        subprocess.run([*git, *words], check=True)


@dataclass(frozen=True)
class Truth:
    """A job's own record."""

    name: str
    pid: int
    began: float
    ended: float


def truths(folder: Path) -> list[Truth]:
    """The records of all jobs; that of the killed job is by the killer."""
    return [Truth(**json.loads(path.read_text())) for path in sorted((folder / "truth").glob("*.json"))]


def kill(folder: Path, after: float) -> None:
    """Waits until the job has this age, ends it by SIGKILL and records the time."""
    path = wait_for(lambda: [one for one in (folder / "truth").glob("killed-*.json") if one.stat().st_size])[0]
    noted = json.loads(path.read_text())
    time.sleep(max(0.0, noted["began"] + after - time.time()))
    os.kill(noted["pid"], signal.SIGKILL)
    path.write_text(json.dumps({**noted, "ended": time.time()}))


def wait_for(found: Callable[[], T], patience: float = 120) -> T:
    """Polls `found` until it returns a value, and returns that."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if value := found():
            return value
        time.sleep(0.1)
    raise TimeoutError("what was started did not come about")


def all_over(folder: Path, expected: int) -> bool:
    """Whether this number of jobs have recorded their ends."""
    noted = [path.read_text() for path in (folder / "truth").glob("*.json")]
    return sum('"ended"' in one for one in noted) >= expected


@contextlib.contextmanager
def watcher(root: Path, every: float, environment: dict[str, str]) -> Generator[Path]:
    """Runs `scratchlab watch`, here and over SSH, during the block; yields its file."""
    notebook = root / "notebook"
    notebook.mkdir()
    (notebook / "notebook.toml").write_text(f'[activity]\nhosts = ["loop"]\nevery = {every}\n')
    variables = {**environment, "HOME": str(root / "home"), "SCRATCHLAB_NOTEBOOK": str(notebook)}
    program = [sys.executable, "-c", "from scratchlab.cli import main; main()", "watch"]
    with (root / "watch.log").open("w") as log:
        process = subprocess.Popen(program, env=variables, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(lambda: "Watching" in (root / "watch.log").read_text() or process.poll() is not None)
        yield notebook / FILE
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def performed(root: Path, chosen: list[Start], seconds: float, every: float) -> tuple[list[Truth], list[Interval]]:
    """Starts a watcher and the jobs and waits for them; returns the records of the jobs and of the watcher."""
    folder, home = root / "kws", root / "home"
    project(folder, seconds, sys.executable)
    environment = {**os.environ, "TRUTH": str(folder / "truth"), "OMP_NUM_THREADS": "1"}
    environment.pop("TMUX", None)
    shells: list[subprocess.Popen[bytes]] = []
    with ssh_loopback.serving(ssh_loopback.keys(home)) as server:
        ssh_loopback.know(home, server)
        ssh_loopback.configure(home, {"loop": server.port})
        with watcher(root, every, environment) as file:
            try:
                for start in chosen:
                    if start.name == "remote":
                        variables = f"TRUTH={shlex.quote(environment['TRUTH'])}"
                        ssh_loopback.run(home, server, f"cd {shlex.quote(str(folder))} && {variables} nohup {start.line} < /dev/null &")
                        continue
                    # the shell has more to do after the line, and so stays, as the one of a terminal does
                    shell = ["sh", "-c", f"{start.line}\ntrue"]
                    null = subprocess.DEVNULL
                    shells.append(subprocess.Popen(shell, cwd=folder, env=environment, stdin=null, stdout=null, start_new_session=True))
                if "killed" in [start.name for start in chosen]:
                    kill(folder, seconds)
                wait_for(lambda: all_over(folder, len(chosen) + sum(start.name == "restarted" for start in chosen)))
                time.sleep(3 * every + 2)  # until it has looked once more, over SSH as well
            finally:
                tidied(folder, shells)
        found = intervals(file)
    return truths(folder), [one for one in found if one.folder == str(folder)]


def tidied(folder: Path, shells: list[subprocess.Popen[bytes]]) -> None:
    """Ends remaining processes of the jobs, by the sessions of their shells and by their recorded pids."""
    if (folder / "tmux.socket").exists():
        subprocess.run(["tmux", "-S", str(folder / "tmux.socket"), "kill-server"], capture_output=True, check=False)
    for shell in shells:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait(30)
    for path in (folder / "truth").glob("*.json"):
        if '"ended"' not in (noted := path.read_text()):
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.kill(json.loads(noted)["pid"], signal.SIGKILL)


@dataclass(frozen=True)
class Row:
    """The watcher's record of one job, and its errors."""

    name: str
    interval: Interval | None
    began: float
    ended: float
    wrong: tuple[str, ...]


def judged(start: Start, truth: Truth, one: Interval | None, folder: Path, within: float, *, ssh: bool, again: bool) -> Row:
    """Compares one interval with the job's record; over SSH the ending is unknown."""
    if one is None:
        return Row(start.name, None, 0, 0, ("not found",))
    began, ended = one.start - truth.began, (one.end or 0) - truth.ended
    checks = {
        "project": one.project == folder.name,
        "log": one.log == (str(folder / start.log) if start.log else ""),
        "via": one.via == start.via,
        "began": abs(began) <= within,
        "ended": one.end is not None and abs(ended) <= within,
        "state": one.state == ("exited" if ssh else start.state),
        "commit": len(one.commit) == 40,
        "again": (one.again is not None) == again,
    }
    return Row(start.name, one, began, ended, tuple(name for name, right in checks.items() if not right))


def rows(chosen: list[Start], noted: list[Truth], found: list[Interval], folder: Path, within: float, *, ssh: bool) -> list[Row]:
    """The rows of all jobs, in order, and of intervals without a job."""
    judged_rows: list[Row] = []
    used: set[int] = set()
    for start in chosen:
        mine = [one for one in found if start.name in one.command.split() or (start.name == "torchrun" and "workers.py" in one.command)]
        for at, truth in enumerate(sorted((one for one in noted if one.name == start.name), key=lambda one: one.began)):
            one = mine[at] if at < len(mine) else None
            used |= {one.id} if one else set()
            judged_rows.append(judged(start, truth, one, folder, within, ssh=ssh, again=at > 0))
    return judged_rows + [Row(f"({one.command})", one, 0, 0, ("no job of its own",)) for one in found if one.id not in used]


def table(these: list[Row], folder: Path) -> str:
    """The rows as a Markdown table."""
    lines = ["| job | project | written to | via | processes | began | ended | ending | wrong |", "|---|---|---|---|---|---|---|---|---|"]
    for row in these:
        one = row.interval
        if one is None:
            lines.append(f"| {row.name} | | | | | | | | not found |")
            continue
        log = str(Path(one.log).relative_to(folder)) if one.log else "–"
        ending = f"{one.state} ({one.how})" if one.how else one.state
        lines.append(
            f"| {row.name} | {one.project} | {log} | {one.via} | {one.parts} | {row.began:+.1f} s | {row.ended:+.1f} s | {ending} "
            f"| {', '.join(row.wrong) or '–'} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Prints the table for this machine, locally and over SSH."""
    asked = argparse.ArgumentParser(description="Thirteen real jobs, and what the watcher noted of them.")
    asked.add_argument("--seconds", type=float, default=8, help="that a job lasts")
    asked.add_argument("--every", type=float, default=1, help="seconds between two looks")
    asked.add_argument("--without", nargs="*", default=[] if shutil.which("tmux") else ["tmux"], help="names of jobs to leave out")
    given = asked.parse_args()
    chosen = [start for start in starts(given.seconds, sys.executable) if start.name not in given.without]
    with tempfile.TemporaryDirectory() as root:
        noted, found = performed(Path(root), chosen, given.seconds, given.every)
        folder = Path(root) / "kws"
        for title, ssh in (("On this machine", False), ("The same over SSH", True)):
            its = [one for one in found if (one.host == "loop") == ssh]
            these = rows(chosen, noted, its, folder, (given.every + 1) * (2 if ssh else 1), ssh=ssh)
            print(f"\n{title}: {sum(not row.wrong for row in these)} of {len(these)} intervals right\n\n{table(these, folder)}")


if __name__ == "__main__":
    main()
