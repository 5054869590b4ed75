"""Properties of every temporal module in the catalogue."""

from __future__ import annotations

import copy

import pytest
import torch

from scratchlab.models.temporal.catalog import TEMPORALS
from scratchlab.models.temporal.interface import Temporal
from scratchlab.types import Embeddings

DIM, CHANNELS, FRAMES = 24, 12, 11
SETTINGS: dict[str, list[dict[str, object]]] = {
    "frames": [{}, {"pool": 3}, {"pool": 40}, {"pool": 2, "centre": True}],
    "transformer": [{}, {"pool": 4}, {"position": "learned", "layers": 1}, {"position": "none", "heads": 1}, {"centre": True}],
}
MEMBERS = [(name, settings) for name in TEMPORALS for settings in SETTINGS.get(name, [{}])]


def embeddings(lengths: list[int], frames: int = FRAMES) -> Embeddings:
    """Embeddings like an encoder's output: zero beyond the lengths."""
    rng = torch.Generator().manual_seed(0)
    matrix = torch.randn(len(lengths), frames, CHANNELS, generator=rng) * (torch.arange(frames) < torch.tensor(lengths)[:, None])[..., None]
    return Embeddings(torch.randn(len(lengths), DIM, generator=rng), matrix, torch.tensor(lengths), ("low", "high"))


@pytest.fixture(params=MEMBERS, ids=str)
def member(request: pytest.FixtureRequest) -> Temporal:
    name, settings = request.param
    torch.manual_seed(0)
    encoded = TEMPORALS[name](DIM, CHANNELS, **settings)
    for parameter in encoded.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)  # biases that are not zero and gains that are not one
    return encoded.eval()


@pytest.mark.parametrize("training", [True, False])
def test_shapes_streams_and_finite_gradients(member: Temporal, training: bool) -> None:
    member.train(training)
    given = embeddings([FRAMES, 6, 2, 1])
    given.matrix.requires_grad_()
    encoded = member(given)
    steps = int(encoded.lengths.max())
    assert encoded.vector.shape == (4, member.dim)
    assert encoded.matrix.shape == (4, steps, member.channels)
    assert encoded.lengths.min() == 1
    assert encoded.streams == (given.streams if member.keeps_streams else ())
    (encoded.vector.square().sum() + encoded.matrix.square().sum()).backward()
    for name, tensor in [("matrix", given.matrix), *member.named_parameters()]:
        if name != "position.places":
            assert tensor.grad is not None, name
            assert tensor.grad.isfinite().all(), name


@pytest.mark.parametrize("wider", [0, 1, 30, 700])
def test_padding_never_changes_an_embedding(member: Temporal, wider: int) -> None:
    lengths = [FRAMES, 7, 4, 1]
    given = embeddings(lengths)
    wide = Embeddings(given.vector, torch.cat([given.matrix, torch.zeros(4, wider, CHANNELS)], 1), given.lengths)
    together = member(wide)
    for i, length in enumerate(lengths):
        alone = member(Embeddings(given.vector[i : i + 1], given.matrix[i : i + 1, :length], given.lengths[i : i + 1]))
        steps = int(alone.lengths)
        assert int(together.lengths[i]) == steps == alone.matrix.shape[1]
        torch.testing.assert_close(together.vector[i], alone.vector[0])
        torch.testing.assert_close(together.matrix[i, :steps], alone.matrix[0])
        assert (together.matrix[i, steps:] == 0).all()


def test_one_step_and_silence_are_finite_with_finite_gradients(member: Temporal) -> None:
    for frames in (1, FRAMES):
        silent = Embeddings(torch.zeros(3, DIM), torch.zeros(3, frames, CHANNELS).requires_grad_(), torch.full((3,), frames))
        encoded = member(silent)
        (encoded.vector.sum() + encoded.matrix.square().sum()).backward()
        assert encoded.vector.isfinite().all()
        assert encoded.matrix.isfinite().all()
        assert silent.matrix.grad is not None
        assert silent.matrix.grad.isfinite().all()


def test_building_and_training_are_deterministic_given_the_seed() -> None:
    for name, settings in MEMBERS:
        results: list[Embeddings] = []
        for _ in range(2):
            torch.manual_seed(5)
            results.append(TEMPORALS[name](DIM, CHANNELS, **settings).train()(embeddings([FRAMES, 5])))
        assert torch.equal(results[0].vector, results[1].vector)
        assert torch.equal(results[0].matrix, results[1].matrix)


def test_copies_and_reloaded_states_agree(member: Temporal) -> None:
    twin, given = copy.deepcopy(member), embeddings([FRAMES, 5])
    twin.load_state_dict(member.state_dict())
    assert torch.equal(twin(given).vector, member(given).vector)
    assert torch.equal(twin(given).matrix, member(given).matrix)


def test_half_precision_is_close(member: Temporal) -> None:
    given = embeddings([FRAMES, 5])
    full = member(given).matrix
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = member(given).matrix
    assert (half.float() - full).norm() < 0.1 * full.norm()
