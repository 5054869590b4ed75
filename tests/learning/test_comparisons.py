"""Pairs of rows and few-shot episodes: tiles against a single call, episodes against a loop."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from scratchlab.learn import comparisons, references
from scratchlab.learn.comparisons import episode_scores, pair_scores, pairwise, vector_episodes
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.references import References, class_means
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.vector import Cosine, VectorSimilarity
from scratchlab.types import Embeddings, Inputs, Rows
from tests.contracts.test_similarities import embeddings

each_similarity = pytest.mark.parametrize("name", SIMILARITIES)


class FixedEmbedder:
    """Replaces an embedder: row i has the i-th of given embeddings."""

    device = torch.device("cpu")

    def __init__(self, rows: Embeddings) -> None:
        self.rows, self.streams, self.batch_sizes = rows, rows.streams, list[int]()

    def vectors(self, inputs: Inputs) -> Tensor:
        return self.rows.vector[torch.from_numpy(inputs.rows)]

    def embeddings(self, inputs: Inputs) -> Embeddings:
        self.batch_sizes.append(len(inputs))
        selected = self.rows.at(torch.from_numpy(inputs.rows))
        return Embeddings(selected.vector, selected.matrix[:, : int(selected.lengths.max())], selected.lengths, selected.streams)

    def embed(self, inputs: Inputs, *, matrices: bool) -> None:
        del inputs, matrices


def fixed_embedder(count: int, seed: int = 0) -> Embedder:
    lengths = np.random.default_rng(seed).integers(2, 9, count).tolist()
    return cast(Embedder, FixedEmbedder(embeddings(lengths, seed)))


def unused(rows: Rows) -> Any:
    raise AssertionError(f"nothing needs to be loaded of {rows}")


def one_by_one(embedder: Embedder, similarity: Similarity, support: Rows, query: Rows) -> Tensor:
    """The reference implementation: every score of every episode by itself."""
    scores = torch.zeros(*query.shape, support.shape[1])
    for e, (classes, queries) in enumerate(zip(support, query, strict=True)):
        for w, shots in enumerate(classes):
            own = embedder.embeddings(Inputs(shots, unused))
            if similarity.references == "mean":
                own = class_means(own, torch.zeros(len(shots), dtype=torch.long), 1)
            for q, row in enumerate(queries):
                scores[e, q, w] = similarity(embedder.embeddings(Inputs(np.array([row]), unused)), own).mean()
    return scores


@each_similarity
@pytest.mark.parametrize("references_setting", ["mean", "shots"])
@given(way=st.integers(1, 4), shot=st.integers(1, 3), n_queries=st.integers(1, 4), seed=st.integers(0, 99))
@settings(max_examples=8, deadline=None)
def test_episodes_against_single_scores(name: str, references_setting: str, way: int, shot: int, n_queries: int, seed: int) -> None:
    similarity, rng = SIMILARITIES[name](references=references_setting), np.random.default_rng(seed)
    support, query = rng.integers(0, 30, (5, way, shot)), rng.integers(0, 30, (5, n_queries))
    embedder = fixed_embedder(30, seed)
    expected = one_by_one(embedder, similarity, support, query)
    actual = episode_scores(embedder, similarity, support, query, unused)
    scale = max(1.0, float(expected.abs().max()))  # products are unbounded
    assert torch.allclose(actual / scale, expected / scale, atol=1e-5)


def test_an_episode_by_hand() -> None:
    vectors = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0], [0.0, 6.0], [1.0, 5.0]])
    support, query = np.array([[[0, 1], [2, 3]]]), np.array([[4, 0]])
    assert vector_episodes(SIMILARITIES["l2"](), vectors, support, query).tolist() == [[[-25.0, -1.0], [-1.0, -25.0]]]  # type: ignore[arg-type]
    shots = vector_episodes(SIMILARITIES["l2"](references="shots"), vectors, support, query)  # type: ignore[arg-type]
    assert shots.tolist() == [[[-26.0, -2.0], [-2.0, -26.0]]]


@pytest.mark.parametrize("name", ["cosine", "l2", "dtw", "cka"])
def test_one_stream_of_an_episode(name: str) -> None:
    plain = embeddings([4] * 12)
    both = Embeddings(
        torch.cat([plain.vector, plain.vector.cos()], 1), torch.cat([plain.matrix, plain.matrix.cos()], 2), plain.lengths, ("a", "b")
    )
    support, query = np.arange(8).reshape(1, 4, 2), np.arange(8, 12)[None]
    actual = episode_scores(cast(Embedder, FixedEmbedder(both)), SIMILARITIES[name](stream="a"), support, query, unused)
    assert torch.allclose(
        actual, episode_scores(cast(Embedder, FixedEmbedder(plain)), SIMILARITIES[name](), support, query, unused), atol=1e-6
    )


@each_similarity
@pytest.mark.parametrize("references_setting", ["mean", "shots"])
def test_references_of_episodes_can_be_adapted(name: str, references_setting: str) -> None:
    """With references of opposite sign: adapting those of all episodes at once equals adapting those of each episode."""

    def turned(new: Embeddings) -> Embeddings:
        return Embeddings(-new.vector, -new.matrix, new.lengths, new.streams)

    similarity, rng, embedder = SIMILARITIES[name](references=references_setting), np.random.default_rng(0), fixed_embedder(30)
    support, query = rng.integers(0, 30, (4, 3, 2)), rng.integers(0, 30, (4, 5))
    actual = episode_scores(embedder, similarity, support, query, unused, turned)
    for e in range(4):
        own, labels = embedder.embeddings(Inputs(support[e].ravel(), unused)), torch.arange(3).repeat_interleave(2)
        if references_setting == "mean":
            own, labels = class_means(own, labels, 3), torch.arange(3)
        alone = References(similarity, turned(own), labels, 3).compare(embedder.embeddings(Inputs(query[e], unused)))
        assert torch.allclose(actual[e], alone, atol=1e-4)


@each_similarity
def test_pairs_in_tiles_equal_a_single_call(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "QUERIES", 7)
    monkeypatch.setattr(comparisons, "REFERENCES", 5)
    similarity, embedder = SIMILARITIES[name](), fixed_embedder(40)
    queries, others = Inputs(np.arange(20), unused), Inputs(np.arange(18, 40), unused)
    tiles = list(pairwise(queries, others, lambda a, b: {"head": pair_scores(embedder, similarity, a, b)}))
    assert [part for part, _ in tiles] == [slice(0, 7), slice(7, 14), slice(14, 20)]
    actual = np.concatenate([heads["head"] for _, heads in tiles])
    assert actual.dtype == np.float32
    assert np.allclose(actual, similarity(embedder.embeddings(queries), embedder.embeddings(others)).numpy(), atol=1e-5)


# -- memory -----------------------------------------------------------------------------------------------


class Counting(VectorSimilarity):
    """Records the number of array elements of each call's inputs and output."""

    numbers: tuple[int, ...] = ()

    def vectors(self, queries: Tensor, references: Tensor) -> Tensor:
        scores = queries @ references.mT
        self.numbers = (*self.numbers, queries.numel() + references.numel() + scores.numel())
        return scores


@pytest.mark.parametrize("references_setting", ["mean", "shots"])
def test_memory_does_not_grow_with_the_number_of_episodes(references_setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "NUMBERS", 5000)
    rng, vectors = np.random.default_rng(0), torch.randn(50, 8)
    for episodes in (10, 1000):
        similarity = Counting(references=cast(Any, references_setting))
        vector_episodes(similarity, vectors, rng.integers(0, 50, (episodes, 5, 3)), rng.integers(0, 50, (episodes, 15)))
        assert max(similarity.numbers) <= 5000
        assert len(similarity.numbers) >= episodes * (15 + 5) * 8 / 5000


def test_matrices_are_in_memory_for_one_episode_at_a_time() -> None:
    embedder = fixed_embedder(30)
    episode_scores(embedder, SIMILARITIES["dtw"](), np.arange(30).reshape(3, 5, 2), np.arange(30).reshape(3, 10), unused)
    assert cast(FixedEmbedder, embedder).batch_sizes == [10, 10] * 3


def test_matrices_of_a_gallery_are_in_memory_tile_by_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "REFERENCES", 6)
    embedder = fixed_embedder(30)
    pair_scores(embedder, SIMILARITIES["cka"](), Inputs(np.arange(4), unused), Inputs(np.arange(4, 30), unused))
    assert cast(FixedEmbedder, embedder).batch_sizes == [4, 6, 6, 6, 6, 2]


def test_scores_of_classes_are_computed_tile_by_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    embedder, similarity = fixed_embedder(90), Counting()
    own = embedder.embeddings(Inputs(np.arange(10), unused))
    whole = References(Cosine(), own, torch.arange(10), 10).scores(embedder, Inputs(np.arange(10, 90), unused))
    monkeypatch.setattr(references, "PAIRS", 300)
    References(similarity, own, torch.arange(10), 10).scores(embedder, Inputs(np.arange(10, 90), unused))
    assert len(similarity.numbers) == 3  # 80 queries, 30 at a time
    tiled = References(Cosine(), own, torch.arange(10), 10).scores(embedder, Inputs(np.arange(10, 90), unused))
    assert torch.allclose(whole, tiled, atol=1e-6)
