"""References and heads: class means and shots, caching, and the choice of weights and thresholds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scratchlab.checks import Problem
from scratchlab.learn.references import References, class_means
from scratchlab.learn.scoring import Scoring
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.fusion import margins
from scratchlab.similarity.matching import OneToOne
from scratchlab.similarity.vector import Cosine
from scratchlab.types import Inputs
from tests.contracts.test_similarities import embeddings
from tests.learning.conftest import FORM, embedder, problem

SIX = {name: make() for name, make in SIMILARITIES.items() if name in ("cosine", "l2", "cka", "one_to_one")}


def test_class_means_by_hand() -> None:
    inputs, labels = embeddings([4, 4, 4, 6, 2]), torch.tensor([0, 1, 0, 1, 1])
    actual = class_means(inputs, labels, 2)
    assert torch.allclose(actual.vector[0], inputs.vector[[0, 2]].mean(0))
    assert torch.allclose(actual.matrix[0, :4], inputs.matrix[[0, 2], :4].mean(0))
    assert actual.lengths.tolist() == [4, 4]  # 4, 6 and 2 steps: 4 in the mean
    assert torch.allclose(
        actual.matrix[1, 0], inputs.matrix[[1, 3, 4], 0].mean(0), atol=1e-6
    )  # first steps are aligned, and so are last steps
    assert torch.allclose(actual.matrix[1, 3], (inputs.matrix[1, 3] + inputs.matrix[3, 5] + inputs.matrix[4, 1]) / 3, atol=1e-6)


def test_scores_of_shots_are_averaged() -> None:
    inputs, labels, queries = embeddings([4, 5, 4, 6]), torch.tensor([0, 1, 0, 1]), embeddings([3, 7], 1)
    scores, pairs = References(OneToOne(), inputs, labels, 2).compare(queries), OneToOne()(queries, inputs)
    assert torch.allclose(scores, torch.stack([pairs[:, [0, 2]].mean(1), pairs[:, [1, 3]].mean(1)], 1))


def test_scores_are_cached_by_row() -> None:
    rows = problem()
    body = embedder(Conv4(FORM, channels=8))
    body.eval()
    actual = References.of(body, Cosine(), rows, np.arange(4), limit=3)
    inputs, loads = Inputs(np.arange(10, 30), rows._load), []
    first = actual.scores(body, inputs)
    unloadable = Inputs(np.arange(29, 9, -1), lambda rows: loads.append(rows))  # type: ignore[arg-type,return-value]
    assert torch.equal(actual.scores(body, unloadable), first.flip(0))
    assert loads == []


def test_the_number_of_shots_per_class_can_be_limited() -> None:
    rows = problem()
    body = embedder(Conv4(FORM, channels=8))
    assert len(References.of(body, SIMILARITIES["chamfer"](), rows, np.arange(4), limit=3).embeddings) == 12
    assert len(References.of(body, SIMILARITIES["chamfer"](references="mean"), rows, np.arange(4), limit=3).embeddings) == 4
    assert len(References.of(body, SIMILARITIES["chamfer"](), rows, np.arange(4)).embeddings) == len(rows), "without a limit, all are kept"
    with pytest.raises(Problem, match="Class 7 has no labelled row"):
        References.of(body, Cosine(), rows, np.array([0, 7]), limit=3)


def rehearsal(seed: int) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Scores of 40 queries of 4 classes: cosine is often correct, cka is noise."""
    generator = torch.Generator().manual_seed(seed)
    target = torch.arange(40) % 4
    right = torch.nn.functional.one_hot(target, 4)
    noise = torch.randn(2, 40, 4, generator=generator)
    return {"cosine": right * 2.0 + noise[0], "cka": noise[1]}, target


def test_fusion_weights_are_chosen_on_validation_rows() -> None:
    scoring = Scoring(SIX, fuse=[["cosine", "cka"]])
    scoring.choose([rehearsal(seed) for seed in range(3)])
    assert scoring.weights["cosine+cka"][0] >= 0.7
    assert "40 validation rows over 3 draws" in scoring.facts()["how"]
    equals = Scoring(SIX, fuse=[["cosine", "cka"]])
    alike = {"cosine": torch.eye(4), "cka": torch.eye(4)}
    equals.choose([(alike, torch.arange(4))])
    assert equals.weights["cosine+cka"] == [0.5, 0.5]


def test_without_validation_rows_weights_are_equal() -> None:
    scoring = Scoring(SIX, fuse=[["cosine", "cka"]], fallback=[("cosine", "cka")])
    scoring.choose([])
    assert scoring.weights["cosine+cka"] == [1.0, 1.0]
    assert scoring.thresholds == {"cosine>cka": 0.0}
    assert "no validation rows" in scoring.facts()["how"]


def test_the_threshold_falls_back_where_the_second_similarity_is_better() -> None:
    """The first is correct where its margin is large and guesses elsewhere; the second is correct there."""
    target = torch.tensor([0, 1, 2, 3])
    main = torch.tensor([[9.0, 0, 0, 0], [0, 9.0, 0, 0], [1.1, 1, 1, 0], [1.1, 1, 0, 1]])
    second = torch.tensor([[0, 0, 9.0, 0], [0, 0, 9.0, 0], [0, 0, 9.0, 0], [0, 0, 0, 9.0]])
    scoring = Scoring(SIX, fallback=[("cosine", "cka")])
    scoring.choose([({"cosine": main, "cka": second}, target)])
    heads = scoring.heads({"cosine": main, "cka": second})
    assert list(heads) == ["cosine>cka", "cosine", "cka"]
    assert torch.equal(heads["cosine>cka"].argmax(1), target)
    assert float(margins(main)[2]) < scoring.thresholds["cosine>cka"] < float(margins(main)[0])
    useless = Scoring(SIX, fallback=[("cosine", "cka")])
    useless.choose([({"cosine": second, "cka": main}, second.argmax(1))])
    assert useless.thresholds["cosine>cka"] == 0.0  # a fallback gains nothing


def test_a_single_class_needs_no_fallback() -> None:
    scoring = Scoring(SIX, fallback=[("cosine", "cka")])
    scoring.choose([({"cosine": torch.ones(3, 1), "cka": torch.ones(3, 1)}, torch.zeros(3, dtype=torch.long))])
    assert scoring.thresholds == {"cosine>cka": 0.0}


def test_names_that_contain_a_plus_are_supported() -> None:
    scoring = Scoring({"cosine+": SIX["cosine"], "cka": SIX["cka"]}, fuse=[["cosine+", "cka"]])
    assert scoring.facts()["weights"] == {"cosine++cka": {"cosine+": 1.0, "cka": 1.0}}


def test_wrong_fusions_raise_problems() -> None:
    with pytest.raises(Problem, match=r"names 'cosin', but the similarities of this recipe are: .*Did you mean 'cosine'"):
        Scoring(SIX, fuse=[["cosin", "cka"]])
    with pytest.raises(Problem, match="needs two or more different similarities"):
        Scoring(SIX, fuse=[["cosine", "cosine"]])
    with pytest.raises(Problem, match="two or more different similarities"):
        Scoring(SIX, fuse=[["cosine", "cka", "cka"]])
