"""Caches of embeddings by row, against a dictionary of tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from scratchlab.learn.embedder import BATCH
from scratchlab.learn.embeddings import MatricesByRow, ValuesByRow
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.types import Batch, Inputs, Rows
from tests.learning.conftest import FORM, embedder, problem

sets = st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=20, unique=True), min_size=1, max_size=8)


@given(sets, st.integers(0, 99))
@settings(max_examples=50)
def test_get_returns_the_values_put_last(puts: list[list[int]], seed: int) -> None:
    table, reference, generator = ValuesByRow(), dict[int, Tensor](), torch.Generator().manual_seed(seed)
    for numbers in puts:
        values = torch.randn(len(numbers), 3, generator=generator)
        requested = np.array([*numbers, *numbers[:3], 70])
        expected = [place for place, row in enumerate(requested.tolist()) if row not in reference and row not in requested[:place]]
        assert table.missing(requested).tolist() == expected
        table.put(np.array(numbers), values)
        reference.update(zip(numbers, values, strict=True))
        assert len(table) == len(reference)
    all_rows = np.array([*reference, *reference])
    assert torch.equal(table.get(all_rows), torch.stack([reference[row] for row in all_rows.tolist()]))


@given(st.lists(st.lists(st.integers(1, 7), min_size=1, max_size=6), min_size=1, max_size=5), st.integers(0, 99))
@settings(max_examples=50)
def test_matrices_are_padded_to_the_longest_requested(puts: list[list[int]], seed: int) -> None:
    table, reference, generator = MatricesByRow(), list[Tensor](), torch.Generator().manual_seed(seed)
    for lengths in puts:
        matrices = torch.randn(len(lengths), max(lengths) + 2, 4, generator=generator)  # values beyond the lengths are not stored
        table.put(np.arange(len(reference), len(reference) + len(lengths)), matrices, torch.tensor(lengths))
        reference.extend(matrix[:length] for matrix, length in zip(matrices, lengths, strict=True))
    rng = np.random.default_rng(seed)
    for size in (1, 3, 10):
        requested = rng.integers(0, len(reference), size)
        matrices, lengths = table.get(requested)
        known = [reference[row] for row in requested.tolist()]
        assert torch.equal(matrices, pad_sequence(known, batch_first=True))
        assert lengths.tolist() == [len(matrix) for matrix in known]


def test_adding_row_by_row_reallocates_rarely() -> None:
    table, capacities = ValuesByRow(), set[int]()
    for row in range(1000):
        table.put(np.array([row]), torch.full((1, 2), float(row)))
        assert table._values.buffer is not None
        capacities.add(len(table._values.buffer))
    assert len(capacities) <= 11  # 1, 2, 4, … 1024
    assert table.get(np.array([999, 0]))[:, 0].tolist() == [999.0, 0.0]


def test_missing_values_raise_errors() -> None:
    with pytest.raises(ValueError, match="nothing was added"):
        ValuesByRow().get(np.array([0]))
    assert ValuesByRow().positions(np.array([5, 0])).tolist() == [-1, -1]
    table = ValuesByRow()
    table.put(np.array([3]), torch.zeros(1, 2))
    with pytest.raises(KeyError, match="row 7"):
        table.get(np.array([3, 7]))


def test_missing_rows_are_embedded_once_and_the_cache_is_cleared_by_training() -> None:
    rows, loads = problem(2 * BATCH + 10), list[list[int]]()

    def load(requested: Rows) -> Batch:
        loads.append(requested.tolist())
        return rows._load(requested)

    body = embedder(Conv4(FORM, channels=8))
    body.vectors(Inputs(np.arange(10), load))
    turned = np.concatenate([np.arange(len(rows))[::-1], [3, 20]])
    vectors = body.vectors(Inputs(turned, load))
    expected = [row for row in turned[:-2].tolist() if row >= 10]
    assert loads == [list(range(10)), expected[:BATCH], expected[BATCH:]]
    assert torch.equal(vectors[-2:], vectors[[len(rows) - 4, len(rows) - 21]])
    matrices = body.embeddings(Inputs(np.arange(20), load))
    assert loads[3:] == [list(range(20))], "matrices were not cached before"
    assert torch.equal(matrices.vector, body.vectors(Inputs(np.arange(20), load)))
    body.train()
    body.eval()
    body.vectors(Inputs(np.arange(3), load))
    assert loads[4:] == [[0, 1, 2]]
