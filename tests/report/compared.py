"""Runs to compare: a real source and protocol, and predictions of known quality; no training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from tests.report.conftest import trained

from scratchlab.evaluation.catalog import EVALUATIONS
from scratchlab.pipeline import SECTIONS
from scratchlab.recipe import resolve
from scratchlab.store.run import Run
from scratchlab.types import Inputs, Samples, Scores, Split, TrainingView

MELODIES: dict[str, Any] = {
    "data": {"name": "synthetic", "classes": 8, "groups": 12, "clips": 4, "seconds": 0.3},
    "protocol": {"base": 4, "way": 2, "shot": 3, "sessions": 2, "order": "source", "draws": 4, "test": 0.5},
}


def answered(
    runs: Path, heads: Mapping[str, float], raw: dict[str, Any] = MELODIES, *, seed: int = 0, answer_seed: int = 0, noise: float = 0.3
) -> Run:
    """A finished run of the recipe `raw`. heads: name -> quality of predictions (0: chance). answer_seed: for the predictions.
    noise: of the embedding."""
    recipe = resolve({**raw, "seed": seed}, SECTIONS, "melodies")
    run = Run.create(runs, recipe, "Melodies <b>and</b> more", again=True)
    samples: Samples = recipe.build("data", SECTIONS).read()
    protocol = recipe.build("protocol", SECTIONS, seed)
    plan, rng = protocol.plan(samples), np.random.default_rng(answer_seed)
    base: Split = plan.split

    class Stub:
        def learn(self, view: TrainingView) -> None:
            self.classes = view.classes

        def score(self, inputs: Inputs) -> dict[str, Scores]:
            classes = self.classes if hasattr(self, "classes") else base.classes
            right = (samples.labels[inputs.rows][:, None] == classes).astype(np.float32)
            return {head: Scores(rng.normal(size=right.shape).astype(np.float32) + clear * right, classes) for head, clear in heads.items()}

        baselines = SimpleNamespace(score=lambda inputs: {})

        def branch(self) -> Stub:
            return Stub()

        def similarity_to_base(self) -> torch.Tensor:
            return torch.zeros(len(self.classes) - len(base.classes), len(base.classes))

    class Silent:
        def over(self, items: Any, name: str) -> Any:
            return iter(items)

    with run.writing():
        trained(run, 3)
        method: Any = Stub()
        run.save_result(EVALUATIONS[protocol.kind](plan, method, samples, Silent()))
        centres = np.eye(len(samples.classes), 16, dtype=np.float32)[base.truth(samples)]
        vectors = centres + noise * rng.normal(size=centres.shape).astype(np.float32)
        run.save_arrays("embeddings", {"vectors": vectors.astype(np.float32)}, {"ids": samples.ids[base.query].tolist()})
        run.update_status("finished", state="finished")
    return run
