"""Baselines without training: the untrained network, and the front-end's features."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.learn.baselines import Baselines, Features, statistics
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.methods.cec import CEC
from scratchlab.learn.methods.prototypes import Prototypes
from scratchlab.learn.references import centre
from scratchlab.models.encoders.bc_resnet import BCResNet
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.frontends.log_mel import LogMel
from scratchlab.models.temporal.frames import Frames
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.vector import CentredCosine
from scratchlab.types import Batch, Inputs, Rows, TrainingView, Waveform
from tests.contracts.test_similarities import embeddings
from tests.learning.conftest import FORM, MemoryStore, RecordingObserver, components, embedder, problem, trainer

ROWS = problem()


def pairs(scorer: Baselines) -> dict[str, np.ndarray]:
    """Similarities of rows 40 to 49 to rows 0 to 19, by head."""
    ((part, heads),) = scorer.pairwise(Inputs(np.arange(40, 50), ROWS._load), Inputs(np.arange(20), ROWS._load))
    assert part == slice(0, 10)
    return heads


def test_the_untrained_baseline_has_the_initial_weights() -> None:
    torch.manual_seed(0)
    body = embedder(Conv4(FORM, channels=8))
    initial = copy.deepcopy(body)
    method = Prototypes(components(body, trainer(MemoryStore(), RecordingObserver(), epochs=2), "cosine", "cka"))
    method.learn(TrainingView(ROWS, ROWS.some(np.arange(0)), ROWS.some(np.arange(0)), np.arange(4)))
    actual = pairs(method.baselines)
    assert list(actual) == ["untrained.cosine", "untrained.cka", "features.cosine", "features.centred_cosine"]
    queries, others = (Inputs(rows, ROWS._load) for rows in (np.arange(40, 50), np.arange(20)))
    for name in ("cosine", "cka"):
        with torch.no_grad():
            expected = SIMILARITIES[name]()(initial.embeddings(queries), initial.embeddings(others))
        assert np.array_equal(actual[f"untrained.{name}"], expected.numpy())
        ((_, trained),) = method.pairwise(queries, others)
        assert not np.allclose(actual[f"untrained.{name}"], trained[name], atol=1e-3)


def test_pixels_are_compared_by_plain_and_centred_cosine() -> None:
    baselines = Baselines(embedder(Conv4(FORM, channels=8)), {})
    baselines.training = ROWS.some(np.arange(60))
    actual = pairs(baselines)
    flat = torch.from_numpy(ROWS.batch(np.arange(120)).values).flatten(1)
    for head, of in (("features.cosine", flat), ("features.centred_cosine", flat - flat[:60].mean(0))):
        expected = torch.cosine_similarity(of[40:50, None], of[None, :20], dim=2)
        assert np.allclose(actual[head], expected.numpy(), atol=1e-5)


def test_episodes_of_pixels_by_hand() -> None:
    baselines = Baselines(embedder(Conv4(FORM, channels=8)), {"l2": SIMILARITIES["l2"]()})
    baselines.training = ROWS
    support, query = np.arange(24).reshape(1, 6, 4).swapaxes(1, 2), np.arange(40, 50)[None]  # row r is of class r mod 4
    heads = baselines.episodes(support, query, ROWS._load)
    assert list(heads) == ["untrained.l2", "features.cosine", "features.centred_cosine"]
    flat = torch.from_numpy(ROWS.batch(np.arange(120)).values).flatten(1)
    means = torch.stack([flat[support[0, label]].mean(0) for label in range(4)])
    assert np.allclose(heads["features.cosine"][0], torch.cosine_similarity(flat[40:50, None], means[None], dim=2).numpy(), atol=1e-5)
    assert (heads["features.centred_cosine"][0].argmax(1) == np.arange(40, 50) % 4).all()


def test_statistics_of_sound_do_not_depend_on_padding() -> None:
    features, lengths = torch.randn(3, 2, 5, 9, generator=torch.Generator().manual_seed(0)), torch.tensor([9, 4, 1])
    actual = statistics(features, lengths)
    for i, length in enumerate(lengths.tolist()):
        own = features[i, :, :, :length].flatten(0, 1)
        assert torch.allclose(actual[i], torch.cat([own.mean(1), own.std(1, correction=0)]), atol=1e-6)


def test_features_of_clips_of_any_length_have_the_same_dimension() -> None:
    sound, rng = Waveform(8000), np.random.default_rng(0)
    front = LogMel(sound)
    encoder = BCResNet(front.form)
    features = Features(Embedder(front, encoder, Frames(encoder.dim, encoder.channels)))
    waves = rng.normal(0, 0.1, (2, 8000)).astype(np.float32)
    waves[1, 3000:] = 0.0

    def load(rows: Rows) -> Batch:
        lengths = np.array([8000, 3000])[rows]
        return Batch(waves[rows][:, : lengths.max()], lengths)

    both: Tensor = features.vectors(Inputs(np.arange(2), load))
    assert both.shape == (2, 2 * front.form.bands)
    features.train()
    assert torch.allclose(both[1], features.vectors(Inputs(np.array([1]), load))[0], atol=1e-4)


def test_the_subtracted_mean_is_that_of_training_rows_in_each_network() -> None:
    torch.manual_seed(0)
    body = embedder(Conv4(FORM, channels=8))
    method = Prototypes(components(body, trainer(MemoryStore(), RecordingObserver(), epochs=2), "cosine", "centred_cosine"))
    similarity = method.components.similarities["centred_cosine"]
    assert isinstance(similarity, CentredCosine)
    assert similarity.mean is None, "no mean is subtracted in training"
    method.learn(TrainingView(ROWS.some(np.arange(80)), ROWS.some(np.arange(80, 120)), ROWS.some(np.arange(0)), np.arange(4)))
    mean = method.vectors(ROWS.some(np.arange(80))).mean(0)
    assert torch.allclose(similarity.mean, mean)
    assert torch.equal(method.tensors()["mean.centred_cosine"], similarity.mean)
    before = similarity.mean.clone()
    pairs(method.baselines)
    assert torch.equal(similarity.mean, before)
    support, query = np.arange(24).reshape(1, 6, 4).swapaxes(1, 2), np.arange(40, 50)[None]
    heads = method.episodes(support, query, ROWS._load)
    centred = method.vectors(ROWS) - mean
    means = torch.stack([centred[torch.from_numpy(support[0, label])].mean(0) for label in range(4)])
    assert np.allclose(heads["centred_cosine"][0], torch.cosine_similarity(centred[40:50, None], means[None], dim=2).numpy(), atol=1e-5)
    assert not np.allclose(heads["centred_cosine"], heads["cosine"], atol=1e-3)


def test_the_subtracted_mean_of_one_stream() -> None:
    both = embeddings([3, 3, 3, 3])
    vectors = torch.cat([both.vector, both.vector + 1], 1)

    class Two:
        streams = ("a", "b")

        def vectors(self, inputs: Inputs) -> Tensor:
            return vectors[torch.from_numpy(inputs.rows)]

    similarity = CentredCosine(stream="b")
    centre({"b": similarity}, Two(), Inputs(np.arange(4), ROWS._load))  # type: ignore[arg-type]
    assert torch.allclose(similarity.mean, both.vector.mean(0) + 1)  # type: ignore[arg-type]


def test_cec_refuses_the_centred_cosine() -> None:
    with pytest.raises(Problem, match="'centred_cosine' subtracts the mean"):
        CEC(components(embedder(Conv4(FORM, channels=8)), trainer(MemoryStore(), RecordingObserver()), "cosine", "centred_cosine"))
