"""Properties of all similarities that align steps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Embeddings

MAKERS: dict[str, Callable[[], Similarity]] = {
    "dtw": lambda: SIMILARITIES["dtw"](),
    "dtw, narrow": lambda: SIMILARITIES["dtw"](window=0.05),
    "soft_dtw": lambda: SIMILARITIES["soft_dtw"](),
    "soft_dtw, narrow": lambda: SIMILARITIES["soft_dtw"](window=0.05, gamma=0.01),
    "soft_dtw, debiased": lambda: SIMILARITIES["soft_dtw"](debiased=True),
    "otam": lambda: SIMILARITIES["otam"](),
    "ctc": lambda: SIMILARITIES["ctc"](tokens=4),
    "order_preserving_transport": lambda: SIMILARITIES["order_preserving_transport"](),
    "order_preserving_transport, hard": lambda: SIMILARITIES["order_preserving_transport"](lambda2=0.01, lambda1=1.0, iterations=9),
}
for_each = pytest.mark.parametrize("name", MAKERS)
MODULES = ("alignment", "otam_paths", "ctc_likelihood", "transport")


def embeddings(matrix: Tensor, lengths: list[int] | None = None) -> Embeddings:
    sizes = torch.tensor(lengths) if lengths else torch.full((len(matrix),), matrix.shape[1])
    real = torch.arange(matrix.shape[1])[None, :, None] < sizes[:, None, None]
    return Embeddings(matrix[:, 0], torch.where(real, matrix, 0.0), sizes)


def random_steps(count: int, steps: int, channels: int = 4, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(count, steps, channels, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@for_each
@settings(max_examples=25)
@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    others=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    more=st.integers(0, 5),
)
def test_scores_do_not_depend_on_padding_and_batch(name: str, lengths: list[int], others: list[int], more: int) -> None:
    similarity = MAKERS[name]()
    queries, references = random_steps(len(lengths), max(lengths)), random_steps(len(others), max(others), seed=1)
    padded = torch.cat([queries, torch.full((len(queries), more, 4), 7.0)], 1)  # arbitrary values in the padding must not matter
    padded_queries = Embeddings(padded[:, 0], padded, torch.tensor(lengths))
    scores = similarity(padded_queries, embeddings(references, others))
    assert scores.shape == (len(lengths), len(others))
    for row, n in enumerate(lengths):
        for column, m in enumerate(others):
            alone = similarity(embeddings(queries[row : row + 1, :n]), embeddings(references[column : column + 1, :m]))
            torch.testing.assert_close(scores[row, column], alone[0, 0], rtol=1e-5, atol=2e-6)


@for_each
def test_the_gradient_is_that_of_finite_differences(name: str) -> None:
    similarity, lengths, others = MAKERS[name](), [5, 3, 1], [4, 6]

    def scores(queries: Tensor, references: Tensor) -> Tensor:
        return similarity(embeddings(queries, lengths), embeddings(references, others))

    inputs = (random_steps(3, 5, dtype=torch.float64).requires_grad_(), random_steps(2, 6, seed=1, dtype=torch.float64).requires_grad_())
    assert torch.autograd.gradcheck(scores, inputs)


@for_each
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sizes", [(1, 1), (1, 9), (9, 1), (3, 40), (40, 3), (6, 6)])
@pytest.mark.parametrize("kind", ["silent", "constant", "half silent", "huge", "tiny", "opposite"])
def test_extreme_inputs_have_finite_scores_and_gradients(name: str, dtype: torch.dtype, sizes: tuple[int, int], kind: str) -> None:
    queries, references = random_steps(2, sizes[0], dtype=dtype), random_steps(3, sizes[1], seed=1, dtype=dtype)
    if kind == "silent":
        queries, references = queries * 0, torch.cat([references[:2], references[2:] * 0])
    elif kind == "constant":
        queries, references = torch.ones_like(queries), torch.ones_like(references)
    elif kind == "half silent":
        queries[:, ::2], references[:, 1::2] = 0, 0
    elif kind == "opposite":
        queries, references = torch.ones_like(queries), -torch.ones_like(references)
    else:
        factor = 1e30 if kind == "huge" else 1e-30
        queries, references = queries * factor, references * factor
    queries.requires_grad_()
    references.requires_grad_()
    scores = MAKERS[name]()(embeddings(queries), embeddings(references))
    assert torch.isfinite(scores).all()
    for gradient in torch.autograd.grad(scores.sum(), (queries, references)):
        assert torch.isfinite(gradient).all()
        assert kind != "silent" or float(gradient.abs().max()) < 1e3


@for_each
def test_compiled_and_torch_implementations_agree(name: str) -> None:
    """Single precision on the CPU is compiled, double precision uses torch."""
    similarity, lengths, others = MAKERS[name](), [20, 11, 1, 7], [17, 30, 2, 1, 9]
    queries, references, weights = random_steps(4, 20), random_steps(5, 30, seed=1), random_steps(1, 4, 5, seed=2)[0]

    def run(dtype: torch.dtype) -> list[Tensor]:
        a, b = queries.to(dtype).requires_grad_(), references.to(dtype).requires_grad_()
        scores = similarity(embeddings(a, lengths), embeddings(b, others))
        without = similarity(embeddings(queries.to(dtype), lengths), embeddings(references.to(dtype), others))
        return [scores, without, *torch.autograd.grad((scores * weights).sum(), (a, b))]

    for single, double in zip(run(torch.float32), run(torch.float64), strict=True):
        torch.testing.assert_close(single.double(), double, rtol=1e-4, atol=1e-5)


@for_each
def test_tiling_and_recomputation_do_not_change_results(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from scratchlab.similarity import steps

    similarity = MAKERS[name]()
    queries, references = (
        random_steps(9, 8, dtype=torch.float64).requires_grad_(),
        random_steps(40, 7, seed=1, dtype=torch.float64).requires_grad_(),
    )
    lengths, others = [8, 1, 3, 5, 8, 2, 7, 6, 4], [1 + i % 7 for i in range(40)]

    def run() -> list[Tensor]:
        scores = similarity(embeddings(queries, lengths), embeddings(references, others))
        return [scores, *torch.autograd.grad(scores.square().sum(), (queries, references))]

    whole, pairwise, tiles = run(), steps.pairwise, []

    def small(align: steps.Align, a: Embeddings, b: Embeddings, cells: int, kept: int, least: int = 1) -> Tensor:
        tiles.append(cells)
        return pairwise(align, a, b, 500, 10)

    for module in MODULES:
        monkeypatch.setattr(f"scratchlab.similarity.{module}.pairwise", small)
    for once, again in zip(whole, run(), strict=True):
        torch.testing.assert_close(once, again)
    assert tiles


@for_each
def test_order_matters_and_equal_inputs_score_best(name: str) -> None:
    """Each input against itself, against its own reversal, and against the others."""
    similarity = MAKERS[name]()
    walks = random_steps(6, 24, 16).cumsum(1)
    walks = walks - walks.mean(1, keepdim=True)
    own = similarity(embeddings(walks), embeddings(walks))
    reversed_ = similarity(embeddings(walks), embeddings(walks.flip(1)))
    assert (own.argmax(1) == torch.arange(6)).all()
    assert (own.diagonal() > reversed_.diagonal()).all()
    assert similarity.sees_order
    assert similarity.references == "shots"


@for_each
def test_half_precision_and_empty_inputs(name: str) -> None:
    similarity, queries, references = MAKERS[name](), random_steps(2, 5), random_steps(3, 4, seed=1)
    exact = similarity(embeddings(queries.bfloat16().float()), embeddings(references.bfloat16().float()))
    torch.testing.assert_close(similarity(embeddings(queries.bfloat16()), embeddings(references.bfloat16())), exact)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = similarity(embeddings(queries), embeddings(references))
    torch.testing.assert_close(mixed, similarity(embeddings(queries), embeddings(references)))
    assert similarity(embeddings(queries[:0]), embeddings(references)).shape == (0, 3)
    assert similarity(embeddings(queries), embeddings(references[:0])).shape == (2, 0)
