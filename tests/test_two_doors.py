"""Parts without a recipe: what somebody who knows PyTorch would write first works on plain tensors, or fails with a sentence."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

import scratchlab as sl
from scratchlab.checks import Problem
from scratchlab.experiment import perform
from scratchlab.learn.methods.catalog import METHODS
from scratchlab.pipeline import SECTIONS
from scratchlab.recipe import resolve
from scratchlab.store.run import Run

torch.manual_seed(0)
NAMES: dict[str, Any] = {
    "sl": sl,
    "torch": torch,
    "x": torch.randn(3, 7, 16),
    "y": torch.randn(4, 6, 16),
    "u": torch.randn(3, 16),
    "v": torch.randn(4, 16),
    "a": torch.randn(50, 8),
    "b": torch.randn(50, 5),
    "labels": torch.tensor([0, 0, 1]),
    "waves": torch.randn(2, 16_000),
    "mel": torch.randn(2, 1, 40, 101),
    "images": torch.rand(2, 3, 84, 84),
}

DIGITS = sl.data.SklearnDigits().read()
NAMES |= {"digits": DIGITS, "conv4": lambda: sl.models.Conv4(DIGITS.form, channels=4), "training": {"epochs": 1, "device": "cpu"}}

WORK = [
    "sl.similarity.dtw(x, y).shape == (3, 4)",
    "sl.similarity.dtw(x, y, [7, 3, 2], [6, 6, 1, 2]).shape == (3, 4)",
    "sl.similarity.DTW()(x, y).shape == (3, 4)",
    "sl.similarity.DTW(window=0.2)(x, y).shape == (3, 4)",
    "torch.equal(sl.similarity.dtw(x, y, window=0.2), sl.similarity.DTW(window=0.2)(x, y))",
    "sl.similarity.soft_dtw(x, y, gamma=0.5).shape == (3, 4)",
    "sl.similarity.cka(x, y).shape == (3, 4)",
    "sl.similarity.cosine(u, v).shape == (3, 4)",
    "sl.similarity.Cosine()(u, u).diagonal().allclose(torch.ones(3))",
    "sl.similarity.l2(u, v).max() <= 0",
    "sl.kernels.cka(a, a) > 0.999",
    "sl.kernels.cka(a, b) < 0.5",
    "0 <= sl.kernels.cka(a, b, debiased=False) <= 1",
    "sl.kernels.cka({'first': a, 'second': b}).of('first', 'second').value < 0.5",
    "sl.metrics.accuracy(torch.tensor([1, 2]), torch.tensor([1, 1])) == 0.5",
    "sl.metrics.accuracy([1, 2], [1, 1]) == 0.5",
    "sl.metrics.balanced_accuracy([1, 1, 1], [1, 1, 0]) == 0.5",
    "sl.metrics.retrieval(torch.tensor([[0.1, 0.2]]).numpy(), ['ann'], ['ann', 'bob']).mean_ap == 1",
    "sl.frontends.LogMel()(waves)[0].shape == (2, 1, 40, 101)",
    "sl.frontends.LogMel(sl.Waveform(8000), bands=30)(waves)[0].shape[2] == 30",
    "sl.frontends.LPC()(waves)[0].shape == (2, 3, 40, 101)",
    "sl.models.BCResNet()(mel).vector.shape == (2, 32)",
    "sl.models.BCResNet(width=2)(mel).matrix.shape == (2, 101, 64)",
    "sl.models.Conv4()(images).vector.shape == (2, 64)",
    "sl.models.Conv4(sl.Spectrogram(40))(mel).vector.shape == (2, 64)",
    "sl.data.from_arrays(waves, ['a', 'b'], rate=16_000).form == sl.Waveform(16_000)",
    "sl.data.from_arrays(images, labels[:2], groups={'drawer': ['x', 'y']}).form == sl.Image(3, 84, 84)",
    "len(sl.protocols.ClosedSet().plan(digits).split.query) > 100",
    "sl.methods.TEEN(sl.models.BCResNet(), similarity=sl.similarity.DTW()).share == 0.5",
    "sl.methods.Prototypes(conv4(), similarity=[sl.similarity.Cosine(), sl.similarity.DTW()]).groups",
    "sl.methods.FACT(conv4(), virtual=5, training=training, optimizer={'name': 'adamw'}).count == 5",
    "sl.methods.CoTeaching(conv4(), tau=0.2).groups[0] == 'network0.body'",
    "sl.run(sl.methods.Prototypes(conv4(), training=training), digits, sl.protocols.ClosedSet(), progress=False).headline",
    "sl.losses.SupervisedContrastive()(u, labels).ndim == 0",
    "sl.losses.SupervisedContrastive(sl.similarity.DTW())(x, labels) > 0",
    "sl.losses.SupervisedContrastive(temperature=0.5)(u, labels, u + 0.1) > 0",
]

SAY_WHY = {
    "sl.similarity.dtw(u, v)": r"DTW compares matrices \[n, t, c\]; the queries have the shape \(3, 16\)",
    "sl.similarity.cosine(x, y)": r"Cosine compares vectors \[n, d\]; the queries have the shape \(3, 7, 16\)",
    "sl.similarity.dtw(x, y[..., :3])": "same dimension and type",
    "sl.similarity.dtw(x.double(), y)": "same dimension and type",
    "sl.similarity.dtw(x, y, [8, 1, 1])": "lengths from 1 to 7",
    "sl.similarity.dtw(x.long(), y)": "floating-point",
    "sl.kernels.cka(a, b[:9])": "numbers differ: a 50, b 9",
    "sl.kernels.cka(torch.ones(50, 3), b)": "CKA is undefined, because layer a",
    "sl.kernels.cka(a)": "two tensors",
    "sl.metrics.accuracy(torch.rand(3, 4), labels)": r"take argmax\(1\)",
    "sl.metrics.accuracy([], [])": "n of 1 or more",
    "sl.frontends.LogMel()(waves[0])": r"add an axis: x\[None\]",
    "sl.models.BCResNet()(mel[:, 0])": r"\[n, channels, rows, columns\]",
    "sl.models.BCResNet()(mel[:, :, :30])": r"Build it for their form: BCResNet\(Spectrogram\(bands=30",
    "sl.models.Conv4()(mel)": r"was built for features \[n, 3, 84, columns\]",
    "sl.metrics.retrieval([[0.1, 0.2]], ['1'], [1, 2])": "must both be text or both be numbers",
    "sl.metrics.retrieval([[0.1, 0.2]], [1], [1, 2], rules=sl.metrics.Rules('none', junk=('2',)))": "identities of junk",
    "sl.metrics.Rules('ignored')": "is not a rule; there are: ignore, keep, none. Did you mean 'ignore'",
    "sl.data.from_arrays(waves, [0, 1])": "need their rate",
    "sl.data.from_arrays(waves * float('nan'), [0, 1], rate=16_000)": "inputs must be finite; input 0 is not",
    "sl.data.from_arrays(images * 255, [0, 1])": "Divide bytes by 255",
    "sl.data.from_arrays(images, [0, 1, 1])": "2 ids but 3 values of labels",
    "sl.methods.Prototypes('bc_resnet')": "built around an encoder",
    "sl.methods.Prototypes(conv4(), similarities={})": "neither a setting of the method nor a part.*Did you mean 'similarity'",
    "sl.methods.Prototypes(conv4(), training={'epoch': 1})": "Did you mean 'epochs'",
    "sl.methods.Prototypes(conv4(), frontend=sl.frontends.LogMel())": "the front-end gives Spectrogram",
    "sl.run(sl.methods.Prototypes(sl.models.BCResNet()), digits, sl.protocols.ClosedSet())": "give the method another encoder",
    "sl.losses.SupervisedContrastive()(u, labels[:2])": "one number per embedding",
    "sl.losses.SupervisedContrastive(reversed_negatives=True)": "has no effect",
}


@pytest.mark.parametrize("call", WORK)
def test_the_obvious_call_works(call: str) -> None:
    assert bool(eval(call, NAMES))


@pytest.mark.parametrize("call", SAY_WHY)
def test_the_wrong_call_says_why(call: str) -> None:
    with pytest.raises(Problem, match=SAY_WHY[call]):
        eval(call, NAMES)


ROOMS = [sl, sl.data, sl.frontends, sl.kernels, sl.losses, sl.methods, sl.metrics, sl.models, sl.protocols, sl.similarity]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_every_name_is_there_and_documented(room: Any) -> None:
    names = dir(room)
    assert names
    assert [name for name in names if not (getattr(room, name).__doc__ or "").strip()] == []


def test_the_lines_of_the_readme_run() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "sl." in block]
    assert "import scratchlab as sl" in blocks[0]
    made: dict[str, Any] = {}
    for block in blocks:
        exec(block, made)
    assert made["features"].shape == (8, 1, 40, 101)
    assert made["embeddings"].matrix.shape == (8, 101, 32)
    assert made["scores"].shape == (8, 8)
    assert made["loss"].ndim == 0
    assert isinstance(made["alike"], float)
    assert made["result"].head.headline.value > 0.2


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, scratchlab; print(sorted({'torch', 'numpy', 'pydantic', 'polars', 'numba', 'scipy'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("name", METHODS)
def test_every_method_runs_around_an_encoder(name: str) -> None:
    """Class-incremental sessions with each method, built from an encoder and nothing else that has a default."""
    settings: dict[str, Any] = {"co_teaching": {"tau": 0.2}, "cec": {"episodes_per_epoch": 1}}.get(name, {})
    method = METHODS[name](sl.models.Conv4(DIGITS.form, channels=4), training={"epochs": 1, "device": "cpu"}, **settings)
    protocol = sl.protocols.Sessions(base=6, way=2, shot=5, sessions=2, draws=2)
    result = sl.run(method, DIGITS, protocol, progress=False)  # type: ignore[arg-type]
    assert result.kind == "sessions"
    assert "features.linear" in result.heads
    assert [row.context["session"] for row in result.head.rows] == [0, 1, 2]


def test_a_run_of_objects_equals_the_run_of_a_recipe(tmp_path: Path) -> None:
    """Same seed, same initial weights: the recipe builds the same parts."""
    raw = {
        "data": {"name": "sklearn_digits"},
        "protocol": {"name": "sessions", "base": 6, "way": 2, "sessions": 2, "draws": 2},
        "frontend": {"name": "pixels"},
        "encoder": {"name": "conv4", "channels": 8},
        "similarity": {"cosine": {}, "dtw": {"window": 0.5}},
        "method": {"name": "teen", "share": 0.3},
        "training": {"epochs": 2, "device": "cpu"},
    }
    recipe = resolve(raw, SECTIONS, "recipe")
    run = Run.create(tmp_path, recipe, "recipe")
    perform(recipe, run, Console(quiet=True))
    torch.manual_seed(0)
    encoder = sl.models.Conv4(DIGITS.form, channels=8)
    similarities = [sl.similarity.Cosine(), sl.similarity.DTW(window=0.5)]
    method = sl.methods.TEEN(encoder, share=0.3, similarity=similarities, training={"epochs": 2, "device": "cpu"})
    result = sl.run(method, DIGITS, sl.protocols.Sessions(base=6, way=2, sessions=2, draws=2), seed=0, progress=False)
    stored = run.result()
    assert stored is not None
    assert result.heads == stored.heads


def test_a_method_learns_once() -> None:
    method = sl.methods.Prototypes(sl.models.Conv4(DIGITS.form, channels=4), training={"epochs": 1, "device": "cpu"})
    sl.run(method, DIGITS, sl.protocols.ClosedSet(), progress=False)
    with pytest.raises(Problem, match="has learned already"):
        sl.run(method, DIGITS, sl.protocols.ClosedSet(), progress=False)
