"""Synthetic runs: no training, but all files of a run's folder."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from scratchlab.data.protocols.sessions import SessionsPlan
from scratchlab.evaluation import closed_set
from scratchlab.evaluation.sessions import Collected
from scratchlab.recipe import Recipe
from scratchlab.store.run import Run
from scratchlab.types import Plan, Rows, Samples, Scores, Split, Waveform, rows

CHROMIUM = Path("/usr/bin/chromium")
KEYWORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", "zero", "one", "two", "three", "four", "five", "six")
KEYWORDS += ("seven", "eight", "nine", "bed", "bird", "cat", "dog", "happy", "house", "marvin", "sheila", "tree", "wow", "backward")
KEYWORDS += (
    "forward",
    "follow",
    "learn",
    "visual",
    "يمين",
    "<script>alert('x')</script>",
    "--ink",
    "左に曲がれ",
    "a rather long phrase & more",
)


def samples(classes: tuple[str, ...], each: int) -> Samples:
    """`each` queries of every class, by 12 speakers."""
    labels = np.repeat(np.arange(len(classes)), each)
    n = len(labels)
    ids = np.array([f"{label}/{i:05d}.wav" for i, label in enumerate(labels)])
    speakers = np.array([f"speaker-{i % 12}" for i in range(n)])
    return Samples(
        ids,
        labels,
        classes,
        {"speaker": speakers},
        np.full(n, "test"),
        Waveform(16000),
        load=lambda _: (_ for _ in ()).throw(AssertionError),
    )


def scores(truth: Rows, classes: Rows, base: int, rng: np.random.Generator, clear: float) -> Scores:
    """Noise plus a margin for the true class, larger for base classes; each class resembles the one before it."""
    values = rng.normal(size=(len(truth), len(classes))).astype(np.float32)
    for i, label in enumerate(truth):
        place = int(np.flatnonzero(classes == label)[0])
        values[i, place] += clear + (1.1 if label < base else 0) - 0.8 * math.sin(7 * label)
        values[i, place - 1] += 1.8
    return Scores(values, classes)


def recipe(name: str, epochs: int) -> Recipe:
    """A resolved recipe."""
    return Recipe(
        name,
        7,
        {
            "data": {"name": "speech_commands", "folder": "data", "classes": list(KEYWORDS[:8])},
            "protocol": {"name": "sessions", "base": 20, "way": 3, "shot": 5, "sessions": 5, "order": "count", "draws": 10, "test": 0.25},
            "augment": {"shift": {"seconds": 0.1}, "noise": {"share": 0.8, "snr": [0.0, 15.0]}},
            "frontend": {"name": "log_mel", "bands": 40},
            "encoder": {"name": "bc_resnet", "width": 1.0},
            "method": {"name": "prototypes", "temperature": 16.0},
            "training": {"epochs": epochs, "batch": 100, "rate": 0.1, "rates": {"readout": 0.05}, "select": "loss", "threads": 1},
            "optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": True},
            "schedule": {"name": "cosine", "warmup": 2.0},
            "observe": {"kernels": {"layers": ["blocks.*"], "inputs": 64, "every": 1, "steps": 2}},
        },
    )


def readings(epoch: float, layers: int, *, between: bool = False) -> list[dict[str, Any]]:
    """Rows of one measurement as the observer writes them; the second layer is undefined after the second epoch."""

    def row(which: str, kind: str, layer: str, value: float, other: str = "") -> dict[str, Any]:
        dead = epoch > 2 and "blocks.1" in (layer, other, "blocks.1" if layer == "average" and layers > 1 else "")
        undefined = {
            "biased": None,
            "debiased": None,
            "why": "undefined, because layer blocks.1 cannot be compared: it is 0 for all inputs",
        }
        known = {"biased": value + 0.05, "debiased": value, "why": ""}
        return {"epoch": epoch, "step": round(10 * epoch), "set": which, "kind": kind, "layer": layer, "other": other} | (
            undefined if dead else known
        )

    names, rows = [f"blocks.{place}" for place in range(layers)], []
    for which in ("train", "valid"):
        risen = (1 - math.exp(-epoch / 4)) * (0.9 if which == "train" else 0.8)
        rows += [row(which, "target", name, risen * (place + 1) / layers - 0.01) for place, name in enumerate([*names, "average"])]
        rows += [row(which, "start", name, 1 - 0.5 * risen * (place + 1) / layers) for place, name in enumerate(names)]
        if between:
            rows += [row(which, "layers", one, 0.9 ** (j - i), names[j]) for i, one in enumerate(names) for j in range(i + 1, layers)]
    return rows


def queried(layers: int) -> list[dict[str, Any]]:
    """Rows of the queries, which are measured once."""
    rows = [row for row in readings(2, layers) if row["set"] == "valid" and row["kind"] == "target"]
    return [{key: value for key, value in row.items() if key not in ("epoch", "step")} | {"set": "query"} for row in rows]


def trained(run: Run, epochs: int, *, validated: bool = True, layers: int = 0) -> None:
    """Appends records of epochs as the trainer writes them, with readings of `layers` layers twice per epoch."""
    rng = np.random.default_rng(3)
    run.set_epochs(run.recipe()["training"]["epochs"])
    for epoch in range(epochs):
        cosine = 0.5 * (1 + math.cos(math.pi * epoch / 30))
        record = {"epoch": epoch, "loss": 2.6 * math.exp(-epoch / 6) + 0.12 + 0.02 * rng.normal()}
        if validated:
            record |= {
                "valid_loss": 2.4 * math.exp(-epoch / 5) + 0.2 + 0.003 * epoch,
                "valid_accuracy": 0.95 - 0.8 * math.exp(-epoch / 4) + 0.004 * rng.normal(),
            }
        record |= {
            "kept": not validated or epoch < epochs - 2,
            "rates": {"body": 0.1 * cosine, "readout": 0.05 * cosine},
            "seconds": 21.5 + rng.normal(),
            "cpu_seconds": 21.2 + rng.normal(),
            "inputs": 31000,
        }
        if layers:
            places = [*([0.0] if epoch == 0 else []), epoch + 0.5, epoch + 1.0]
            record["kernels"] = [row for place in places for row in readings(place, layers)]
        run.append(record)


class Stub:
    """A method with two heads that score by noise and the true class."""

    def __init__(self, known: Samples, plan: Plan, base: int) -> None:
        self.known, self.plan, self.base, self.rng = known, plan, base, np.random.default_rng(5)

    def score(self, split: Split, *, first: bool) -> dict[str, Scores]:
        truth = split.truth(self.known)
        clear = {"cosine": 4.0, "trained": 3.4 + 0.9 * first}
        return {head: scores(truth, split.classes, self.base, self.rng, one) for head, one in clear.items()}


def answered(run: Run, classes: tuple[str, ...], base: int, sessions: int, draws: int, each: int) -> None:
    """Evaluates two heads in all sessions of all draws and saves the result; without sessions, closed-set classification."""
    known = samples(classes, each)

    def split(session: int) -> Split:
        upto = base + (len(classes) - base) * session // max(sessions, 1)
        return Split(rows(), rows(), rows(), np.flatnonzero(known.labels < upto), np.arange(upto))

    several = tuple(tuple(split(session) for session in range(1, sessions + 1)) for _ in range(draws))
    plan = SessionsPlan(split(0), known.grouped(), "speaker", several)
    stub, found = Stub(known, plan, base), Collected(plan, known)
    found.add(0, -1, plan.split, stub.score(plan.split, first=True))
    for draw, later in enumerate(several):
        for session, one in enumerate(later, 1):
            found.add(session, draw, one, stub.score(one, first=False))
        found.relate(later[-1], stub.rng.uniform(-0.2, 1, (len(classes) - base, base)).astype(np.float32))
    if sessions:
        result = found.result()
    else:
        stub = Stub(known, plan, base)
        method: Any = SimpleNamespace(score=lambda _: stub.score(plan.split, first=True), baselines=SimpleNamespace(score=lambda _: {}))
        result = closed_set.evaluate(plan, method, known, None)  # type: ignore[arg-type]
    run.save_result(result)
    begun = datetime.now(UTC) - timedelta(minutes=14)
    run.save_json("status", run.status | {"created": begun.isoformat(timespec="seconds")})
    run.update_status("finished", state="finished")


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """40 classes, 5 sessions after the base, 10 draws, two heads; some names contain markup or other scripts."""
    run = Run.create(tmp_path_factory.mktemp("runs"), recipe("keywords", 30), "Forty <em>keywords</em>, five shots each")
    with run.writing():
        trained(run, 30)
        rows = [row for epoch in range(31) for row in readings(float(epoch), 12, between=epoch == 30)]
        run.save_table("kernels", pl.DataFrame([*rows, *queried(12)], infer_schema_length=None))
        answered(run, KEYWORDS, 20, 5, 10, 24)
    return run


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """10 classes, two sessions, one draw, no validation."""
    run = Run.create(tmp_path_factory.mktemp("runs"), recipe("digits", 4))
    with run.writing():
        trained(run, 4, validated=False)
        answered(run, KEYWORDS[28:38], 6, 2, 1, 30)
    return run


@pytest.fixture(scope="session")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Closed-set classification."""
    run = Run.create(tmp_path_factory.mktemp("runs"), recipe("closed", 12), "Ten words, a closed set")
    with run.writing():
        trained(run, 12)
        answered(run, KEYWORDS[:10], 10, 0, 0, 60)
    return run


@pytest.fixture(scope="session")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Failed after three epochs, because the loss was not finite."""
    run = Run.create(tmp_path_factory.mktemp("runs"), recipe("keywords", 30), "Too high a rate")
    with contextlib.suppress(FloatingPointError), run.writing():
        trained(run, 3, layers=2)
        raise FloatingPointError("The loss of epoch 4, step 12 is not finite.\nFirst <NaN> in body.blocks.3; lower training.rate.")
    return run


@pytest.fixture(scope="session")
def unbegun(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Created, but not begun."""
    return Run.create(tmp_path_factory.mktemp("runs"), recipe("keywords", 30))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser; skips the test if there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-background-networking"])
        yield browser
        browser.close()
