"""The shared types check their contents when they are constructed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.types import Batch, Embeddings, Samples, Scores, Split, Waveform, rows


def samples(**changed: Any) -> Samples:
    whole: dict[str, Any] = {
        "ids": np.array(["a", "b", "c"]),
        "labels": np.array([0, 1, 0]),
        "classes": ("yes", "no"),
        "groups": {"speaker": np.array(["x", "y", "x"])},
        "splits": np.array(["train", "test", ""]),
        "form": Waveform(16000),
        "load": lambda rows: Batch(np.zeros((len(rows), 4), np.float32), np.full(len(rows), 4)),
    }
    return Samples(**{**whole, **changed})


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"ids": np.array([], dtype=str)}, "The source has no samples"),
        ({"ids": np.array(["a", "b", "a"])}, "Sample ids must be unique; these are repeated: a"),
        ({"labels": np.array([0, 1])}, "has 3 ids but 2 values of labels"),
        ({"labels": np.array([0, 2, 0])}, "Labels must be 0 to 1, for 2 classes; they are 0 to 2"),
        ({"groups": {"speaker": np.array(["x"])}}, "has 3 ids but 1 values of speaker"),
        ({"splits": np.array(["train", "dev", ""])}, "A split must be 'train', 'valid', 'test' or '', not dev"),
    ],
)
def test_samples(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        samples(**changed)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"train": rows([0, 0])}, "The train rows of a split contain a row twice"),
        ({"query": rows([0, 2])}, "The train and query rows of a split have 1 row in common"),
        ({"reference": rows([2])}, "The reference and query rows of a split have 1 row in common"),
        ({"valid": rows([0])}, "The train and valid rows of a split have 1 row in common"),
    ],
)
def test_splits(changed: dict[str, Any], sentence: str) -> None:
    whole = {"train": rows([0]), "valid": rows([1]), "reference": rows(), "query": rows([2]), "classes": rows([0, 1])}
    with pytest.raises(Problem, match=sentence):
        Split(**{**whole, **changed})


def test_views_and_inputs_of_a_split() -> None:
    data, split = samples(), Split(rows([0]), rows(), rows([1]), rows([2]), rows([0, 1]))
    view, inputs = split.view(data), split.inputs(data)
    assert (view.train.labels.tolist(), view.reference.ids.tolist(), len(view.valid)) == ([0], ["b"], 0)
    assert inputs.batch(rows([0])).values.shape == (1, 4)
    assert split.truth(data).tolist() == [0]


def test_grouped() -> None:
    """Without columns of groups every row is its own group; one column gives its values, several their connected components."""
    columns = {"speaker": np.array(["x", "y", "z"]), "room": np.array(["a", "b", "b"])}
    assert samples(groups={}).grouped().tolist() == ["a", "b", "c"]
    assert samples(groups=columns).grouped().tolist() == ["x", "y", "z"]
    assert samples(groups=columns).grouped(["room"]).tolist() == ["a", "b", "b"]
    both = samples(groups=columns).grouped(["speaker", "room"])
    assert (both[0] == both[1], both[1] == both[2]) == (False, True)
    with pytest.raises(
        Problem, match=r"protocol.disjoint names 'rom', but the source's columns of groups are: speaker, room. Did you mean 'room'\?"
    ):
        samples(groups=columns).grouped(["rom"])
    with pytest.raises(Problem, match=r"protocol\.apart names 'room', but the source has no groups"):
        samples(groups={}).grouped(["room"], "protocol.apart")


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[st.integers(0, 9)] * width), min_size=1, max_size=25)))
def test_groups_of_several_columns_are_connected_components(values: list[tuple[int, ...]]) -> None:
    columns = {f"column{i}": np.array([f"value{row[i]}" for row in values]) for i in range(len(values[0]))}
    data = samples(
        ids=np.array([f"item{i}" for i in range(len(values))]),
        labels=np.zeros(len(values), np.int64),
        splits=np.full(len(values), ""),
        groups=columns,
    )
    groups = data.grouped(list(columns))
    for start in range(len(values)):
        reached = {start}
        while more := {j for j in range(len(values)) for i in reached if any(map(int.__eq__, values[i], values[j]))} - reached:
            reached |= more
        assert set(np.flatnonzero(groups == groups[start]).tolist()) == reached


def test_embeddings_and_scores() -> None:
    with pytest.raises(Problem, match=r"a vector \[n, d\], a matrix \[n, t, c\] and lengths"):
        Embeddings(torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(2))
    with pytest.raises(Problem, match="must agree in n: 2 vectors, 3 matrices, 2 lengths"):
        Embeddings(torch.zeros(2, 3), torch.zeros(3, 4, 3), torch.zeros(2))
    with pytest.raises(Problem, match="one column per class"):
        Scores(np.zeros((2, 3), np.float32), rows([0, 1]))
    with pytest.raises(Problem, match="1 of 2 queries have a score that is not finite; the first at position 1"):
        Scores(np.array([[0, 1], [np.nan, 0]], np.float32), rows([0, 1]))
    assert Scores(np.array([[0.1, 0.9], [0.5, 0.5]], np.float32), rows([7, 3])).predicted().tolist() == [3, 7]


def test_helpers_of_messages() -> None:
    assert [counted(n, noun) for n, noun in ((1, "clip"), (2, "clip"), (0, "class"), (3, "epoch"), (2, "batch"))] == [
        "1 clip", "2 clips", "0 classes", "3 epochs", "2 batches",
    ]  # fmt: skip
    assert listing("abc", most=2) == "a, b, … (3 in all)"
    assert nearest("widht", ["width", "depth"]) == " Did you mean 'width'?"
    assert nearest("zzz", ["width"]) == ""
