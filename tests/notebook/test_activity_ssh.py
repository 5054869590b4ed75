"""Other hosts, by a real SSH server on loopback that runs the script with /bin/sh."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from scratchlab.notebook.activity import proc, remote
from scratchlab.notebook.activity.hosts import Hosts
from scratchlab.notebook.activity.jobs import jobs
from scratchlab.notebook.activity.processes import Gpu, Snapshot

pytest.importorskip("asyncssh", reason="needs asyncssh, the extra 'ssh'")
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@pytest.fixture(scope="module")
def loopback() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "studies"))
        import ssh_loopback

        yield ssh_loopback


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path / "home"


def answers(*names: str, patience: float = 20) -> dict[str, Snapshot | str]:
    with contextlib.closing(Hosts(names, patience)) as hosts:
        return hosts.query().result()


def test_a_host_reports_the_same_as_the_local_scan(loopback: ModuleType, home: Path) -> None:
    with loopback.serving(loopback.keys(home)) as server:
        loopback.know(home, server)
        loopback.configure(home, {"gpu1": server.port})
        answer, here = answers("gpu1")["gpu1"], proc.look()
    assert isinstance(answer, Snapshot)
    assert server.commands == ["/bin/sh -s"]
    one, same = answer.processes[os.getpid()], here.processes[os.getpid()]
    assert (one.key, one.argv, one.cwd, one.parent, one.group, one.links[0]) == (
        (same.key, same.argv, same.cwd, same.parent, same.group, same.links[0])
    )
    assert one.start == pytest.approx(same.start, abs=2)
    assert answer.roots is not None
    root, commit = answer.roots[one.cwd]
    assert (Path(root) / ".git").exists()
    assert len(commit) in (0, 40)


def test_connections_are_kept_and_renewed(loopback: ModuleType, home: Path) -> None:
    with loopback.serving(loopback.keys(home)) as server:
        loopback.know(home, server)
        loopback.configure(home, {"gpu1": server.port})
        with contextlib.closing(Hosts(["gpu1"])) as hosts:
            assert isinstance(hosts.query().result()["gpu1"], Snapshot)
            assert isinstance(hosts.query().result()["gpu1"], Snapshot)
            assert server.logins == 1
            server.drop()
            assert isinstance(hosts.query().result()["gpu1"], Snapshot)
            assert server.logins == 2


def test_unknown_and_changed_keys_are_refused_without_blocking_others(loopback: ModuleType, home: Path) -> None:
    with contextlib.ExitStack() as servers, socket.socket() as silent, socket.socket() as closed:
        authorized = loopback.keys(home)
        good, unknown, changed, other = (servers.enter_context(loopback.serving(authorized)) for _ in range(4))
        strict = servers.enter_context(loopback.serving(home / "no-one"))
        for known in (good, strict):
            loopback.know(home, known)
        other.port = changed.port
        loopback.know(home, other)
        for one in (silent, closed):
            one.bind(("127.0.0.1", 0))
        silent.listen()
        ports = {"good": good.port, "unknown": unknown.port, "changed": changed.port, "strict": strict.port}
        loopback.configure(home, {**ports, "silent": silent.getsockname()[1], "closed": closed.getsockname()[1]})
        answer = answers("unknown", "changed", "strict", "silent", "closed", "nowhere.invalid", "good", patience=6)
    assert isinstance(answer.pop("good"), Snapshot)
    for name in ("unknown", "changed"):
        assert "is unknown or differs from known_hosts" in str(answer[name])
    assert "accepts none of the keys available here" in str(answer["strict"])
    assert "did not answer within 6 seconds" in str(answer["silent"])
    assert "cannot be reached" in str(answer["closed"])
    assert "cannot be reached" in str(answer["nowhere.invalid"])
    assert unknown.commands == changed.commands == []


ANSWER = """boot 9ef45038-837e
uptime 1000.00
ticks 100
stat 7 (python) S 1 7 7 0 -1 0 0 0 0 0 100 0 0 0 20 0 1 0 90000 0
argv python\x1ftrain.py\x1f--note\x1fa b\x1f
cwd /home/sam/kws
env CUDA_VISIBLE_DEVICES=1
env SLURM_JOB_ID=$(reboot)
fd 0 r- /dev/null
fd 1 -w /home/sam/kws/a -> b.log
fd 9 rw /home/sam/kws/events.out.tfevents.1
fd x broken
tail epoch 1\x1eepoch 2\x1fsame
root /home/sam/kws
commit c0ffee
stat torn line
argv x
gpu GPU-1, 0, 97, NVIDIA A100
gpu GPU-2, 1, [N/A], NVIDIA A100
gpu broken
app GPU-1, 7
app GPU-1, 4711
done
"""


def test_an_answer_is_parsed() -> None:
    answer = remote.snapshot("gpu1", ANSWER, 5000.0)
    assert isinstance(answer, Snapshot)
    (one,) = answer.processes.values()
    assert (one.argv, one.start, one.cpu, one.birth) == (("python", "train.py", "--note", "a b"), 4900.0, 1.0, "9ef45038-90000")
    assert (one.devices, one.slurm) == ("1", ""), "what does not look like a number of Slurm is none"
    assert one.links == {0: "/dev/null", 1: "/home/sam/kws/a -> b.log"}
    assert [link.target for link in answer.opened(7)] == ["/home/sam/kws/events.out.tfevents.1"]
    assert answer.gpus == (Gpu(0, "NVIDIA A100", 0.97, (7, 4711)), Gpu(1, "NVIDIA A100", None, ()))
    (job,) = jobs(answer)
    assert (job.output.path, job.gpus, answer.tails[7]) == ("/home/sam/kws/a -> b.log", (0,), "epoch 1\nepoch 2same")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("lacks /proc\n", "only Linux hosts"),
        ("", "something other"),
        ("This account is not available.\n", "something other than the script's output: 'This account"),
        (ANSWER.replace("done\n", ""), "something other"),
        (ANSWER.replace("uptime 1000.00", "uptime soon"), "something other"),
    ],
)
def test_invalid_answers_are_reported(answer: str, sentence: str) -> None:
    assert sentence in str(remote.snapshot("gpu1", answer, 0))


def test_a_login_message_before_the_answer_is_skipped() -> None:
    assert isinstance(remote.snapshot("gpu1", "Welcome to gpu1!\n\n" + ANSWER, 0), Snapshot)


def test_without_asyncssh_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "asyncssh", raising=False)
    with pytest.raises(Exception, match=r"pip install 'scratchlab\[ssh\]'"):
        Hosts(["gpu1"])


@pytest.mark.parametrize(("ticks", "uptime"), [("0", "10"), ("-100", "10"), ("nan", "10"), ("100", "inf"), ("100", "-1")])
def test_an_invalid_clock_is_one_sentence(ticks: str, uptime: str) -> None:
    said = remote.snapshot("gpu1", f"boot x\nuptime {uptime}\nticks {ticks}\nstat 7 (a) S 1 7 7 0\ndone\n", 0.0)
    assert isinstance(said, str)
    assert "which is invalid" in said
