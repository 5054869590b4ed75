"""Grouping of processes into jobs, and their logs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pretended_machine import SHELL, machine, process

from scratchlab.notebook.activity.jobs import jobs
from scratchlab.notebook.activity.output import Output
from scratchlab.notebook.activity.processes import Gpu, Link
from scratchlab.notebook.activity.programs import program
from scratchlab.notebook.activity.records import gpu_usage, job_record

TRAIN = "python train.py"


def commands(*processes, **more) -> list[str]:
    return [" ".join(job.root.argv) for job in jobs(machine(*processes, **more))]


NO_JOBS = (
    "-zsh|vim notes.md|tmux new|/usr/sbin/sshd -D|tail -f x.log|tee x.log|sleep 900|python /venv/bin/jupyter-lab|/opt/bin/jupyter-lab|"
    "/home/sam/.vscode-server/bin/node out/server.js|python /home/sam/.vscode/lsp.py|make train|python /venv/bin/scratchlab watch|"
    "htop|scratchlab now|/usr/libexec/gnome-x|'tmux: server'|sh run.sh|ssh gpu1"
)


@pytest.mark.parametrize("command", NO_JOBS.split("|"))
def test_processes_that_are_no_jobs(command: str) -> None:
    assert commands(SHELL, process(20, 10, command)) == []


@pytest.mark.parametrize(
    "command",
    [TRAIN, "python -m kws.train", "torchrun t.py", "./a.out", "Rscript a.R", "python /venv/bin/scratchlab run digits", "rsync -a x y"],
)
def test_processes_that_are_jobs(command: str) -> None:
    assert commands(SHELL, process(20, 10, command)) == [command]


def test_a_daemon_is_no_job_but_a_job_may_run_in_the_root_folder() -> None:
    assert commands(process(20, 1, "telemetryd --quiet", cwd="/")) == []
    assert commands(SHELL, process(20, 10, TRAIN, cwd="/", out="/x.log")) == [TRAIN]
    assert commands(process(1, 0, "python /app/train.py", cwd="/", out="pipe:[3]")) == ["python /app/train.py"]


def test_young_idle_processes_are_not_recorded() -> None:
    assert commands(SHELL, process(20, 10, TRAIN, age=2, cpu=0.2)) == []
    assert commands(SHELL, process(20, 10, TRAIN, age=2, cpu=3)) == [TRAIN]
    assert commands(SHELL, process(20, 10, TRAIN, age=9, cpu=0)) == [TRAIN]


def test_children_belong_to_the_job_that_started_them() -> None:
    """torchrun with two workers in their own sessions, each with data loader workers."""
    tree = [process(20, 10, "torchrun t.py", cpu=1)]
    for rank in (30, 40):
        tree.append(process(rank, 20, "python -u t.py", session=rank))
        tree += [process(rank + n, rank, "python -u t.py", cpu=2) for n in (1, 2)]
    (job,) = jobs(machine(SHELL, *tree))
    assert job.root.argv[0] == "torchrun"
    assert len(job.members) == 7
    assert job.cpu == 1 + 2 * 10 + 4 * 2


def test_a_shell_script_is_no_job_but_its_children_are() -> None:
    found = commands(SHELL, process(20, 10, "bash all.sh"), process(21, 20, TRAIN), process(22, 20, "python eval.py", age=50))
    assert found == [TRAIN, "python eval.py"]


def test_jobs_in_an_unknown_terminal_are_found() -> None:
    found = commands(process(5, 1, "myterm"), process(10, 5, "-bash", session=10), process(20, 10, TRAIN))
    assert TRAIN in found


def test_a_pipeline_is_one_job_with_the_log_at_its_end() -> None:
    writer = process(20, 10, TRAIN, out="pipe:[5]", err="/dev/pts/1", group=20)
    reader = process(21, 10, "python plot.py", into="pipe:[5]", out="/home/sam/plot.log", group=20)
    (job,) = jobs(machine(SHELL, writer, reader))
    assert job.root.pid == 20
    assert job.output == Output("/home/sam/plot.log", "plot.py")
    apart = replace(reader, group=99)
    assert len(jobs(machine(SHELL, writer, apart))) == 2, "what was started elsewhere and reads from it is a job of its own"


def test_the_scanning_process_and_its_children_are_left_out() -> None:
    tree = [SHELL, process(20, 10, "python watch.py"), process(21, 20, "git status"), process(22, 10, TRAIN)]
    assert [job.root.pid for job in jobs(machine(*tree), leave=20)] == [22]


def test_a_job_keeps_its_identity_when_its_first_process_ends() -> None:
    before = {(21, "boot-21"): (20, "boot-20")}
    (job,) = jobs(machine(SHELL, process(21, 1, "python -u t.py")), before=before)
    assert job.key == (20, "boot-20")


TEE = process(21, 10, "tee -a run.log", into="pipe:[7]", out="/dev/pts/1")


@pytest.mark.parametrize(
    ("out", "others", "files", "expected"),
    [
        ("/home/sam/a b.log", [], {}, Output("/home/sam/a b.log", "file")),
        ("pipe:[7]", [TEE], {21: [Link("/home/sam/run.log", True), Link("/etc/x", False)]}, Output("/home/sam/run.log", "tee")),
        ("pipe:[7]", [process(21, 10, "grep loss", into="pipe:[7]", out="/g.log")], {}, Output("/g.log", "grep")),
        (
            "pipe:[7]",
            [process(21, 10, "ts", into="pipe:[7]", out="pipe:[8]"), process(22, 10, "tee x", into="pipe:[8]", out="/dev/null")],
            {22: [Link("/x", True)]},
            Output("/x", "ts"),
        ),
        ("pipe:[7]", [process(21, 10, "less", into="pipe:[7]", out="/dev/pts/1")], {}, Output("", "less")),
        ("pipe:[7]", [], {}, Output("", "pipe")),
        ("/dev/pts/1", [], {}, Output("", "terminal")),
        ("/dev/null", [], {}, Output("", "nowhere")),
        ("/x.log (deleted)", [], {}, Output("", "deleted file")),
        (
            "/dev/pts/1",
            [],
            {20: [Link("/r/events.out.tfevents.1", True), Link("/r/train.jsonl", True)]},
            Output("/r/train.jsonl", "opened"),
        ),
        ("/dev/pts/1", [], {20: [Link("/r/events.out.tfevents.1", True)]}, Output("/r/events.out.tfevents.1", "opened")),
        ("/dev/pts/1", [], {20: [Link("/r/data.txt", False), Link("/r/model.pt", True)]}, Output("", "terminal")),
    ],
)
def test_output_targets(out: str, others: list, files: dict, expected: Output) -> None:
    (job,) = jobs(machine(SHELL, process(20, 10, TRAIN, out=out), *others, opened=files))
    assert job.output == expected


def test_a_circular_pipe_ends() -> None:
    loop = [process(21, 10, "cat", into="pipe:[7]", out="pipe:[8]"), process(22, 10, "tr a b", into="pipe:[8]", out="pipe:[7]")]
    (job,) = jobs(machine(SHELL, process(20, 10, TRAIN, out="pipe:[7]"), *loop))
    assert job.output.path == ""


def test_a_log_that_does_not_grow_is_not_its_log() -> None:
    files = {20: [Link("/r/old.log", True)]}
    (job,) = jobs(machine(SHELL, process(20, 10, TRAIN, out="/dev/pts/1"), opened=files, grown=lambda path, since: False))
    assert job.output == Output("", "terminal")


def test_a_terminal_of_tmux() -> None:
    (job,) = jobs(machine(process(5, 1, "tmux new"), replace(SHELL, parent=5), process(20, 10, TRAIN, out="/dev/pts/1")))
    assert job.output == Output("", "tmux")


def test_a_gpu_is_divided_among_its_jobs() -> None:
    gpus = (Gpu(0, "A", 0.9, (20, 30)), Gpu(1, "A", 0.5, (21,)), Gpu(2, "A", None, (30,)))
    snapshot = machine(SHELL, process(20, 10, TRAIN), process(21, 20, TRAIN), process(30, 10, "python b.py"), gpus=gpus)
    found = jobs(snapshot)
    assert [job.gpus for job in found] == [(0, 1), (0, 2)]
    assert gpu_usage(found, snapshot) == {(20, "boot-20"): pytest.approx(0.95), (30, "boot-30"): pytest.approx(0.45)}


def test_a_record_is_redacted_and_names_its_project() -> None:
    roots = {"/home/sam/kws": ("/home/sam", "c0ffee")}
    (job,) = jobs(snapshot := machine(SHELL, process(20, 10, f"{TRAIN} --token abcdef", slurm="7", devices="0"), roots=roots))
    record = job_record(job, snapshot, new=True)
    assert (record.command, record.project, record.folder, record.commit, record.dirty) == (
        f"{TRAIN} --token REDACTED",
        "sam",
        "/home/sam",
        "c0ffee",
        None,
    )
    assert (record.devices, record.slurm, job_record(job, snapshot).commit) == ("0", "7", "")


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["python3.11", "-W", "ignore", "-X", "dev", "a/b.py", "c"], "b.py"),
        (["python", "-c", "x", "y"], "python"),
        (["python"], "python"),
        (["sshd:", "sam@pts/0"], "sshd"),
        (["sshd: sam@pts/0"], "sshd"),
        ([""], ""),
        ([], ""),
    ],
)
def test_the_program_of_a_command(argv: list[str], name: str) -> None:
    assert program(argv) == name
