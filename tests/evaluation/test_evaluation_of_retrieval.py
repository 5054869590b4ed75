"""Evaluation of retrieval: mAP, CMC, mINP and one row per probe, from tiles of similarities; and a data set of faces."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import polars as pl
import pytest
import torch
from tests.properties.sample_data import nested, samples_of

from scratchlab import result
from scratchlab.data.protocols.retrieval import Retrieval, RetrievalPlan
from scratchlab.data.sources.orl import ORL
from scratchlab.evaluation import retrieval as evaluation
from scratchlab.evaluation.catalog import EVALUATIONS
from scratchlab.learn import comparisons
from scratchlab.learn.baselines import Features
from scratchlab.learn.embedder import Embedder
from scratchlab.metrics.estimate import over_groups
from scratchlab.metrics.ranking import Rules, retrieval
from scratchlab.models.encoders.mlp import MLP
from scratchlab.models.frontends.pixels import Pixels
from scratchlab.models.temporal.frames import Frames
from scratchlab.report.run.kinds.catalog import SECTIONS
from scratchlab.similarity.vector import L2
from scratchlab.types import Inputs, LabelledInputs, Rows, Samples

T = TypeVar("T")
Comparing = Callable[[Rows, Rows], np.ndarray]


class Silent:
    def over(self, items: Sequence[T], name: str) -> Iterator[T]:
        del name
        return iter(items)


class Asked:
    """A method whose similarities are given functions, for 7 queries at a time; it gets no labels."""

    def __init__(self, **heads: Comparing) -> None:
        self.heads = heads

    def pairwise(self, queries: Inputs, references: Inputs) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
        assert not any(isinstance(one, LabelledInputs) for one in (queries, references))
        for start in range(0, len(queries), 7):
            rows = queries.rows[start : start + 7]
            tile = {head: compare(rows, references.rows).astype(np.float32) for head, compare in self.heads.items()}
            yield slice(start, start + len(rows)), tile


def guessing(queries: Rows, references: Rows) -> np.ndarray:
    """Arbitrary similarities, computed from row numbers."""
    return np.sin(queries[:, None] * 12.9898 + references[None] * 78.233)


def knowing(samples: Samples) -> Comparing:
    """1 for the same identity, 0 for another."""
    return lambda queries, references: samples.labels[queries][:, None] == samples.labels[references]


def evaluated(plan: RetrievalPlan, samples: Samples, method: Asked, baselines: Asked | None = None) -> result.Result:
    asker: Any = SimpleNamespace(pairwise=method.pairwise, baselines=baselines or Asked())
    return EVALUATIONS["retrieval"](plan, asker, samples, Silent())


def samples_of_many() -> Samples:
    """30 identities of 12 rows in 4 cameras."""
    cells = [(label, row % 4) for label in range(30) for row in range(12)]
    return samples_of([label for label, _ in cells], camera=[camera for _, camera in cells])


CAMERAS: dict[str, Any] = {"test": 0.5, "probes": 3, "draw": "seed", "camera": "camera", "same_camera": "ignore"}


def test_metrics_equal_those_of_the_whole_matrix() -> None:
    samples = samples_of_many()
    plan = Retrieval(0, **CAMERAS).plan(samples)
    outcome = evaluated(plan, samples, Asked(guess=guessing, right=knowing(samples)), Asked(untrained=guessing))
    probes, gallery, camera = plan.split.query, plan.gallery, samples.groups["camera"]
    whole = guessing(probes, gallery).astype(np.float32)
    labels = samples.labels
    known = retrieval(whole, labels[probes], labels[gallery], camera[probes], camera[gallery], Rules("ignore"), similarities=True)
    assert list(outcome.heads) == ["guess", "right", "untrained"]
    assert list(outcome.head.metrics) == ["mAP", "rank_1", "rank_5", "rank_10", "mINP"]
    expected = [known.mean_ap, known.cmc(1), known.cmc(5), known.cmc(10), known.minp]
    assert [one.value for one in outcome.head.metrics.values()] == pytest.approx(expected, abs=1e-12)
    assert outcome.heads["untrained"] == outcome.heads["guess"]
    assert all(one.value == 1 for one in outcome.heads["right"].metrics.values())
    assert outcome.head.headline == over_groups(known.ap, plan.groups[probes], unit="identities", block=evaluation.BLOCK)
    assert outcome.head.headline.how == "bootstrap over 15 identities, each with all its probes"
    chart: Any = SECTIONS["retrieval"](outcome, []).figures["cmc"]["data"][0]
    assert chart["y"] == pytest.approx([known.cmc(k) for k in range(1, 51)], abs=1e-12)
    assert outcome.facts["counts"] == {
        "probes": 45,
        "gallery": 135,
        "identities": 15,
        "without_match": 0,
        "same_camera": int(known.ignored.sum()),
        "junk": 0,
        "distractors": 0,
    }
    assert int(known.ignored.sum()) > 0
    assert (
        f"{known.ignored.sum()} pairs of a probe and a gallery row of its identity were ignored because of the same-camera rule."
        in outcome.notes
    )
    assert "gallery rows with the identity and the camera of the probe are ignored" in outcome.notes[0]
    assert outcome.headline.startswith("guess head: mAP ")
    assert outcome.headline.endswith("45 probes of 15 identities against 135 gallery rows")


def test_a_note_names_groups_whose_probes_are_of_several_identities() -> None:
    samples = samples_of_many()
    (said,) = [note for note in evaluated(Retrieval(0, **CAMERAS).plan(samples), samples, Asked(guess=guessing)).notes if "several" in note]
    assert said.startswith("The probes of 4 values of 'camera' are of several identities. The intervals resample identities alone")
    own = replace(samples, groups={"person": samples.labels.astype(str)})
    assert "several" not in " ".join(evaluated(Retrieval(0, test=0.5).plan(own), own, Asked(guess=guessing)).notes)
    one_each = evaluated(Retrieval(0, test=0.5, probes=1).plan(own), own, Asked(guess=guessing))
    assert one_each.head.headline.how == "bootstrap over 15 identities"


def test_metrics_are_means_of_the_units() -> None:
    samples = samples_of_many()
    plan = Retrieval(0, **CAMERAS).plan(samples)
    outcome = evaluated(plan, samples, Asked(guess=guessing, right=knowing(samples)))
    table = outcome.units.collect()
    assert table.columns == ["id", "group", "head", "truth", "answer", "value", "inp", "rank"]
    for head in outcome.heads:
        own, metrics = table.filter(pl.col("head") == head), outcome.heads[head].metrics
        assert own["id"].to_list() == samples.ids[plan.split.query].tolist()
        assert own["value"].mean() == pytest.approx(metrics["mAP"].value)
        assert own["inp"].mean() == pytest.approx(metrics["mINP"].value)
        assert (own["rank"] <= 5).mean() == pytest.approx(metrics["rank_5"].value)
        assert ((own["truth"] == own["answer"]) == (own["rank"] == 1)).all()
        assert (own["group"] == own["truth"].cast(str)).all()
    assert set(outcome.classes) == {samples.classes[label] for label in np.unique(samples.labels[plan.gallery])}
    assert outcome.layout.unit == "probe"
    assert outcome.layout.block == "identity"


def test_results_survive_saving_and_loading() -> None:
    samples = nested()
    plan = Retrieval(0, test=0.5, disjoint=["alphabet"], valid=0.0).plan(samples)
    outcome = evaluated(plan, samples, Asked(guess=guessing))
    assert result.parse(json.dumps(outcome.values()), "result.json", outcome.units.collect().lazy) == outcome


def test_ranks_beyond_the_gallery_are_omitted_and_unmatched_probes_are_counted() -> None:
    """Identity 1 has one row, so its probe has no match; the gallery has three rows, fewer than ranks 5 and 10."""
    samples = samples_of([0, 0, 0, 1, 2, 2, 2, 2], camera=[0, 1, 2, 0, 0, 0, 1, 2])
    given: dict[str, Any] = {"test": ["class1", "class2"], "probes": 1, "valid": 0.0, "unmatched": "count"}
    plan = Retrieval(0, **given, camera="camera", same_camera="ignore").plan(samples)
    outcome = evaluated(plan, samples, Asked(right=knowing(samples)))
    assert list(outcome.head.metrics) == ["mAP", "rank_1", "mINP"]
    assert outcome.facts["counts"]["without_match"] == 1
    assert outcome.facts["counts"]["same_camera"] == 1
    assert "1 of 2 probes have no match in the gallery and are excluded from means." in outcome.notes
    assert outcome.units.collect()["id"].to_list() == ["item4"]
    assert SECTIONS["retrieval"](outcome, []).figures["cmc"]["data"][0]["y"] == [1.0, 1.0, 1.0]


def test_metrics_without_a_match_are_undefined() -> None:
    samples = samples_of([0, 0, 1, 2, 2], camera=[0, 1, 0, 0, 0])
    given: dict[str, Any] = {"test": ["class1", "class2"], "probes": 1, "valid": 0.0, "unmatched": "count"}
    plan = Retrieval(0, **given, camera="camera", same_camera="ignore").plan(samples)
    outcome = evaluated(plan, samples, Asked(right=knowing(samples)))
    assert {str(one) for one in outcome.head.metrics.values()} == {"undefined, because no probe has a match"}
    assert outcome.units.collect().is_empty()
    assert SECTIONS["retrieval"](outcome, []).figures == {}


def test_junk_is_ignored_and_distractors_count() -> None:
    samples = samples_of_many()
    given: dict[str, Any] = {"test": [f"class{i}" for i in range(20, 30)], "probes": 1}
    plain, other = (
        evaluated(Retrieval(0, **given, **more).plan(samples), samples, Asked(guess=guessing))
        for more in ({"distractors": ["class29"]}, {"junk": ["class29"]})
    )
    assert (plain.facts["counts"]["distractors"], plain.facts["counts"]["gallery"]) == (12, 111)
    assert (other.facts["counts"]["junk"], other.facts["counts"]["gallery"]) == (12, 99)
    assert (plain.head.headline.value or 0) < (other.head.headline.value or 0)


def test_only_a_tile_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "TILE", 10)
    samples = samples_of_many()
    plan = Retrieval(0, **CAMERAS).plan(samples)
    lengths: list[int] = []

    class Watched(Asked):
        def pairwise(self, queries: Inputs, references: Inputs) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
            lengths.append(len(queries))
            return super().pairwise(queries, references)

    outcome = evaluated(plan, samples, Watched(guess=guessing))
    assert lengths == [10, 10, 10, 10, 5]
    assert outcome.heads == evaluated(plan, samples, Asked(guess=guessing)).heads


# -- faces: images 1 and 2 of each of 40 people are probes, 3 to 10 the gallery, compared by Euclidean distance of raw pixels

FACES = {"mAP": 0.73257, "rank_1": 0.9875}


@pytest.fixture(scope="module")
def faces(real_data: Callable[[str], Path]) -> Samples:
    return ORL(root=str(real_data("images/orl.npz"))).read()


def test_faces_by_a_plain_array_of_distances(faces: Samples) -> None:
    pixels = faces.load(np.arange(400)).values.reshape(400, -1).astype(np.float64)
    number = np.array([int(name.split("/")[1]) for name in faces.ids])
    probes, gallery = np.flatnonzero(number <= 2), np.flatnonzero(number > 2)
    squares = (pixels**2).sum(1)
    distances = squares[probes][:, None] + squares[gallery] - 2 * pixels[probes] @ pixels[gallery].T
    outcome = retrieval(distances, faces.labels[probes], faces.labels[gallery])
    assert outcome.mean_ap == pytest.approx(FACES["mAP"], abs=5e-6)
    assert outcome.cmc(1) == FACES["rank_1"]


def test_faces_through_protocol_and_evaluation(faces: Samples) -> None:
    """All 40 persons are test identities, so an additional artificial one is used for training."""
    everyone = Samples(
        np.append(faces.ids, ["nobody/1", "nobody/2"]),
        np.append(faces.labels, [40, 40]),
        (*faces.classes, "nobody"),
        {},
        np.full(402, ""),
        faces.form,
        lambda rows: faces.load(rows % 400),
    )
    plan = Retrieval(0, test=list(faces.classes), probes=2, valid=0.0).plan(everyone)
    pixels = Features(Embedder(Pixels(faces.form), MLP(faces.form, hidden=[1]), Frames(1, 1)))
    similarity = L2()

    def compare(queries: Inputs, references: Inputs) -> dict[str, torch.Tensor]:
        return {"pixels": comparisons.pair_scores(pixels, similarity, queries, references)}

    method: Any = SimpleNamespace(
        pairwise=lambda queries, references: comparisons.pairwise(queries, references, compare), baselines=Asked()
    )
    outcome = EVALUATIONS["retrieval"](plan, method, everyone, Silent())
    assert outcome.head.metrics["mAP"].value == pytest.approx(FACES["mAP"], abs=1e-5)
    assert outcome.head.metrics["rank_1"].value == FACES["rank_1"]
    assert outcome.facts["counts"]["gallery"] == 320
    assert len(outcome.classes) == 40
