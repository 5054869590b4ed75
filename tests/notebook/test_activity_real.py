"""Real processes of this machine, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.activity import gpu, live, lock, proc, projects
from scratchlab.notebook.activity.exits import Exits
from scratchlab.notebook.activity.job_results import end, ends_in_traceback, last_line
from scratchlab.notebook.activity.processes import Gpu, Snapshot, stat

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen]]:
    """Runs code in Python processes, which are ended after the test."""
    several: list[subprocess.Popen] = []

    def start(code: str, *words: str, **more) -> subprocess.Popen:
        several.append(subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, text=True, **more))
        return several[-1]

    yield start
    for one in several:
        one.kill()
        one.communicate()


def wait_for(found: Callable[[], bool]) -> None:
    until = monotonic() + 30
    while not found():
        assert monotonic() < until, "what was waited for did not come about"
        sleep(0.02)


READY = "import sys, time; print('ready', flush=True); time.sleep(60)"


def test_a_process_is_read_correctly(started: Callable, tmp_path: Path) -> None:
    log = tmp_path / "my log.txt"
    with log.open("w") as file:
        variables = {**os.environ, "CUDA_VISIBLE_DEVICES": "0,1", "SLURM_JOB_ID": "77", "HF_TOKEN": "unforgettable"}
        burn = "import time\nwhile time.process_time() < 0.2: pass\n"
        code = f"{burn}log = open({str(log)!r}, 'a'); {READY}"
        child = started(code, "ü", "", "two words", cwd=tmp_path, stderr=file, env=variables)
        child.stdout.readline()
    one = proc.look().processes[child.pid]
    assert one.argv == (sys.executable, "-c", code, "ü", "", "two words")
    assert (one.parent, one.cwd, one.devices, one.slurm) == (os.getpid(), str(tmp_path), "0,1", "77")
    assert one.links[2] == str(log)
    assert one.links[1].startswith("pipe:")
    assert [link.target for link in proc.opened(child.pid) if link.written] == [str(log)]
    assert 0.15 < one.cpu < 30
    assert proc.look().processes[child.pid].key == one.key
    assert "unforgettable" not in repr(one)


def test_processes_of_others_and_of_the_kernel_are_left_out() -> None:
    found = proc.look().processes
    assert os.getpid() in found
    assert all(Path(f"/proc/{pid}").stat().st_uid == os.getuid() for pid in found if Path(f"/proc/{pid}").exists())
    assert all(one.argv[0] for one in found.values() if len(one.argv) == 1)


@pytest.mark.parametrize(
    ("code", "status"), [("pass", 0), ("raise SystemExit(3)", 3 << 8), (f"import os, signal; os.kill(os.getpid(), {signal.SIGKILL:d})", 9)]
)
def test_exit_statuses_of_processes_that_are_no_children(code: str, status: int) -> None:
    """Both after its parent has waited for it and before."""
    start = f"p = subprocess.Popen([sys.executable, '-c', 'input(); {code}'], stdin=0)"
    parent = f"import subprocess, sys; {start}; print(p.pid, flush=True); p.wait()"
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as above:
        assert above.stdout
        assert above.stdin
        pid = int(above.stdout.readline())
        exits = Exits()
        wait_for(lambda: pid in proc.look().processes)
        key = proc.look().processes[pid].key
        exits.follow([key])
        assert exits.ended() == {}
        above.stdin.write("\n")
        above.stdin.close()
        wait_for(lambda: bool(exits.ended()))
        above.wait()
        found = exits.ended()[key]
    exits.close()
    if found.status is None:
        pytest.skip("this kernel does not tell the exit status of others' children (Linux 6.15 does)")
    assert found.status == status


def test_the_status_of_a_zombie_is_read(started: Callable) -> None:
    child = started("raise SystemExit(4)")
    exits = Exits()
    exits.follow([(child.pid, "x")])
    wait_for(lambda: bool(exits.ended()))
    assert exits.ended()[child.pid, "x"].status == 4 << 8
    child.wait()
    exits.close()


def test_a_process_that_ended_before_is_not_followed(started: Callable) -> None:
    child = started("pass")
    child.wait()
    exits = Exits()
    exits.follow([(child.pid, "x")])
    exits.wait(0.01)
    assert exits.ended() == {}


@pytest.mark.parametrize("line", ["", "7 (x", "7 (x) S 1", "x (x) S " + "1 " * 50, "7 (x) S " + "a " * 50])
def test_an_incomplete_line_of_proc_is_none(line: str) -> None:
    assert stat(line, 100) is None


def test_a_machine_without_proc_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "listdir", lambda path: [])
    with pytest.raises(Problem, match="read from /proc, which does not exist on this machine"):
        proc.look()


def test_project_root_and_commit(tmp_path: Path) -> None:
    deep = tmp_path / "kws" / "a"
    deep.mkdir(parents=True)
    assert projects.project(str(deep)) == projects.Project("a")
    assert projects.project(f"{deep} (deleted)").name == "a"
    git = ["git", "-C", str(tmp_path / "kws"), "-c", "user.name=sam", "-c", "user.email=sam@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    assert projects.commit(str(tmp_path / "kws")) == projects.Commit("", False)
    (deep / "x").write_text("1")
    for words in (["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert projects.project(str(deep)) == projects.Project("kws", str(tmp_path / "kws"))
    assert projects.commit(str(tmp_path / "kws")) == projects.Commit(head, False)
    (deep / "x").write_text("2")
    assert projects.commit(str(tmp_path / "kws")) == projects.Commit(head, True)
    assert projects.commit(str(tmp_path / "none")) == projects.Commit("", None)
    assert projects.commit("") == projects.Commit("", None)


def test_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(b"x" * 100_000 + b"\nepoch 1\n\x1b[32m 10%|#  \r 99%|###\x1b[0m\xff\r\n\n")
    assert len(end(str(log))) <= 8192
    assert last_line(end(str(log))) == "99%|###\ufffd"
    assert last_line("") == end("") == end(str(tmp_path)) == end(str(tmp_path / "none")) == ""
    os.mkfifo(tmp_path / "pipe")
    assert end(str(tmp_path / "pipe")) == "", "a pipe is not read"
    assert ends_in_traceback("Traceback (most recent call last):\n  File 'x', line 1\nKeyboardInterrupt\n")
    assert not ends_in_traceback("Traceback (most recent call last):\n  File 'x', line 1\n")


def test_one_watcher_at_a_time_until_it_ends(tmp_path: Path, started: Callable) -> None:
    file = tmp_path / "x.lock"
    assert not lock.is_locked(file)
    imports = "from pathlib import Path; from scratchlab.notebook.activity.lock import exclusive"
    held = f"{imports}; c = exclusive(Path({str(file)!r})); c.__enter__(); {READY}"
    child = started(held)
    child.stdout.readline()
    assert lock.is_locked(file)
    with pytest.raises(Problem, match=f"already running \\(process {child.pid}\\)"), lock.exclusive(file):
        pytest.fail("two hold it")
    child.kill()
    child.wait()
    with lock.exclusive(file):
        assert lock.is_locked(file)
    assert not lock.is_locked(file)


class NVMLError(Exception):
    pass


def nvml(**more: object) -> types.ModuleType:
    """A simulated driver with one GPU."""
    module = types.ModuleType("pynvml")
    one = types.SimpleNamespace
    facts = {
        "NVMLError": NVMLError,
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlDeviceGetCount": lambda: 1,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": lambda handle: b"A100",
        "nvmlDeviceGetUtilizationRates": lambda handle: one(gpu=97),
        "nvmlDeviceGetComputeRunningProcesses": lambda handle: [one(pid=4711)],
        **more,
    }
    vars(module).update(facts, __spec__=types.SimpleNamespace())
    return module


def refuse(*_: object) -> None:
    raise NVMLError("no")


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, (Gpu(0, "A100", 0.97, (4711,)),)),
        ({"nvmlInit": refuse}, ()),
        ({"nvmlDeviceGetCount": refuse}, ()),
        ({"nvmlDeviceGetUtilizationRates": refuse}, (Gpu(0, "A100", None, (4711,)),)),
        ({"nvmlDeviceGetComputeRunningProcesses": refuse}, (Gpu(0, "A100", 0.97, ()),)),
    ],
)
def test_gpus_are_queried_and_failures_give_none(monkeypatch: pytest.MonkeyPatch, more: dict, found: tuple) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", nvml(**more))
    assert gpu.cards() == found


def test_a_gpu_busy_for_no_known_job_is_reported() -> None:
    busy = Snapshot("box", 0, {}, lambda pid: (), lambda path, since: True, (Gpu(0, "A", 0.97, (4711,)), Gpu(1, "A", 0.01, ())))
    assert live.now(busy).unknown == ((0, 0.97),)
