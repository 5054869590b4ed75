"""Properties of every encoder in the catalogue."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.models.encoders.catalog import ENCODERS
from scratchlab.models.interface import Encoder
from scratchlab.models.mixing import mixed
from scratchlab.types import Embeddings, Image, Spectrogram

FORMS = [Spectrogram(40), Spectrogram(32, kind="speech_mel"), Image(1, 40, 60), Image(3, 8, 8)]
SETTINGS = {
    "bc_resnet": [{}, {"time_stride": 4}],
    "conv4": [{}, {"pool": "flatten"}, *({"pool": pool, "pools": 2, "steps": "positions"} for pool in ("mean", "flatten"))],
    "resnet": [{"width": 8, "blocks": 1}, {"width": 4, "blocks": 2, "strides": [2, 3], "skip": False}],
}

TOLERANCE = 1e-4  # libraries may use another algorithm for one input than for four, e.g. on AVX2


def members() -> list[tuple[str, dict[str, object], Spectrogram | Image]]:
    """Every encoder with settings that change its shapes, and with every form that it accepts."""
    result: list[tuple[str, dict[str, object], Spectrogram | Image]] = []
    for name, part in ENCODERS.items():
        for settings in SETTINGS.get(name, [{}]):
            for form in FORMS:
                try:
                    part(form, **settings)
                except Problem:
                    continue
                result.append((name, settings, form))
    return result


def width_of(form: Spectrogram | Image) -> int:
    return form.width if isinstance(form, Image) else 60


def features_of(form: Spectrogram | Image, n: int = 4, width: int = 0) -> Tensor:
    channels, rows = (form.channels, form.height) if isinstance(form, Image) else (1, form.bands)
    return torch.rand(n, channels, rows, width or width_of(form), generator=torch.Generator().manual_seed(0))


def trained(encoder: Encoder, form: Spectrogram | Image) -> Encoder:
    """The encoder with non-zero biases and running statistics of this form's features, so that evaluation is not a special case."""
    torch.manual_seed(1)
    for name, parameter in encoder.named_parameters():
        if name.endswith("norm.bias"):
            parameter.data.normal_(std=0.3)
    norms = [part for part in encoder.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    for momentum in (1.0, 0.1):
        for norm in norms:
            norm.momentum = momentum
        with torch.no_grad():
            encoder(features_of(form), torch.full((4,), width_of(form)))
    return encoder


@pytest.fixture(params=members(), ids=str)
def member(request: pytest.FixtureRequest) -> tuple[Encoder, Spectrogram | Image]:
    name, settings, form = request.param
    torch.manual_seed(0)
    return trained(ENCODERS[name](form, **settings), form), form


def test_every_encoder_accepts_some_form_and_its_message_names_another_encoder() -> None:
    for name, part in ENCODERS.items():
        accepted = {form for result, _, form in members() if result == name}
        assert accepted
        for form in set(FORMS) - accepted:
            with pytest.raises(Problem, match=r"bands fit|encoder\.name = '"):
                part(form)


@pytest.mark.parametrize("training", [True, False])
def test_shapes_and_finite_gradients(member: tuple[Encoder, Spectrogram | Image], training: bool) -> None:
    encoder, form = member
    encoder.train(training)
    features = features_of(form).requires_grad_()
    width = width_of(form)
    embeddings = encoder(features, torch.tensor([width, width, width // 2, 1]))
    steps = embeddings.matrix.shape[1]
    assert embeddings.vector.shape == (4, encoder.dim)
    assert embeddings.matrix.shape == (4, steps, encoder.channels)
    assert embeddings.lengths.max() == steps
    assert embeddings.lengths.min() >= 1
    (embeddings.vector.square().sum() + embeddings.matrix.square().sum()).backward()
    for name, parameter in [("features", features), *encoder.named_parameters()]:
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_padding_never_changes_an_embedding(member: tuple[Encoder, Spectrogram | Image]) -> None:
    encoder, form = member
    encoder.eval()
    width = width_of(form)
    lengths = torch.tensor([width, width - 3, width // 2 + 1, 1])
    features = features_of(form) * (torch.arange(width) < lengths[:, None])[:, None, None]
    with torch.no_grad():
        together = encoder(features, lengths)
        for i, length in enumerate(lengths.tolist()):
            assert together.vector[i].abs().max() > 0.01
            alone = encoder(features[i : i + 1, ..., :length], lengths[i : i + 1])
            steps = int(alone.lengths)
            assert int(together.lengths[i]) == steps
            torch.testing.assert_close(together.vector[i], alone.vector[0], atol=TOLERANCE, rtol=TOLERANCE)
            torch.testing.assert_close(together.matrix[i, :steps], alone.matrix[0], atol=TOLERANCE, rtol=TOLERANCE)
            assert (together.matrix[i, steps:] == 0).all()


def test_in_training_only_real_columns_count(member: tuple[Encoder, Spectrogram | Image]) -> None:
    encoder, form = member
    if isinstance(form, Image):
        return  # images are never padded beyond their form
    encoder.double()
    twin = copy.deepcopy(encoder)
    lengths = torch.tensor([50, 31, 17, 1])
    features = features_of(form, width=70).double() * (torch.arange(70) < lengths[:, None])[:, None, None]
    for module in (encoder, twin):
        for part in module.modules():
            if isinstance(part, torch.nn.Dropout1d):
                part.p = 0.0
    wide, narrow = encoder(features, lengths), twin(features[..., :50], lengths)
    torch.testing.assert_close(wide.vector, narrow.vector)
    torch.testing.assert_close(wide.matrix[:, : narrow.matrix.shape[1]], narrow.matrix)
    for (name, ours), theirs in zip(encoder.state_dict().items(), twin.state_dict().values(), strict=True):
        torch.testing.assert_close(ours, theirs, msg=name)


def test_the_matrix_is_in_the_order_of_time() -> None:
    for name, settings, form in members():
        if isinstance(form, Image) and "pool" in settings:
            continue  # its width is fixed; the order is the same as without flattening
        encoder = trained(ENCODERS[name](form, **settings), form).eval()
        if name == "mlp":
            continue  # one step
        features = features_of(form, 1, 1200)
        changed = features.clone()
        changed[..., 900:] += 1
        with torch.no_grad():
            one, other = (encoder(x, torch.tensor([1200])).matrix[0] for x in (features, changed))
        quarter = len(one) // 4
        assert torch.equal(one[: 2 * quarter], other[: 2 * quarter]), name
        assert not torch.isclose(one[-quarter:], other[-quarter:]).all(), name


@pytest.mark.parametrize("columns", [1, 2])
def test_the_shortest_inputs(member: tuple[Encoder, Spectrogram | Image], columns: int) -> None:
    encoder, form = member
    for training in (True, False):
        encoder.train(training)
        embeddings = encoder(features_of(form, 3, columns), torch.full((3,), columns))
        assert embeddings.matrix.shape[1] >= 1
        assert embeddings.vector.isfinite().all()


def test_silence_is_finite_with_finite_gradients(member: tuple[Encoder, Spectrogram | Image]) -> None:
    encoder, form = member
    features = torch.zeros_like(features_of(form)).requires_grad_()
    embeddings = encoder(features, torch.full((4,), width_of(form)))
    embeddings.vector.square().sum().backward()
    assert embeddings.matrix.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())


def test_copies_and_reloaded_states_agree_and_evaluation_is_deterministic(member: tuple[Encoder, Spectrogram | Image]) -> None:
    encoder, form = member
    encoder.eval()
    twin = copy.deepcopy(encoder)
    features, lengths = features_of(form), torch.full((4,), width_of(form))
    twin.load_state_dict(encoder.state_dict())
    first = encoder(features, lengths)
    for again in (encoder(features, lengths), twin(features, lengths)):
        assert torch.equal(first.vector, again.vector)
        assert torch.equal(first.matrix, again.matrix)


def test_half_precision_is_close(member: tuple[Encoder, Spectrogram | Image]) -> None:
    encoder, form = member
    encoder.eval()
    features, lengths = features_of(form), torch.full((4,), width_of(form))
    full = encoder(features, lengths).vector
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = encoder(features, lengths).vector
    assert (half.float() - full).norm() < 0.1 * full.norm()


# -- mixing half-way --------------------------------------------------------------------------------------

ORDER = torch.tensor([2, 0, 3, 1])


def embed(encoder: Encoder, features: Tensor) -> Embeddings:
    return encoder(features, torch.full((len(features),), features.shape[3]))


def test_half_way_is_a_submodule_and_registers_no_weight_twice(member: tuple[Encoder, Spectrogram | Image]) -> None:
    encoder, form = member
    encoder.eval()
    seen: list[torch.Size] = []
    for module in encoder.halfway:
        assert module in list(encoder.modules())
        module.register_forward_hook(lambda module, given, h: seen.append(h.shape))
    embed(encoder, features_of(form, 3))
    assert len(seen) == len(encoder.halfway) >= 1
    assert all(shape[encoder.inputs_axis] == 3 for shape in seen)
    tensors = list(encoder.state_dict().values())
    assert len({tensor.data_ptr() for tensor in tensors}) == len(tensors)


def test_weight_1_is_the_identity(member: tuple[Encoder, Spectrogram | Image]) -> None:
    encoder, form = member
    encoder.eval()
    features = features_of(form)
    plain = embed(encoder, features)
    with mixed(encoder, ORDER, torch.ones(4)):
        embeddings = embed(encoder, features)
    assert torch.equal(embeddings.vector, plain.vector)
    assert torch.equal(embeddings.matrix, plain.matrix)


def test_weight_0_gives_the_other_input_s_embedding(member: tuple[Encoder, Spectrogram | Image]) -> None:
    encoder, form = member
    encoder.eval()
    features = features_of(form)
    with mixed(encoder, ORDER, torch.tensor([0.0, 1.0, 0.0, 0.0])):
        embeddings = embed(encoder, features)
    plain = embed(encoder, features)
    expected = torch.tensor([2, 1, 3, 1])
    torch.testing.assert_close(embeddings.vector, plain.vector[expected])
    torch.testing.assert_close(embeddings.matrix, plain.matrix[expected])


def test_mixing_ends_after_an_exception_and_interpolates(member: tuple[Encoder, Spectrogram | Image]) -> None:
    encoder, form = member
    encoder.eval()
    features = features_of(form)
    plain = embed(encoder, features).vector
    with mixed(encoder, ORDER, torch.full((4,), 0.5)):
        half = embed(encoder, features).vector
    assert not torch.allclose(half, plain)
    assert not torch.allclose(half, plain[ORDER])
    with pytest.raises(IndexError), mixed(encoder, torch.tensor([0, 1, 2, 4]), torch.full((4,), 0.5)):
        embed(encoder, features)
    assert torch.equal(embed(encoder, features).vector, plain)


def test_gradients_flow_to_both_inputs(member: tuple[Encoder, Spectrogram | Image]) -> None:
    encoder, form = member
    encoder.eval()
    features = features_of(form).requires_grad_()
    with mixed(encoder, ORDER, torch.full((4,), 0.7)):
        embed(encoder, features).vector[0].square().sum().backward()
    assert features.grad is not None
    reached = features.grad.flatten(1).abs().sum(1) > 0
    assert reached.tolist() == [True, False, True, False]


def test_inputs_of_different_lengths_are_mixed(member: tuple[Encoder, Spectrogram | Image]) -> None:
    """Padding beyond the lengths of a pair, due to a third input, has no effect."""
    encoder, form = member
    encoder.eval()
    if isinstance(form, Image):
        return  # images are never padded beyond their form
    width = width_of(form)
    lengths = torch.tensor([20, width, 12, 33])  # 0 is mixed with 2, and 2 with 3, which is longer than both
    features = features_of(form) * (torch.arange(width) < lengths[:, None])[:, None, None]
    within = torch.maximum(lengths, lengths[ORDER])
    with mixed(encoder, ORDER, torch.full((4,), 0.6)):
        embeddings = encoder(features, within)
    assert embeddings.lengths.tolist() == encoder(features, within).lengths.tolist()
    for i, steps in enumerate(embeddings.lengths.tolist()):
        assert (embeddings.matrix[i, steps:] == 0).all()
        torch.testing.assert_close(embeddings.vector[i], embeddings.matrix[i, :steps].mean(0))
