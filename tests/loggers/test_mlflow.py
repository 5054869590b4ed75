"""Runs in a real MLflow store: complete, resumed without duplicates, failed ones marked, and unaffected if no server answers."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from scratchlab.checks import Problem
from scratchlab.loggers import catalog, facts, mlflow
from scratchlab.loggers.facts import Point
from scratchlab.store.run import Run

RECIPE = """
title = "Melodies"
[data]
name = "synthetic"
classes = 6
groups = 6
clips = 6
seconds = 0.4
[protocol]
base = 4
way = 1
shot = 2
sessions = 2
draws = 2
[encoder]
name = "conv4"
channels = 8
[training]
epochs = 5
batch = 24
checkpoint_seconds = 0.0
[schedule]
name = "constant"
"""


@pytest.fixture(scope="module")
def library() -> Any:
    logged = [pytest.importorskip(name, reason="needs the extra 'mlflow', no development package") for name in mlflow.NEEDED]
    return logged[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "melodies.toml").write_text(RECIPE)
    return tmp_path


def environment(**changed: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return {**plain, "COLUMNS": "200", "OMP_NUM_THREADS": "1", **changed}


def scratchlab(folder: Path, *words: str, **changed: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scratchlab", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment(**changed), timeout=240, check=False)


def shown(library: Any, uri: str) -> tuple[Any, list[Any]]:
    client = library.MlflowClient(tracking_uri=uri)
    return client, [run for one in client.search_experiments() for run in client.search_runs([one.experiment_id])]


def points(client: Any, run: Any, name: str) -> list[tuple[int, float]]:
    return sorted((point.step, point.value) for point in client.get_metric_history(run.info.run_id, name))


def test_everything_is_logged_and_the_run_is_the_same_as_without(library: Any, folder: Path) -> None:
    for words in ((), ("--mirror", "mlflow", "--again")):
        done = scratchlab(folder, "run", "melodies.toml", *words)
        assert (done.returncode, done.stderr) == (0, "")
    plain, run = (Run(path.parent) for path in sorted((folder / "runs").glob("*/status.json")))
    assert (plain.folder / "weights.safetensors").read_bytes() == (run.folder / "weights.safetensors").read_bytes()
    client, (logged,) = shown(library, f"sqlite:///{folder}/runs/mlflow.db")
    assert (logged.info.run_name, logged.info.status) == (run.folder.name, "FINISHED")
    assert client.get_experiment(logged.info.experiment_id).name == "melodies"
    for name, value in {"training.epochs": "5", "data.name": "synthetic", "seed": "0"}.items():
        assert logged.data.params[name] == value
    assert logged.data.params == facts.settings(run)
    assert logged.data.tags["scratchlab.key"] == run.status["key"]
    assert logged.data.tags["mlflow.note.content"] == "Melodies"
    records = run.records()
    for name in ("loss", "valid_loss", "valid_accuracy", "kept"):
        assert points(client, logged, name) == [(record["epoch"], float(record[name])) for record in records]
    assert [step for step, _ in points(client, logged, "rates.body")] == list(range(5))
    result = run.result()
    assert result
    for metric, one in result.head.metrics.items():
        assert points(client, logged, f"result.{metric}") == [(0, one.value)]
    accuracies = [(step, row.metrics["accuracy"].value) for step, row in enumerate(result.head.rows)]
    assert points(client, logged, f"{result.leading}.accuracy") == accuracies
    assert [step for step, _ in points(client, logged, f"{result.leading}.new")] == [1, 2], "undefined in session 0"
    for name in ("report.html", "recipe.toml"):
        (there,) = (folder / "runs" / "mlartifacts").rglob(name)
        assert there.read_bytes() == (run.folder / name).read_bytes()


def test_a_killed_run_continues_in_the_same_mlflow_run_without_duplicates(
    library: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    words = ["run", "melodies.toml", "--mirror", "mlflow", "-s", "training.epochs=2000", "-s", "data.clips=12"]
    process = subprocess.Popen([sys.executable, "-m", "scratchlab", *words], cwd=folder, stdout=subprocess.DEVNULL, env=environment())
    uri = f"sqlite:///{folder}/runs/mlflow.db"
    while process.poll() is None and not list((folder / "runs").glob("mlartifacts/*/*/recipe.toml")):
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    client, (logged,) = shown(library, uri)
    sent = points(client, logged, "loss")
    assert logged.info.status == "RUNNING"
    assert len(sent) > 0
    (run,) = (Run(path.parent) for path in (folder / "runs").glob("*/status.json"))
    logger = mlflow.Mlflow(run)
    logger.sync(final=False)
    logger.sync(final=False)
    assert gc.isenabled(), "garbage collection is paused only while MLflow is imported"
    resumed = mlflow.Mlflow(run)
    resumed.sync(final=False)
    client, (again,) = shown(library, uri)
    assert again.info.run_id == logged.info.run_id
    written = [(record["epoch"], record["loss"]) for record in run.records()]
    assert points(client, again, "loss") == written
    assert written[: len(sent)] == sent


def test_resume_completes_a_stopped_run(library: Any, folder: Path) -> None:
    words = ["run", "melodies.toml", "--mirror", "mlflow", "-s", "training.epochs=40"]
    process = subprocess.Popen([sys.executable, "-m", "scratchlab", *words], cwd=folder, stdout=subprocess.DEVNULL, env=environment())
    while process.poll() is None and not [path for path in folder.glob("runs/*/metrics.jsonl") if path.stat().st_size]:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    uri = f"sqlite:///{folder}/runs/mlflow.db"
    client, (stopped,) = shown(library, uri)
    assert stopped.info.status == "KILLED"
    before = points(client, stopped, "loss")
    assert 0 < len(before) < 40
    done = scratchlab(folder, "resume", "last", "--mirror", "mlflow")
    assert done.returncode == 0, done.stderr
    client, (logged,) = shown(library, uri)
    assert (logged.info.run_id, logged.info.status) == (stopped.info.run_id, "FINISHED")
    run = Run.find(folder / "runs", "last")
    assert points(client, logged, "loss") == [(record["epoch"], record["loss"]) for record in run.records()]
    assert len(points(client, logged, "seconds")) == 40
    assert points(client, logged, "loss")[: len(before)] == before


def test_a_diverged_run_is_marked_as_failed(library: Any, folder: Path) -> None:
    done = scratchlab(folder, "run", "melodies.toml", "--mirror", "mlflow", "-s", "training.rate=1e30")
    assert done.returncode == 2
    _, (logged,) = shown(library, f"sqlite:///{folder}/runs/mlflow.db")
    assert logged.info.status == "FAILED"
    assert logged.data.tags["scratchlab.state"].startswith("failed: ")
    assert list((folder / "runs" / "mlartifacts").rglob("diagnosis.json"))


def test_wrong_input_leaves_no_files(library: Any, folder: Path) -> None:
    done = scratchlab(folder, "run", "melodies.toml", "--mirror", "mlflow", "-s", "protocol.base=60")
    assert done.returncode == 2
    assert list((folder / "runs").iterdir()) == []


def test_without_a_server_training_continues_with_one_message(library: Any, folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    done = scratchlab(folder, "run", "melodies.toml", "--mirror", "mlflow", MLFLOW_TRACKING_URI=address)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(f"The experiment logger at {address} cannot be updated (") == 1
    assert Run.find(folder / "runs", "last").state() == "finished"


def test_tracking_uri_and_experiment_name_are_respected(library: Any, folder: Path) -> None:
    uri = f"sqlite:///{folder}/other.db"
    variables = {"MLFLOW_TRACKING_URI": uri, "MLFLOW_EXPERIMENT_NAME": "mine"}
    done = scratchlab(folder, "run", "melodies.toml", "--mirror", "mlflow", "-s", "training.epochs=1", **variables)
    assert done.returncode == 0, done.stderr
    client, (logged,) = shown(library, uri)
    assert client.get_experiment(logged.info.experiment_id).name == "mine"
    assert not (folder / "runs" / "mlflow.db").exists()


def test_requests_and_names_stay_within_limits() -> None:
    points = [Point(f"m{i}", 0.0, 0, step) for step in range(5) for i in range(300)]
    requests = list(mlflow._requests(points))
    assert [len(request) for request in requests] == [900, 600]
    assert [point for request in requests for point in request] == points
    huge = [Point(f"m{i}", 0.0, 0, 0) for i in range(2500)]
    assert [len(request) for request in mlflow._requests(huge)] == [1000, 1000, 500]
    assert mlflow._name("loss/π (a+b)" + "x" * 300).startswith("loss/_ _a_b_xxx")
    assert len(mlflow._name("x" * 300)) == 250


def test_timestamps_of_epochs(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for epoch in range(3):
        run.append({"epoch": epoch, "loss": 1.0, "rates": {"a": 0.1}, "note": "x", "kept": True, "seconds": 10.0 * (epoch + 1)})
    os.utime(tmp_path / "metrics.jsonl", (1000, 1000))
    points = facts.records(run)
    assert [(point.name, point.value) for point in points[:4]] == [("loss", 1.0), ("rates.a", 0.1), ("kept", 1.0), ("seconds", 10.0)]
    assert [(point.step, point.timestamp) for point in points if point.name == "loss"] == [(0, 950_000), (1, 970_000), (2, 1_000_000)]


def test_unknown_loggers_and_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Problem, match=r"There is no experiment logger 'mlfow'; the loggers are: mlflow. Did you mean 'mlflow'"):
        catalog.chosen("mlfow")
    monkeypatch.setattr(mlflow, "NEEDED", ("json", "no_such_package"))
    with pytest.raises(
        Problem, match=r"The experiment logger mlflow needs no_such_package, not installed here: pip install 'scratchlab\[mlflow\]'"
    ):
        catalog.chosen("mlflow")
