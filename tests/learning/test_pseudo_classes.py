"""Pseudo-classes: composition, the loss by hand, that each stream learns to separate classes, and wrong settings."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch

from scratchlab.checks import Problem
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.components import Components
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.losses.catalog import Losses
from scratchlab.learn.losses.cross_entropy import CrossEntropy
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss
from scratchlab.learn.losses.pseudo_class_term import PseudoClassTerm
from scratchlab.learn.losses.pseudo_classes import MISSING, compose
from scratchlab.learn.methods.prototypes import Prototypes
from scratchlab.learn.methods.savc import SAVC
from scratchlab.learn.scoring import Scoring
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.frontends.lpc import LPC
from scratchlab.models.streams import over_streams
from scratchlab.models.temporal.frames import Frames
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Batch, Embeddings, LabelledInputs, Rows, TrainingView, Waveform
from tests.learning.conftest import MemoryStore, RecordingObserver, embedder_builder, trainer

COSINE: dict[str, Similarity] = {"main": SIMILARITIES["cosine"]()}
TWO = ("envelope", "residual")


def vectors(values: list[list[float]], streams: tuple[str, ...] = TWO) -> Embeddings:
    vector = torch.tensor(values)
    return Embeddings(vector, vector.new_zeros(len(vector), 1, 0), torch.ones(len(vector), dtype=torch.long), streams)


def matrices(n: int, lengths: list[int], seed: int = 0) -> Embeddings:
    made = torch.Generator().manual_seed(seed)
    matrix = torch.randn(n, max(lengths), 6, generator=made) * (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None])[..., None]
    return Embeddings(torch.randn(n, 6, generator=made), matrix, torch.tensor(lengths), ("speech", "envelope", "residual"))


def embedded(embeddings: Embeddings, classes: Embeddings, target: list[int], rows: list[int] | None = None) -> EmbeddedBatch:
    rng = RowRNG(0, 0, np.array(rows or range(len(target))))
    return cast(EmbeddedBatch, SimpleNamespace(embeddings=embeddings, classes=classes, target=torch.tensor(target), rng=rng))


def drawn(*rows: int) -> tuple[list[int], list[int]]:
    """Partners, and which of two streams is exchanged, as the loss draws them for these rows."""
    rng = RowRNG(0, 0, np.array(rows))
    return rng.uniform().argsort().tolist(), rng.integers(2).tolist()


def swapped(first: int, second: int) -> list[int]:
    """Two rows that are each other's partners and exchange these streams."""
    return next([i, j] for i in range(40) for j in range(40) if i != j and drawn(i, j) == ([1, 0], [first, second]))


def test_compose_takes_streams_from_their_sources() -> None:
    known = matrices(3, [4, 2, 5])
    made = compose(known, torch.tensor([[0, 0, 2], [1, 2, MISSING], [2, 2, 2]]))
    assert made.lengths.tolist() == [4, 2, 5], "as long as the shortest source; missing streams do not count"
    assert torch.equal(made.vector[0], torch.cat([known.vector[0, :4], known.vector[2, 4:]]))
    assert torch.equal(made.vector[1], torch.cat([known.vector[1, :2], known.vector[2, 2:4], torch.zeros(2)]))
    assert torch.equal(made.matrix[0, :4], torch.cat([known.matrix[0, :4, :4], known.matrix[2, :4, 4:]], 1))
    assert torch.equal(made.matrix[1, :2], torch.cat([known.matrix[1, :2, :2], known.matrix[2, :2, 2:4], torch.zeros(2, 2)], 1))
    assert (made.matrix[0, 4:] == 0).all()
    assert (made.matrix[1, 2:] == 0).all()
    assert torch.equal(made.matrix[2], known.matrix[2])
    assert made.streams == known.streams


def test_recombined_by_hand() -> None:
    """Inputs equal to their class weights: a composite has cosine 1 to its own weight, 1/2 to both real ones, 0 to the other composite."""
    at = vectors([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])
    loss = PseudoClassTerm(COSINE, streams=["residual"], weight=3.0, temperature=4.0)
    expected = -4 + math.log(math.exp(4) + 2 * math.exp(2) + math.exp(0))
    assert loss.of_batch(embedded(at, at, [0, 1], swapped(0, 0))).tolist() == pytest.approx([3 * expected] * 2)


def test_masked_by_hand() -> None:
    """A masked input has cosine 1 to its masked class weight, √½ to its class weight, 0 to the others."""
    at = vectors([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])
    loss = PseudoClassTerm(COSINE, kind="mask", streams=["residual"], weight=1.0, temperature=4.0)
    expected = -4 + math.log(math.exp(4) + math.exp(4 * math.sqrt(0.5)) + 2 * math.exp(0))
    assert loss.of_batch(embedded(at, at, [0, 1])).tolist() == pytest.approx([expected] * 2)


@pytest.mark.parametrize("name", ["cosine", "one_to_one", "cka"])
def test_against_a_reference_loop(name: str) -> None:
    """Streams are drawn by the rng; vectors, and matrices of several lengths."""
    similarity, target = SIMILARITIES[name](), [0, 1, 2, 0, 1]
    given, classes = matrices(5, [4, 2, 5, 3, 5]), matrices(3, [4, 4, 4], seed=1)
    actual = PseudoClassTerm({"x": similarity}, weight=0.5, temperature=8.0).of_batch(embedded(given, classes, target))
    repeated = RowRNG(0, 0, np.arange(5))
    partner, drawn = repeated.uniform().argsort().tolist(), repeated.integers(3).tolist()
    sources = [[partner[i] if j == drawn[i] else i for j in range(3)] for i in range(5)]
    owners = [[target[source] for source in row] for row in sources]
    rivals = sorted({tuple(row) for row in owners if len(set(row)) > 1})
    assert rivals
    for i in range(5):
        if len(set(owners[i])) == 1:
            assert actual[i] == 0
            continue
        inputs = compose(given, torch.tensor([sources[i]]))
        among = [8 * similarity(inputs, compose(classes, torch.tensor([list(row)])))[0, 0] for row in rivals]
        among += [8 * similarity(inputs, classes)[0, c] for c in range(3)]
        expected = torch.logsumexp(torch.stack(among), 0) - among[rivals.index(tuple(owners[i]))]
        assert float(actual[i]) == pytest.approx(0.5 * float(expected), abs=1e-4)


def test_the_same_composition_is_one_pseudo_class() -> None:
    """a's envelope with b's residual is the same composite whichever stream was exchanged, so it is not its own negative."""
    at = vectors([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])
    actual = PseudoClassTerm(COSINE, weight=1.0, temperature=4.0).of_batch(embedded(at, at, [0, 1], swapped(0, 1)))
    assert actual.tolist() == pytest.approx([-4 + math.log(math.exp(4) + 2 * math.exp(2))] * 2)


def test_a_batch_without_a_pseudo_class_has_no_loss() -> None:
    """CKA, like some others, cannot compare nothing with something."""
    loss = PseudoClassTerm({"x": SIMILARITIES["cka"]()})
    assert loss.of_batch(embedded(matrices(3, [4, 2, 5]), matrices(2, [4, 4]), [1, 1, 1])).tolist() == [0.0, 0.0, 0.0]


def test_each_stream_learns_to_separate_classes() -> None:
    """Class weights that differ in only one stream suffice for a classifier; this loss makes the other stream differ too."""
    inputs = vectors([[1.0, 0.0, 1.0, 0.1], [-1.0, 0.0, 1.0, -0.1]])
    rows = torch.tensor([[1.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 1.0, 0.0]], requires_grad=True)
    loss = PseudoClassTerm(COSINE, streams=["residual"])
    none = rows.new_zeros(2, 1, 0)
    for _ in range(50):
        classes = Embeddings(rows, none, torch.ones(2, dtype=torch.long), TWO)
        (slope,) = torch.autograd.grad(loss.of_batch(embedded(inputs, classes, [0, 1], swapped(0, 0))).sum(), rows)
        rows = (rows - 0.1 * slope).detach().requires_grad_()
    assert rows.detach()[:, 3].sign().tolist() == [1, -1]
    assert rows.detach()[:, 3].abs().min() > 0.1


def test_wrong_settings_raise_problems() -> None:
    with pytest.raises(Problem, match=r"have only one; use frontend.name = 'lpc'"):
        PseudoClassTerm(COSINE).fits(())
    with pytest.raises(Problem, match="Did you mean 'residual'"):
        PseudoClassTerm(COSINE, streams=["residue"]).fits(TWO)
    with pytest.raises(Problem, match="leaves nothing of an input"):
        PseudoClassTerm(COSINE, streams=["residual", "envelope"]).fits(TWO)
    with pytest.raises(Problem, match="compares only the stream residual"):
        PseudoClassTerm({"part": SIMILARITIES["cosine"](stream="residual")})
    with pytest.raises(Problem, match="Did you mean 'main'"):
        PseudoClassTerm(COSINE, similarity="mains")


# -- in training ------------------------------------------------------------------------------------------


def sounds(n: int = 24) -> LabelledInputs:
    """Sounds of four classes, which differ in pitch."""
    labels, rng = np.arange(n) % 4, np.random.default_rng(0)
    time = np.arange(1600) / 8000
    values = np.stack([np.sin(2 * np.pi * (300 + 400 * label) * time) + rng.normal(0, 0.1, 1600) for label in labels]).astype(np.float32)

    def load(rows: Rows) -> Batch:
        return Batch(values[rows], np.full(len(rows), 1600))

    return LabelledInputs(np.arange(n), load, labels, np.array([f"tone{i}" for i in range(n)]))


def of_sounds() -> Embedder:
    torch.manual_seed(0)
    frontend = LPC(Waveform(8000), streams=["envelope", "residual"])
    encoder = over_streams(lambda form: Conv4(form, channels=4), frontend.form)
    return Embedder(frontend, encoder, Frames(encoder.dim, encoder.channels))


def parts(similarities: dict[str, Similarity], **losses: Loss) -> Components:
    """Components with these losses and cross-entropy."""
    body, training = of_sounds(), trainer(MemoryStore(), RecordingObserver(), epochs=2, batch=8)
    all_losses = Losses({"cross_entropy": CrossEntropy(similarities), **losses})
    return Components(body, None, training, similarities, all_losses, Scoring(similarities), embedder_builder(body))


@pytest.mark.parametrize("kind", ["recombine", "mask"])
def test_a_method_trains_with_it(kind: str) -> None:
    rows = sounds()
    none = rows.some(np.arange(0))
    similarities = {"vector": SIMILARITIES["cosine"](), "steps": SIMILARITIES["one_to_one"]()}
    model = Prototypes(parts(similarities, pseudo_classes=PseudoClassTerm(similarities, similarity="steps", kind=kind)))
    model.learn(TrainingView(rows, none, none, np.arange(4)))
    assert model.groups == ("body", "vector", "matrix"), "it needs class weights for its similarity"


def test_inputs_of_several_transformations_are_composed_with_partners_under_their_own() -> None:
    rows, model = sounds(), SAVC(parts(COSINE, pseudo_classes=PseudoClassTerm(COSINE)), queue=64, dim=8)
    model.learn(TrainingView(rows, rows.some(np.arange(0)), rows.some(np.arange(0)), np.arange(4)))
    assert model.score(rows)["main"].values.shape == (24, 4)


def test_embedder_and_class_weights_get_gradients() -> None:
    rows, loss = sounds(8), PseudoClassTerm(COSINE)
    learner = ClassLearner(of_sounds(), rows, np.arange(4), CrossEntropy(COSINE), [loss])
    given = EmbeddedBatch(
        learner.embedder, rows.batch(np.arange(8)), torch.from_numpy(rows.labels), RowRNG(0, 0, rows.rows), learner.class_weights
    )
    loss.of_batch(given).sum().backward()
    assert learner.class_weights.vector is not None
    for parameter in (learner.class_weights.vector, *learner.embedder.parameters()):
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()
    assert (learner.class_weights.vector.grad != 0).any()


def test_the_leading_similarity_may_read_a_single_stream() -> None:
    """The only similarity reads one stream of two."""
    rows = sounds()
    none, similarities = rows.some(np.arange(0)), {"part": SIMILARITIES["cosine"](stream="residual")}
    model = Prototypes(parts(similarities))
    model.learn(TrainingView(rows, none, none, np.arange(4)))
    assert set(model.score(rows)) == {"part", "trained"}
