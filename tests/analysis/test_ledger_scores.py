"""The ledger of training scored against true labels."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from scratchlab.analysis.ledger import facts, scores, separation, transition_matrix
from scratchlab.checks import Problem

CLASSES = ["ant", "bee", "cat"]
KIND = pl.Enum(CLASSES)
NOISE = pl.DataFrame(
    {
        "id": ["a", "b", "c", "d", "e"],
        "split": ["train"] * 4 + ["valid"],
        "true": pl.Series(["ant", "ant", "bee", "cat", "cat"], dtype=KIND),
        "given": pl.Series(["ant", "bee", "bee", "ant", "cat"], dtype=KIND),  # b and d are wrong
    }
)


def ledger(**columns: list[Any]) -> pl.DataFrame:
    """Two epochs of the four training samples, in another order than the table of labels."""
    return pl.DataFrame({"id": ["d", "c", "b", "a"] * 2, "epoch": [0] * 4 + [1] * 4, **columns})


def test_scores_by_hand() -> None:
    table = ledger(
        loss=[2.0, 1.0, 3.0, 0.5, 1.0, 1.0, 1.0, 1.0],
        weight=[0.1, 0.9, 0.5, 0.5, 0.9, 0.1, 0.8, 0.2],
        selected=[False, True, True, True, False, False, False, False],
        pseudo_label=["cat", "bee", "bee", "ant", "cat", "bee", "ant", None],
    )
    found = scores(table, NOISE)
    assert list(found) == [0, 1]
    first, second = ({name: one.value for name, one in found[epoch].items()} for epoch in (0, 1))
    assert first == {
        "auroc_loss": 1.0,  # d 2 and b 3 above c 1 and a .5
        "auroc_weight": 0.875,  # d beats both; b ties a and beats c: 3.5 of 4
        "selection_precision": pytest.approx(2 / 3),
        "selection_recall": 1.0,
        "pseudo_label_accuracy": 0.75,  # b's bee is not ant
        "pseudo_label_corrected": 0.5,
        "pseudo_label_kept": 1.0,
    }
    assert second["auroc_loss"] == 0.5
    assert second["auroc_weight"] == 0.0
    assert second["selection_precision"] is None
    assert found[1]["selection_precision"].how == "undefined, because there are no selected samples"
    assert second["pseudo_label_kept"] == 1.0  # a has none and does not count
    assert found[1]["pseudo_label_kept"].n == 1


def test_pseudo_labels_may_be_indices_of_classes() -> None:
    named = scores(ledger(pseudo_label=["cat", "bee", "ant", "ant"] * 2), NOISE)
    assert scores(ledger(pseudo_label=[2, 1, 0, 0] * 2), NOISE) == named


def test_columns_that_a_method_has_not_are_not_scored_and_empty_ones_are_undefined() -> None:
    found = scores(ledger(loss=[1.0] * 8, clean_posterior=pl.Series([None] * 4 + [0.5] * 4, dtype=pl.Float64).to_list()), NOISE)
    assert list(found[0]) == ["auroc_loss", "auroc_clean_posterior"]
    assert found[0]["auroc_clean_posterior"].value is None
    assert found[1]["auroc_clean_posterior"].value == 0.5


def test_facts_fit_json_and_hold_every_epoch() -> None:
    found = facts(ledger(loss=[2.0, 1.0, 3.0, 0.5, 1.0, 1.0, 1.0, 1.0]), NOISE)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["epochs"] == [0, 1]
    assert found["values"] == {"auroc_loss": [1.0, 0.5]}
    assert found["last"]["auroc_loss"]["value"] == 0.5


def test_a_sample_without_a_label_is_refused() -> None:
    with pytest.raises(Problem, match=r"tells of 2 rows that noise\.parquet does not list, the first of sample 'd'"):
        scores(ledger(loss=[1.0] * 8), NOISE.filter(pl.col("id") != "d"))


def test_separation_counts_every_sample_once_in_bins_that_both_share() -> None:
    rng = np.random.default_rng(0)
    n = 500
    labels = pl.DataFrame(
        {"id": [str(i) for i in range(n)], "true": ["ant"] * n, "given": ["bee" if i % 5 == 0 else "ant" for i in range(n)]}
    )
    losses = np.exp(rng.normal(size=n) + 2 * (np.arange(n) % 5 == 0))
    losses[1] = 0.0
    table = pl.DataFrame({"id": labels["id"], "epoch": [3] * n, "loss": losses})
    found = separation(table, labels.cast({"true": KIND, "given": KIND}), 3, bins=20)
    assert (found.right.sum(), found.wrong.sum()) == (400, 100)
    assert len(found.edges) == 21
    assert found.logarithmic
    middle = np.sqrt(found.edges[1:] * found.edges[:-1])
    assert (middle * found.wrong).sum() / 100 > (middle * found.right).sum() / 400
    with pytest.raises(Problem, match="contains no loss of epoch 4"):
        separation(table, labels.cast({"true": KIND, "given": KIND}), 4)


def test_transition_matrix_has_a_row_a_true_class() -> None:
    counts = transition_matrix({"transitions": {"ant": {"ant": 3, "cat": 2}, "cat": {"bee": 1}}}, CLASSES)
    assert counts.tolist() == [[3, 0, 2], [0, 0, 0], [0, 1, 0]]
