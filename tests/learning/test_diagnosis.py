"""Diagnosis of non-finite values: module, samples and ranges, in the exception, in the run's folder and on its page."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from scratchlab.checks import Diverged
from scratchlab.learn.diagnosis import gradients_are_finite
from scratchlab.learn.learner import Learner, StepResult, TrainingBatch
from scratchlab.learn.module_calls import record_calls
from scratchlab.models.batch_norm import BatchNorm
from scratchlab.models.encoders.bc_resnet import BCResNet
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.streams import Streams
from scratchlab.recipe import Recipe
from scratchlab.report.run import page
from scratchlab.store.run import Run
from scratchlab.types import Batch, Embeddings, Image, LabelledInputs, Rows, Spectrogram
from tests.learning.conftest import MemoryStore, RecordingObserver, in_two_processes, trainer

N, WIDTH, CULPRIT = 24, 16, 7
Body = Callable[[Tensor], Tensor]


def inputs() -> LabelledInputs:
    """24 rows of 16 × 16 values; only the first pixel of row 7 is 0, which marks this row."""
    values = np.random.default_rng(0).uniform(0.5, 1, (N, 1, WIDTH, WIDTH)).astype(np.float32)
    values[CULPRIT, 0, 0, 0] = 0
    load = lambda rows: Batch(values[rows].copy(), np.full(len(rows), WIDTH))  # noqa: E731
    return LabelledInputs(np.arange(N), load, np.arange(N) % 2, np.array([f"row{i}" for i in range(N)]))


class Does(nn.Module):
    """A module that applies a given function."""

    def __init__(self, what: Body) -> None:
        super().__init__()
        self.what = what

    def forward(self, x: Tensor) -> Tensor:
        return self.what(x)


class Wrapped(nn.Module):
    """An encoder's vectors, with another module applied to the features before."""

    def __init__(self, first: nn.Module, encoder: nn.Module) -> None:
        super().__init__()
        self.first, self.encoder = first, encoder

    def forward(self, x: Tensor) -> Tensor:
        made = self.encoder(self.first(x), torch.full((len(x),), WIDTH))
        assert isinstance(made, Embeddings)
        return made.vector


class Sorts(Learner):
    """A learner of two classes with any network; `last` is applied to the loss."""

    def __init__(self, net: nn.Module, last: Body = lambda x: x) -> None:
        self.module, self.last = nn.Module(), last
        self.module.body = self.net = net

    def groups(self) -> dict[str, list[nn.Parameter]]:
        return {"body": list(self.net.parameters())}

    def training_step(self, batch: TrainingBatch) -> StepResult:
        return StepResult(self.losses(torch.from_numpy(batch.inputs.values), batch.labels))

    def losses(self, values: Tensor, labels: Rows) -> Tensor:
        return self.last(nn.functional.cross_entropy(self.net(values).flatten(1), torch.from_numpy(labels), reduction="none"))

    def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        raise AssertionError


def chain(*parts: nn.Module | Body) -> nn.Sequential:
    torch.manual_seed(0)
    linear = nn.Linear(WIDTH * WIDTH, 8)
    return nn.Sequential(nn.Flatten(), *(part if isinstance(part, nn.Module) else Does(part) for part in parts), linear, nn.Linear(8, 2))


def diagnose(learner: Sorts, **settings: Any) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Diverged) as raised:
        trainer(MemoryStore(), RecordingObserver(), **{"rate": 0.01, "batch": N, **settings}).train(learner, inputs(), inputs())
    facts = raised.value.facts
    assert facts is not None
    json.dumps(facts, allow_nan=False)
    message = str(raised.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message, facts


def marked(x: Tensor) -> Tensor:
    """1 for the row whose first value is 0, 0 for the others, as a column."""
    return (x.flatten(1)[:, :1] == 0).to(x)


# -- values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_division_by_zero_is_located_in_its_layer_and_sample(precision: str) -> None:
    net = chain(lambda x: 2 * x, lambda x: x / (1 - marked(x)), lambda x: x + 1)
    message, facts = diagnose(Sorts(net), precision=precision)
    assert re.search(r"The loss is not finite in epoch 1, step 1 \(1 of 24 samples; rates: body [\d.]+\)", message)
    assert "it arose in body.2 (Does), first for row7, from values between 0 and 2" in message
    assert (facts["origin"], facts["layer"], facts["kind"], facts["samples"]) == ("layer", "body.2", "Does", ["row7"])
    assert (facts["epoch"], facts["step"], facts["batch"]) == (1, 1, 24)
    (went_in,), (came_out,) = facts["went_in"], facts["came_out"]
    assert went_in["shape"] == came_out["shape"] == [24, 256]
    assert went_in["not_finite"] == 0
    assert went_in["min"] == 0
    assert went_in["max"] == went_in["absmax"] <= 2
    assert came_out["not_finite"] == pytest.approx(1 / 24)


def test_a_failure_in_validation_only_is_located() -> None:
    class Validated(Sorts):
        def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
            losses = self.training_step(batch).loss
            return losses, losses < 1

    class OnceTrained(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if self.training else x / (1 - marked(x))

    message, facts = diagnose(Validated(chain(OnceTrained())), batch=N // 2)
    assert "The validation loss is not finite in epoch 1, batch 1 (1 of 12 samples" in message
    assert "it arose in body.1 (OnceTrained), first for row7" in message
    assert (facts["what"], facts["samples"], facts["layer"]) == ("validation loss", ["row7"], "body.1")


def test_an_overflow_is_reported_with_the_range_of_its_inputs() -> None:
    message, facts = diagnose(Sorts(chain(lambda x: x + 6e4 * marked(x), lambda x: x.half().square().float())))
    assert facts["layer"] == "body.2"
    assert facts["samples"] == ["row7"]
    assert facts["went_in"][0]["max"] == pytest.approx(6e4, rel=1e-3)
    assert "between 0.5 and 6e+04" in message


def test_computations_between_submodules_are_attributed_to_the_module() -> None:
    class Between(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.before, self.after = Does(lambda x: x + 0.0), Does(lambda x: x + 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.after(torch.log(-self.before(x)))

    _, facts = diagnose(Sorts(chain(Between())))
    assert (facts["layer"], facts["kind"], len(facts["samples"])) == ("body.1", "Between", 24)


@pytest.mark.parametrize("kind", ["conv4", "bc_resnet"])
def test_the_right_sample_is_found_in_encoders(kind: str) -> None:
    """BC-ResNet modifies its inputs in place and has the clips on the last axis; here it has as many channels as there are clips."""
    torch.manual_seed(0)
    if kind == "conv4":
        encoder, layer = Conv4(Image(1, WIDTH, WIDTH), channels=N), "body.encoder.blocks.0.convolution"
        spoil = lambda x: x + 1e38 * marked(x)[:, :, None, None]  # noqa: E731
        encoder.blocks[0].convolution.weight.data.fill_(10)
    else:
        encoder, layer = BCResNet(Spectrogram(40), width=3.0), "body.encoder.blocks.0"
        spoil = lambda x: torch.cat([x, x, x[:, :, :8]], 2)  # noqa: E731
        marks: list[Tensor] = []
        encoder.register_forward_pre_hook(lambda encoder, given: marks.append(marked(given[0])[:, 0]))
        encoder.blocks[0].register_forward_hook(lambda block, given, h: torch.where(marks[-1] > 0, torch.inf, h))
    _, facts = diagnose(Sorts(Wrapped(Does(spoil), encoder)))
    assert (facts["layer"], facts["samples"]) == (layer, ["row7"])
    if kind == "bc_resnet":
        assert facts["came_out"][0]["shape"][0] == facts["came_out"][0]["shape"][3] == N
    assert facts["went_in"][0]["not_finite"] == 0


def test_the_right_sample_is_found_in_an_encoder_shared_by_streams() -> None:
    torch.manual_seed(0)
    encoder = Streams(lambda form: Conv4(form, channels=4), Spectrogram(WIDTH, ("low", "high")), "shared")
    marks: list[Tensor] = []
    encoder.register_forward_pre_hook(lambda encoder, given: marks.append(torch.cat([torch.zeros(N), marked(given[0])[:, 0]])))
    (halfway,) = encoder.halfway
    halfway.register_forward_hook(lambda block, given, h: torch.where(marks[-1][:, None, None, None] > 0, torch.nan, h))
    _, facts = diagnose(Sorts(Wrapped(Does(lambda x: torch.cat([x, x], 1)), encoder)))
    assert facts["samples"] == ["row7"]
    assert facts["layer"] == "body.encoder.encoders.0.blocks.1"


def test_bad_inputs_weights_and_losses_are_distinguished() -> None:
    class Wrong(Sorts):
        def losses(self, values: Tensor, labels: Rows) -> Tensor:
            return super().losses(torch.where(values == 0, torch.inf, values), labels)

    message, facts = diagnose(Wrong(chain()))
    assert facts["origin"] == "before"
    assert "the input of module body (Sequential), first for row7, is not finite, though the data are" in message

    net = chain()
    net[2].weight.data[0, 0] = torch.nan
    message, facts = diagnose(Sorts(net))
    assert "the weights body.2.weight are no longer finite" in message
    assert (facts["origin"], facts["layer"], facts["names"]) == ("weights", "body.2", ["body.2.weight"])

    message, facts = diagnose(Sorts(chain(), last=lambda x: x / (torch.arange(N) != CULPRIT)))
    assert (facts["origin"], facts["layer"]) == ("loss", "")
    assert re.search(r"all module outputs are finite, so it arose in the loss, first for row\d+; lower the rates", message)


def test_a_failure_that_is_not_reproducible_is_reported() -> None:
    once = iter([torch.inf])
    message, facts = diagnose(Sorts(chain(), last=lambda x: x + next(once, 0.0)))
    assert facts["origin"] == "nowhere"
    assert "repeating the step gives finite values" in message


# -- gradients --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_infinite_gradient_with_a_finite_loss_is_located(precision: str) -> None:
    """The square root of 0 is 0, but its derivative is infinite."""
    torch.manual_seed(0)
    before = nn.Linear(WIDTH * WIDTH, WIDTH * WIDTH)
    net = chain(before, lambda x: (x * (torch.arange(N) != CULPRIT)[:, None]).abs(), torch.sqrt, lambda x: 3 * x)
    message, facts = diagnose(Sorts(net), precision=precision)
    assert re.search(
        r"The gradient is not finite in epoch 1, step 1 \(rates: body [\d.]+\): it arose in body\.3 \(Does\), first for", message
    )
    assert (facts["what"], facts["layer"], len(facts["samples"])) == ("gradient", "body.3", 1)
    assert facts["went_in"][0]["not_finite"] == 0
    assert facts["came_out"][0]["not_finite"] == pytest.approx(1 / 24)


def test_a_bad_weight_gradient_of_a_module_that_is_never_called_is_located() -> None:
    class Roots(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.uncalled = nn.Module()
            self.uncalled.gain = nn.Parameter(torch.zeros(1))

        def forward(self, x: Tensor) -> Tensor:
            return x + torch.sqrt(self.uncalled.gain)

    message, facts = diagnose(Sorts(chain(Roots())))
    assert (facts["layer"], facts["names"], facts["samples"]) == ("body.1", ["body.1.uncalled.gain"], [])
    assert "it arose in body.1 (Roots) from values between" in message


def test_a_bad_gradient_from_the_loss_is_attributed_to_the_loss() -> None:
    message, facts = diagnose(Sorts(chain(), last=lambda x: torch.where(torch.arange(N) == CULPRIT, (0 * x).sqrt(), x)))
    assert (facts["what"], facts["origin"], facts["layer"]) == ("gradient", "loss", "")
    assert "arose in the loss" in message


def test_large_finite_gradients_are_accepted() -> None:
    parameter = nn.Parameter(torch.zeros(3))
    for values, fine in (([3e38, 3e38, -1.0], True), ([0, torch.nan, 1], False), ([0, 1, -torch.inf], False)):
        parameter.grad = torch.tensor(values)
        assert gradients_are_finite([parameter, nn.Parameter(torch.zeros(1))]) == fine
    assert gradients_are_finite([])


# -- the rest ---------------------------------------------------------------------------------------------


def test_recording_calls_changes_nothing_and_removes_its_hooks() -> None:
    torch.manual_seed(0)
    encoder = BCResNet(Spectrogram(40))
    x = torch.rand(6, 1, 40, 20)

    def gradients() -> list[Tensor]:
        torch.manual_seed(1)
        encoder.zero_grad()
        encoder(x, torch.full((6,), 20)).vector.square().sum().backward()
        return [parameter.grad.clone() for parameter in encoder.parameters() if parameter.grad is not None]

    plain = gradients()
    with record_calls(encoder, 6) as events:
        watched = gradients()
    count = len(events)
    assert all(torch.equal(a, b) for a, b in zip(plain, watched, strict=True))
    assert {call.layer for call, _ in events} >= {"BCResNet", "blocks.0", "blocks.11.dropout"}
    assert all(len(call.output_gradients) == len(call.outputs) for call, _ in events if call.layer.startswith("blocks"))
    gradients()
    assert len(events) == count
    assert not any(isinstance(part, BatchNorm) and part._forward_hooks for part in encoder.modules())


def work(rank: int, folder: str) -> None:
    message, facts = diagnose(Sorts(chain(lambda x: x / (1 - marked(x)))))
    (Path(folder) / f"{rank}.json").write_text(json.dumps([message, facts]))


def test_several_processes_report_the_same_diagnosis(tmp_path: Path) -> None:
    in_two_processes(work, str(tmp_path))
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert first == second
    assert first[1]["samples"] == ["row7"]
    assert "(1 of 24 samples;" in first[0]


def test_the_run_stores_the_diagnosis_and_its_page_shows_it(tmp_path: Path) -> None:
    recipe = Recipe("planted", 0, {"training": {"epochs": 4, "select": "loss"}})
    run = Run.create(tmp_path, recipe)
    with pytest.raises(Diverged), run.writing():
        trainer(run, RecordingObserver(), batch=N).train(Sorts(chain(lambda x: x / (1 - marked(x)))), inputs(), inputs())
    assert run.state() == "failed"
    assert run.json("diagnosis")["layer"] == "body.1"
    shown = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page.page(run))))
    assert "Where values stopped being finite" in shown
    assert "Layer body.1 (Does) When epoch 1, step 1 Samples row7 1 of 24 in the step" in shown
    assert re.search(r"Input 24 × 256: 0 to 1, largest 1 Output 24 × 256: 0\.5 to 1, largest 1; 4\.17% not finite", shown)

    with pytest.raises(Diverged), run.writing():  # a second failure, without facts
        raise Diverged("again")
    assert run.json("diagnosis") is None
    assert "stopped being finite" not in page.page(run)
