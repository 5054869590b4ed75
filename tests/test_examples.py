"""The examples: short enough to read at once, and they do what they print; those of other libraries where these are installed."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
NEEDED = {
    "plain_loop": [],
    "onnx_words": ["onnxruntime"],
    "lightning_module": ["lightning"],
    "hugging_face_trainer": ["transformers", "accelerate"],
}


def ran(name: str, epochs: int) -> Any:
    for library in NEEDED[name]:
        pytest.importorskip(library, reason=f"needs {library}, which is not among the development packages")
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](epochs)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short_and_tested(path: Path) -> None:
    assert path.stem in NEEDED
    assert 20 <= len(path.read_text(encoding="utf-8").splitlines()) <= 60


def test_the_plain_loop_learns_more_than_the_pixels_say() -> None:
    scores = ran("plain_loop", 3)
    assert scores["untrained"].high < scores["pixels"].low
    assert scores["pixels"].high < scores["trained"].low


def test_the_lightning_module_learns_and_its_vectors_align_with_the_labels() -> None:
    accuracy, cka = ran("lightning_module", 2)
    assert accuracy.low > 0.9
    assert len(cka) == 3
    assert cka[0] < cka[-1]


def test_the_trainer_learns_and_its_vectors_align_with_the_labels(capsys: pytest.CaptureFixture[str]) -> None:
    found, cka = ran("hugging_face_trainer", 2)
    assert found["eval_balanced"] > 0.9
    assert len(cka) == 3
    assert cka[0] < cka[-1]
    assert "CKA with the labels by epoch" in capsys.readouterr().out
