"""Properties of every front-end in the catalogue."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.models.frontends.catalog import FRONTENDS
from scratchlab.models.interface import Frontend
from scratchlab.types import Image, Spectrogram, Waveform

FORMS = [Waveform(16000), Waveform(8000), Image(1, 8, 12), Image(3, 9, 13)]


def members() -> list[tuple[str, Waveform | Image]]:
    """Every front-end with every form that it accepts."""
    pairs: list[tuple[str, Waveform | Image]] = []
    for name, part in FRONTENDS.items():
        for form in FORMS:
            try:
                part(form)
            except Problem:
                continue
            pairs.append((name, form))
    return pairs


def inputs(form: Waveform | Image, n: int, size: int) -> Tensor:
    shape = (n, size) if isinstance(form, Waveform) else (n, form.channels, form.height, size)
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) - 0.5 * isinstance(form, Waveform)


@pytest.fixture(params=members(), ids=str)
def member(request: pytest.FixtureRequest) -> tuple[Frontend, Waveform | Image]:
    name, form = request.param
    return FRONTENDS[name](form), form


def test_every_frontend_accepts_some_form_and_its_message_names_another_front_end() -> None:
    for name, part in FRONTENDS.items():
        refused = [form for form in FORMS if (name, form) not in members()]
        assert 0 < len(refused) < len(FORMS)
        with pytest.raises(Problem, match=r"frontend\.name = '(" + "|".join(FRONTENDS) + ")'"):
            part(refused[0])


def test_features_have_the_declared_form(member: tuple[Frontend, Waveform | Image]) -> None:
    frontend, form = member
    lengths = torch.tensor([12, 12])
    features, columns = frontend(inputs(form, 2, 12), lengths)
    announced = frontend.form
    if isinstance(announced, Spectrogram):
        wanted = max(1, len(announced.streams)), announced.bands
    else:
        wanted = announced.channels, announced.height
    assert features.shape == (2, *wanted, int(columns.max()))
    assert features.dtype == torch.float32


def test_features_do_not_depend_on_padding(member: tuple[Frontend, Waveform | Image]) -> None:
    frontend, form = member
    values = inputs(form, 3, 900)
    lengths = torch.tensor([900, 500, 1])
    together, columns = frontend(values, lengths)
    for i, (length, column) in enumerate(zip(lengths.tolist(), columns.tolist(), strict=True)):
        alone, own = frontend(values[i : i + 1, ..., :length], lengths[i : i + 1])
        assert own.tolist() == [column]
        torch.testing.assert_close(together[i, ..., :column], alone[0])
        assert (together[i, ..., column:] == 0).all()


def test_zeros_give_finite_features(member: tuple[Frontend, Waveform | Image]) -> None:
    frontend, form = member
    features, columns = frontend(torch.zeros_like(inputs(form, 2, 700)), torch.tensor([700, 300]))
    assert features.isfinite().all()
    assert (features[1, ..., int(columns[1]) :] == 0).all()
    assert len(features[0].unique()) == 1


def test_copies_and_reloaded_states_agree(member: tuple[Frontend, Waveform | Image]) -> None:
    frontend, form = member
    values, lengths = inputs(form, 2, 700), torch.tensor([700, 300])
    twin = copy.deepcopy(frontend)
    twin.load_state_dict(frontend.state_dict())
    assert torch.equal(twin(values, lengths)[0], frontend(values, lengths)[0])
