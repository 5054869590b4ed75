"""Exported models: what onnxruntime computes from the file equals what the package answers."""

from __future__ import annotations

import importlib.util
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from rich.console import Console

import scratchlab as sl
from scratchlab.checks import Problem
from scratchlab.experiment import perform
from scratchlab.inference import exporting
from scratchlab.inference.dtw_graph import dtw_graph
from scratchlab.inference.enrolment import enrol
from scratchlab.inference.home import Home
from scratchlab.inference.recognizer import LEAD, LOWEST, Recognizer
from scratchlab.models.encoders.bc_resnet import BCResNet
from scratchlab.models.frontends.log_mel import LogMel
from scratchlab.models.frontends.lpc import LPC
from scratchlab.pipeline import SECTIONS, reopened
from scratchlab.recipe import resolve
from scratchlab.similarity.alignment import DTW
from scratchlab.store.run import Run

onnxruntime: Any = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")
SECONDS = (0.3, 0.41, 0.7, 1.0, 1.33, 2.0, 3.1, 7.7, 20.0, 60.0)
EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "onnx_words.py"


def session(model: Path | bytes) -> Any:
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def exported(enrolled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "words.onnx"
    assert "words.onnx, 1." in str(sl.export(enrolled, path))
    return path


def test_scores_of_any_length_are_those_of_the_home(exported: Path, home: Home, say: Callable[..., Any]) -> None:
    model, rng = session(exported), np.random.default_rng(0)
    spoken = np.concatenate([say(vowels, take) for take in (5, 6) for vowels in ("ai", "ue", "ia", "au")])
    for seconds in SECONDS:
        sound = np.resize(spoken, round(seconds * 16_000)) * rng.uniform(0.1, 1) + rng.normal(scale=1e-3, size=round(seconds * 16_000))
        sound = sound.astype(np.float32)
        scores, steps = model.run(["scores", "steps"], {"waveform": sound})
        expected, recognizer = home.scores(sound).numpy(), home.recognizer
        assert np.abs(scores - expected).max() < 1e-4
        assert scores.argmax() == expected.argmax()
        by_step = recognizer.words(recognizer.similarities(home.steps(sound, LEAD, recognizer.tail))).numpy()
        assert steps.shape == by_step.shape
        assert np.abs(steps - by_step).max() < 1e-4
    assert model.run(["scores"], {"waveform": np.zeros(16_000, np.float32)})[0] == pytest.approx(
        home.scores(np.zeros(16_000, np.float32)).numpy(), abs=1e-4
    )


def test_the_file_says_what_it_needs(exported: Path, home: Home) -> None:
    about = session(exported).get_modelmeta().custom_metadata_map
    assert json.loads(about["words"]) == [*home.classes]
    assert float(about["threshold"]) == home.threshold
    assert about["rate"] == "16000"
    assert float(about["step_seconds"]) == pytest.approx(0.08)
    assert str(Path(__file__).parent.parent.parent).encode() not in exported.read_bytes()  # nothing of this machine


def test_the_example_answers_as_the_home_does(exported: Path, home: Home, words: Path, tmp_path: Path) -> None:
    main = runpy.run_path(str(EXAMPLE))["main"]
    noise = tmp_path / "noise.wav"
    soundfile.write(noise, np.random.default_rng(0).normal(scale=0.1, size=16_000), 16_000)
    for clip in [*sorted(words.glob("*/2.wav")), noise]:
        (answer,) = home.predict(clip)
        label, score = main(str(exported), str(clip))
        assert label == answer.label
        assert score == pytest.approx(answer.score, abs=1e-4)


@pytest.mark.parametrize("window", [1.0, 0.3, 0.02])
def test_the_graph_of_dtw_equals_the_similarity_in_every_window(window: float) -> None:
    generator = torch.Generator().manual_seed(0)

    def matrix(steps: int) -> torch.Tensor:
        return torch.randn(steps, 5, generator=generator)

    for lengths in ([1], [7, 7], [1, 2, 9, 4, 9, 12]):
        references = [matrix(length) for length in lengths]
        recognizer = Recognizer(DTW(window=window), [one[None] for one in references], torch.zeros(len(lengths), dtype=torch.long), 1, 0.08)
        model = session(dtw_graph(DTW(window=window), [one - recognizer.mean for one in references], LOWEST).SerializeToString())
        for more in (0, 1, 25):
            steps = matrix(recognizer.longest + more)
            steps[0] = recognizer.mean  # without direction
            (found,) = model.run(None, {"embedded": (steps - recognizer.mean).numpy()})
            assert found == pytest.approx(recognizer.similarities(steps).numpy(), abs=1e-5)


@pytest.mark.parametrize("frontend", [LogMel(), LPC(streams=["residual"])], ids=["log_mel", "lpc"])
@torch.no_grad()
def test_what_is_traced_computes_the_same(frontend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, sound = BCResNet(frontend.form, time_stride=2), torch.randn(1, 8000)
    encoder(*frontend(torch.randn(4, 8000)))  # running statistics
    encoder.eval()
    expected = encoder(*frontend(sound))
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    traced = encoder(*frontend(sound))
    assert torch.allclose(traced.matrix, expected.matrix, atol=1e-5)
    assert torch.allclose(traced.vector, expected.vector, atol=1e-5)


def finished(folder: Path, **tables: Any) -> Run:
    recipe = resolve({"training": {"epochs": 1, "batch": 16}, **tables}, SECTIONS, "small")
    run = Run.create(folder, recipe)
    perform(recipe, run, Console(quiet=True))
    return run


def compared(run: Run, path: Path, inputs: list[Any]) -> None:
    embedder, model = reopened(run.resolved(SECTIONS), run).embedder, session(path)
    for values in inputs:
        lengths = np.array([values.shape[-1]])
        expected = embedder(sl.types.Batch(values[None], lengths))
        vector, matrix = model.run(["vector", "matrix"], {model.get_inputs()[0].name: values})
        assert vector == pytest.approx(expected.vector[0].detach().numpy(), abs=1e-4)
        assert matrix == pytest.approx(expected.matrix[0].detach().numpy(), abs=1e-4)


def of_sound(folder: Path) -> Run:
    return finished(
        folder,
        data={"name": "synthetic", "classes": 4, "groups": 6, "clips": 3, "seconds": 0.3, "rate": 16_000},
        protocol={"base": 3, "way": 1, "shot": 2, "sessions": 1, "order": "source", "draws": 2},
        encoder={"time_stride": 4},
        temporal={"pool": 2, "centre": True},
        whitening={"name": "within_class"},
        similarity={"cosine": {}, "dtw": {}},
    )


@pytest.mark.acceptance  # training and tracing take a minute
def test_a_run_of_sound_exports_its_whitened_embedder(tmp_path: Path) -> None:
    run = of_sound(tmp_path)
    sl.export(run, tmp_path / "embedder.onnx")
    rng = np.random.default_rng(0)
    compared(run, tmp_path / "embedder.onnx", [rng.normal(size=size).astype(np.float32) for size in (1600, 4801, 16_000)])


@pytest.mark.acceptance  # tracing the network takes a minute
def test_words_enrolled_from_a_run_are_exported(words: Path, tmp_path: Path) -> None:
    home = enrol(words, tmp_path / "home", run=of_sound(tmp_path).folder)
    sl.export(home, tmp_path / "words.onnx")
    sound = home.recordings[0].sound
    scores = session(tmp_path / "words.onnx").run(["scores"], {"waveform": sound})[0]
    assert scores == pytest.approx(home.scores(sound).numpy(), abs=1e-4)


def test_a_run_of_images_exports_its_embedder(tmp_path: Path) -> None:
    run = finished(
        tmp_path,
        data={"name": "sklearn_digits"},
        protocol={"base": 6, "way": 2, "sessions": 2},
        frontend={"name": "pixels"},
        encoder={"name": "conv4", "channels": 8},
    )
    sl.export(run.folder, tmp_path / "images.onnx")
    compared(run, tmp_path / "images.onnx", [np.random.default_rng(0).random((1, 8, 8), dtype=np.float32)])


def stopped(sentence: str, *arguments: Any) -> None:
    with pytest.raises(Problem, match=sentence):
        sl.export(*arguments)


def test_bad_input_gets_a_sentence(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder.onnx").mkdir()
    stopped("name ends with .onnx, such as words.onnx", home, tmp_path / "words.pt")
    stopped("is a folder; name a file in it", home, tmp_path / "folder.onnx")
    stopped("There is no folder .*absent to write words.onnx into", home, tmp_path / "absent" / "words.onnx")
    stopped("absent is neither enrolled words, .* nor a run.*: there is no such folder", tmp_path / "absent", tmp_path / "words.onnx")
    stopped("neither enrolled words", tmp_path, tmp_path / "words.onnx")
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxscript" else find(name))
    stopped(r"needs onnxscript, not installed here: pip install 'scratchlab\[export\]'", home, tmp_path / "words.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.onnx"]


@pytest.mark.parametrize(("off", "sentence"), [(1e-3, "differs from torch by 1.0e-03"), (float("nan"), "differs from torch by nan")])
def test_a_file_that_fails_its_check_is_not_left(
    off: float, sentence: str, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    references = [torch.eye(3)]
    model = dtw_graph(DTW(), references, LOWEST)
    task = exporting._Task(model, [np.eye(3, dtype=np.float32)], lambda _: [torch.tensor([[-2.0], [-2.0], [off]])], False, {})
    monkeypatch.setattr(exporting, "_words", lambda _: task)
    (tmp_path / "words.onnx").write_text("of before")
    stopped(sentence, home, tmp_path / "words.onnx")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"words.onnx": "of before"}
