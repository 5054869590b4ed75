"""Every similarity: independence of padding and batch, dependence on order as declared, correct gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.reversal import time_reversal
from scratchlab.similarity.sequences import resampled, reversed_steps
from scratchlab.types import Embeddings

CHANNELS = 5
for_each = pytest.mark.parametrize("name", SIMILARITIES)


def built(name: str) -> Similarity:
    return SIMILARITIES[name]()


def embeddings(lengths: list[int], seed: int = 0, dtype: torch.dtype = torch.float32, beyond: float = 0.0) -> Embeddings:
    """Random walks, since successive frames are similar; `beyond` fills the padding."""
    generator = torch.Generator().manual_seed(seed)
    vectors, matrices = torch.randn(len(lengths), 7, generator=generator, dtype=dtype), []
    for length in lengths:
        walk = torch.randn(length, CHANNELS, generator=generator, dtype=dtype).cumsum(0)
        matrices.append(torch.cat([walk, torch.full((max(lengths) - length, CHANNELS), beyond, dtype=dtype)]))
    return Embeddings(vectors, torch.stack(matrices), torch.tensor(lengths))


def with_matrix(of: Embeddings, matrix: Tensor) -> Embeddings:
    return Embeddings(of.vector, matrix, of.lengths, of.streams)


def padded(of: Embeddings, steps: int, value: float) -> Embeddings:
    return with_matrix(of, torch.cat([of.matrix, torch.full((len(of), steps, CHANNELS), value)], 1))


lengths = st.lists(st.integers(1, 9), min_size=1, max_size=4)


@for_each
@given(query_lengths=lengths, reference_lengths=lengths, more=st.integers(1, 6), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_padding_never_changes_a_score(name: str, query_lengths: list[int], reference_lengths: list[int], more: int, seed: int) -> None:
    similarity = built(name)
    queries, references = embeddings(query_lengths, seed), embeddings(reference_lengths, seed + 1)
    plain = similarity(queries, references)
    assert plain.shape == (len(query_lengths), len(reference_lengths))
    assert torch.allclose(plain, similarity(padded(queries, more, 0.0), padded(references, more, 0.0)), atol=1e-5)
    assert torch.allclose(
        plain, similarity(embeddings(query_lengths, seed, beyond=9.0), embeddings(reference_lengths, seed + 1, beyond=-9.0)), atol=1e-5
    )


@for_each
def test_other_inputs_never_change_a_score(name: str) -> None:
    similarity = built(name)
    queries, references = embeddings([6, 3, 9, 1]), embeddings([2, 7, 7, 4, 1], seed=1)
    whole = similarity(queries, references)
    for i in range(len(queries)):
        for j in range(len(references)):
            alone = similarity(queries.at(slice(i, i + 1)), references.at(slice(j, j + 1)))
            assert torch.allclose(whole[i, j], alone[0, 0], atol=1e-5)


@for_each
def test_order_matters_if_and_only_if_declared(name: str) -> None:
    similarity = built(name)
    queries, references = embeddings([8] * 6), embeddings([8, 8, 5], seed=1)
    plain, turned = similarity(queries, references), similarity(reversed_steps(queries), references)
    shuffled = similarity(
        with_matrix(queries, queries.matrix[:, torch.randperm(8, generator=torch.Generator().manual_seed(0))]), references
    )
    if similarity.sees_order:
        assert (plain - turned).abs().amax(1).min() > 1e-3
        assert (plain - shuffled).abs().amax(1).min() > 1e-3
    else:
        assert torch.allclose(plain, turned, atol=1e-5)
        assert torch.allclose(plain, shuffled, atol=1e-5)


@for_each
def test_time_reversal_agrees_with_sees_order(name: str) -> None:
    similarity, reversals = built(name), time_reversal(built(name), embeddings([9] * 8))
    assert (reversals.share > 0.9) == similarity.sees_order
    assert similarity.sees_order or reversals.itself == pytest.approx(reversals.reversed, abs=1e-5)
    assert "the reversal scores lower" in str(reversals)


@for_each
def test_an_input_is_most_similar_to_itself(name: str) -> None:
    if name == "product":
        pytest.skip("an inner product grows with the length of what it is compared with")
    inputs = embeddings([8, 8, 8, 8])
    scores = built(name)(inputs, inputs)
    assert torch.equal(scores.argmax(1), torch.arange(4))


@for_each
def test_distances_are_negated_and_products_are_not(name: str) -> None:
    inputs, others = embeddings([8] * 6), embeddings([8] * 6, seed=1)
    similarity = built(name)
    if similarity.is_distance:
        assert similarity(inputs, others).max() < 0
    else:
        assert similarity(inputs, inputs).diagonal().min() > 0


@for_each
def test_autocast_does_not_change_scores(name: str) -> None:
    queries, references = embeddings([6, 3, 9]), embeddings([2, 7, 7], seed=1)
    with torch.autocast("cpu", torch.bfloat16):
        beside = built(name)(queries, references)
    assert torch.equal(beside, built(name)(queries, references))


@for_each
def test_it_reads_only_the_declared_part(name: str) -> None:
    similarity = built(name)
    queries, references, others = embeddings([4, 6]), embeddings([5, 3], seed=1), embeddings([4, 6], seed=2)
    plain = similarity(queries, references)
    vectors = similarity(Embeddings(others.vector, queries.matrix, queries.lengths), references)
    matrices = similarity(Embeddings(queries.vector, others.matrix, queries.lengths), references)
    assert torch.equal(plain, vectors) == (similarity.reads == "matrix")
    assert torch.equal(plain, matrices) == (similarity.reads == "vector")


@for_each
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    similarity = built(name)
    queries, references = (embeddings(lengths, seed, torch.float64) for lengths, seed in (([4, 2], 0), ([3, 4], 1)))

    def score(*parts: Tensor) -> Tensor:
        vector, matrix, known_vector, known_matrix = parts
        return similarity(Embeddings(vector, matrix, queries.lengths), Embeddings(known_vector, known_matrix, references.lengths))

    parts = [part.clone().requires_grad_() for part in (queries.vector, queries.matrix, references.vector, references.matrix)]
    assert torch.autograd.gradcheck(score, parts, eps=1e-6, atol=1e-5)


@for_each
@pytest.mark.parametrize("case", ["silence", "constant", "one step", "one of many silent", "huge", "tiny"])
def test_extreme_inputs_have_finite_scores_and_gradients(name: str, case: str) -> None:
    inputs = embeddings([1, 1] if case == "one step" else [6, 6])
    matrix = {
        "silence": torch.zeros_like(inputs.matrix),
        "constant": torch.ones_like(inputs.matrix),
        "one of many silent": inputs.matrix * torch.tensor([0.0, 1.0])[:, None, None],
        "huge": inputs.matrix * 1e12,
        "tiny": inputs.matrix * 1e-12,
    }.get(case, inputs.matrix)
    vector = inputs.vector * {"silence": 0.0, "huge": 1e12, "tiny": 1e-12}.get(case, 1.0)
    odd = Embeddings(vector.clone().requires_grad_(), matrix.clone().requires_grad_(), inputs.lengths)
    others = embeddings([5, 2, 1], seed=1)
    scores = torch.cat([built(name)(odd, others), built(name)(others, odd).T, built(name)(odd, odd)], 1)
    assert scores.isfinite().all()
    if case != "huge":  # gradients of products and squared distances are as large as their values
        scores.sum().backward()
        assert all(part.grad is None or part.grad.isfinite().all() for part in (odd.vector, odd.matrix))


@for_each
def test_one_stream_of_several(name: str) -> None:
    queries, references = embeddings([4, 5]), embeddings([6], seed=1)
    doubled = [
        Embeddings(
            torch.cat([one.vector * 3 + 1, one.vector], 1), torch.cat([one.matrix.cos(), one.matrix], 2), one.lengths, ("first", "second")
        )
        for one in (queries, references)
    ]
    assert torch.allclose(SIMILARITIES[name](stream="second")(*doubled), built(name)(queries, references), atol=1e-6)
    with pytest.raises(Problem, match=r"names 'third', but the streams are: first, second"):
        SIMILARITIES[name](stream="third")(*doubled)


@given(st.integers(1, 12), st.integers(1, 12))
def test_resampling_keeps_ends_and_constants(length: int, steps: int) -> None:
    inputs = embeddings([length, 3])
    matrix = resampled(inputs, steps)
    assert torch.allclose(matrix[0, 0], inputs.matrix[0, 0])
    if steps > 1:
        assert torch.allclose(matrix[0, -1], inputs.matrix[0, length - 1])
    assert torch.allclose(resampled(inputs, length)[0], inputs.matrix[0, :length], atol=1e-5)
