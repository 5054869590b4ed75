"""The study of methods on images: its figures against a case worked out by hand, and its page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from scratchlab.metrics.estimate import Estimate, undefined
from scratchlab.result import Head, Layout, Result, Row

STUDIES = Path(__file__).parent.parent / "studies"


@pytest.fixture(scope="module")
def study() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(STUDIES))
        sys.modules.pop("cifar100_methods", None)
        import cifar100_methods

        return cifar100_methods


def result(base: float, last: float, new: float, average: float) -> Result:
    """Of a run whose leading head came to these means over draws; another head is there as well."""
    rows = tuple(
        Row({"session": i}, {}, {"accuracy": Estimate(x), "new": y})
        for i, (x, y) in enumerate(((base, undefined("…")), (last, Estimate(new))))
    )
    names = {"final_accuracy": last, "base_accuracy": base, "average_accuracy": average, "performance_drop": base - last}
    heads = {"cosine": Head({name: Estimate(value) for name, value in names.items()}, rows)}
    heads["other"] = Head({name: Estimate(0.0) for name in names}, rows)
    return Result("sessions", "…", heads, Layout("query", "accuracy", ("session",), "draw", "part"))


def test_figures_and_paired_gains(study: ModuleType) -> None:
    first, second = result(0.6, 0.5, 0.1, 0.55), result(0.8, 0.5, 0.2, 0.65)
    plain = study.figures([first, second])
    assert {name: values.tolist() for name, values in plain.items()} == {
        "base": [0.6, 0.8],
        "last": [0.5, 0.5],
        "new": [0.1, 0.2],
        "average": [0.55, 0.65],
        "drop": [pytest.approx(0.1), pytest.approx(0.3)],
    }
    better = study.figures([result(0.6, 0.6, 0.6, 0.6), result(0.8, 0.6, 0.7, 0.7)])
    lines = study.tables({"prototypes": plain, "teen": better}).splitlines()
    assert lines[2].startswith("| prototypes | 70.0 ")
    assert lines[2].endswith("| – | – | – | – |")
    assert lines[3].endswith("| +10.0 [+10.0, +10.0] | +50.0 [+50.0, +50.0] | +5.0 [+5.0, +5.0] | new in it: yes |")


@pytest.mark.parametrize(
    ("differences", "says"),
    [([0.1, 0.1, 0.11], "yes"), ([-0.1, -0.1, -0.11], "no, it falls"), ([0.1, -0.1], "undecided"), ([0.1], "undecided with one seed")],
)
def test_verdicts(study: ModuleType, differences: list[float], says: str) -> None:
    assert says in study.verdict(study.over_seeds(np.array(differences)), "average")


@pytest.mark.acceptance  # most of a minute
def test_from_recipe_to_page(tmp_path: Path, real_data: Callable[[str], Path]) -> None:
    """A tiny training a seed on the real images; the page has every column, and tells how alike class means are."""
    images = tmp_path / "images"
    images.mkdir()
    for name in ("cifar100_train40.npz", "cifar100_test15.npz"):
        (images / name).symlink_to(real_data(f"images/{name}"))
    words = ["--root", str(images), "--runs", str(tmp_path / "runs"), "--methods", "teen", "--seeds", "0"]
    tiny = ["training.epochs=1", "schedule.warmup=0.0", "encoder.channels=4", "protocol.sessions=2", "protocol.draws=2"]
    settings = [word for one in tiny for word in ("-s", one)]
    command = [sys.executable, str(STUDIES / "cifar100_methods.py"), *words, *settings, "--page", str(tmp_path / "page.md")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "page.md").read_text()
    assert (
        "| method | base | last session | new in it | average | drop | Δ last session | Δ new in it | Δ average | rises as published |"
        in text
    )
    assert "new in it: undecided with one seed" in text
    assert "The class means of two base classes have a mean cosine of " in text
