"""The commands watch, now, did and forget; no secret reaches the disk."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from typer.testing import CliRunner

from scratchlab.checks import Problem
from scratchlab.cli import app
from scratchlab.notebook.activity import proc
from scratchlab.notebook.activity.reader import intervals
from scratchlab.notebook.activity.watching import FILE

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
PROGRAM = "from scratchlab.cli import main; main()"
SECRET = "hunter2Zz"
BURN = """\
import sys, time
while time.process_time() < 1.1: pass
print("epoch 1 loss 0.5 token=hunter2Zz", flush=True)
print("ready", file=sys.stderr, flush=True)
time.sleep(60)
"""


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The notebook's folder, with consent."""
    folder = tmp_path / "notebook"
    folder.mkdir()
    (folder / "notebook.toml").write_text("[activity]\nevery = 0.2\n")
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(folder))
    monkeypatch.setenv("COLUMNS", "200")
    return folder


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Path]:
    """The folder of a project with a recorded job whose command and environment are full of secrets."""
    folder = tmp_path / "kws"
    folder.mkdir()
    (folder / "train.py").write_text(BURN)
    words = ["--api-key", SECRET, f"--token={SECRET}", "-p", SECRET, f"https://sam:{SECRET}@h/x?token={SECRET}", f"API_KEY={SECRET}"]
    words += ["-H", f"Authorization: Bearer {SECRET}", f"hf_{SECRET}{SECRET}", "--lr", "3e-4"]
    variables = {**os.environ, "WANDB_API_KEY": SECRET, "CUDA_VISIBLE_DEVICES": "0", "OMP_NUM_THREADS": "1"}
    shell = '"$0" train.py "$@" > train.log 2> ready & echo $!'  # the shell ends, and so the job is no child of this test's
    command = ["sh", "-c", shell, sys.executable, *words]
    pid = int(subprocess.run(command, cwd=folder, env=variables, stdout=subprocess.PIPE, start_new_session=True, check=True).stdout)
    wait_for(lambda: (folder / "ready").read_text())
    yield folder
    os.kill(pid, signal.SIGKILL)


def say(*words: str) -> str:
    """The output of a command."""
    found = CliRunner().invoke(app, list(words), catch_exceptions=True)
    if isinstance(found.exception, Problem):
        raise found.exception
    assert found.exit_code == 0, (found.output, found.exception)
    return found.output


def raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_nothing_is_recorded_without_consent(notebook: Path) -> None:
    (notebook / "notebook.toml").unlink()
    with pytest.raises(Problem, match=re.escape(f"add the line [activity] to {notebook / 'notebook.toml'}")):
        say("watch", "--once")
    assert list(notebook.iterdir()) == []


def test_no_secret_reaches_the_disk_or_the_screen(notebook: Path, job: Path) -> None:
    from scratchlab.notebook.activity.watching import Watcher

    with Watcher(notebook, 1) as watcher:
        watcher.scan()
        found = [one for one in intervals(notebook / FILE) if one.project == "kws"]
        while_open = raw(notebook)
    assert (notebook / FILE).read_bytes()
    shown = [say("now"), say("did"), say("forget", "--project", "kws"), *map(repr, found)]
    assert len(found) == 1
    assert found[0].command.count("REDACTED") == 8
    assert found[0].command.endswith("--lr 3e-4")
    assert b"train.py --api-key REDACTED" in while_open
    assert SECRET.encode() not in while_open + raw(notebook)
    assert not [text for text in shown if SECRET in text]


def test_now_needs_no_consent_and_writes_nothing(notebook: Path, job: Path) -> None:
    (notebook / "notebook.toml").unlink()
    told = say("now")
    assert re.search(r"kws +\S*python\S* train\.py --api-key REDACTED", told)
    assert f"{job}/train.log" in told
    assert "│ epoch 1 loss 0.5 token=REDACTED" in told
    assert re.fullmatch(r"\d+ jobs?: .*\n", say("now", "--brief"))
    assert list(notebook.iterdir()) == []


def test_watch_once_records_and_did_lists(notebook: Path, job: Path) -> None:
    told = say("watch", "--once")
    assert re.search(r"kws +began: python\S* train\.py", told)
    assert re.search(r"\d+ jobs? running, \d+ new, 0 ended\.", told)
    assert re.search(r" 0 new, \d+ ended\.| \d+ new, \d+ ended\.", say("watch", "--once"))
    line = next(line for line in say("did", "--project", "kws").splitlines() if "train.py" in line)
    assert re.search(r"kws .*\d\d:\d\d +\d+ s +running +.*train\.log", line)
    assert f"{proc.host()}: not watched from" in say("did", "--since", "yesterday")
    for words, known in ((("--project", "kwz"), "Did you mean 'kws'"), (("--host", "gpu9"), f"Known: {proc.host()}")):
        for command in (("did",), ("forget", "--since", "yesterday")):
            with pytest.raises(Problem, match=f"nothing was ever recorded of a {words[0][2:]} '{words[1]}'.*{known}"):
                say(*command, *words)
    assert "No job was recorded" in say("did", "--since", "2001-01-01", "--until", "2001-02")


def test_did_before_anything_was_recorded(notebook: Path) -> None:
    assert "Nothing has been recorded on this machine" in say("did")
    assert "nothing was deleted" in say("forget", "--all", "--yes")
    assert not (notebook / FILE).exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["did", "--since", "mondya"], "Did you mean 'monday'"),
        (["did", "--since", "today", "--until", "yesterday"], "--until yesterday ends before --since today begins"),
        (["forget"], "forget needs to know"),
        (["forget", "--all", "--project", "x"], "--all deletes every record"),
        (["now", "--host", "all"], "without your consent"),
    ],
)
def test_errors_are_sentences(notebook: Path, words: list[str], sentence: str) -> None:
    (notebook / "notebook.toml").unlink()
    with pytest.raises(Problem, match=sentence):
        say(*words)


def test_forget_first_shows_then_erases(notebook: Path, job: Path) -> None:
    with (job / "train.log").open("a") as log:
        log.write("Epoch 1 loss: 0.5\nEpoch 2 loss: 0.4\nTraceback (most recent call last):\nValueError: quokkas are no class\n")
    say("watch", "--once")
    say("index")
    assert b"quokka" in raw(notebook)
    told = say("forget", "--project", "kws")
    assert "train.py" in told
    assert "1 job would be deleted for good" in told.replace("These ", "")
    assert b"train.py" in raw(notebook)
    assert "Deleted 1 job" in say("forget", "--project", "kws", "--yes")
    assert b"train.py --api" not in raw(notebook)
    assert b"quokka" not in raw(notebook), "what its log said is forgotten with it"
    say("forget", "--all", "--yes")
    assert intervals(notebook / FILE) == []


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_watcher_ends_cleanly_and_excludes_others(notebook: Path, tmp_path: Path, end: signal.Signals) -> None:
    log = tmp_path / "watch.log"
    with log.open("w") as file:
        watcher = subprocess.Popen([sys.executable, "-c", PROGRAM, "watch"], stdout=file, stderr=file)
    try:
        wait_for(lambda: (notebook / FILE).is_file() and "Watching" in log.read_text())
        with pytest.raises(Problem, match=f"another `scratchlab watch` is already running \\(process {watcher.pid}\\)"):
            say("watch", "--once")
        watcher.send_signal(end)
        assert watcher.wait(20) == 0
    finally:
        watcher.kill()
        watcher.wait()
    assert log.read_text().splitlines()[-1] == "Stopped watching."
    assert "jobs running" in say("watch", "--once").replace("job running", "jobs running"), "the lock died with it"


def test_a_killed_watcher_can_be_restarted(notebook: Path, job: Path) -> None:
    watcher = subprocess.Popen([sys.executable, "-c", PROGRAM, "watch"], stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: [one for one in intervals(notebook / FILE) if one.project == "kws"])
    finally:
        watcher.kill()
        watcher.wait()
    say("watch", "--once")
    (one,) = [one for one in intervals(notebook / FILE) if one.project == "kws"]
    assert one.state == "running"
    assert one.last_seen > one.first_seen


def test_slurm_is_shown_if_named(notebook: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "squeue").write_text(
        "#!/bin/sh\necho '1|RUNNING|2026-03-09T12:00:00|/x/kws|/x/train.sh|n'\necho '2|PENDING|N/A|/x|y|soon'\n"
    )
    (tmp_path / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    told = say("now", "--host", "slurm")
    assert "slurm  1 job running, 1 waiting" in told
    assert "soon  pending (job 2)" in told


def test_now_imports_nothing_heavy() -> None:
    code = "import sys; sys.argv = ['scratchlab', 'now']\ntry:\n    from scratchlab.cli import main; main()\nexcept SystemExit: pass\n"
    code += "import json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not {"torch", "numpy", "polars", "asyncssh", "sqlite3", "scipy", "psutil"} & loaded


def wait_for(found: Callable[[], object]) -> None:
    until = monotonic() + 30
    while not found():
        assert monotonic() < until, "what was waited for did not come about"
        sleep(0.05)
