"""Locates the origin of values that are not finite: repeats the failed step with the same random numbers and records every module call."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from scratchlab.checks import Diverged, listing
from scratchlab.learn import parallel
from scratchlab.learn.learner import TrainingBatch
from scratchlab.learn.module_calls import BatchAxis, Call, Event, Range, all_finite, record_calls

Quantity = Literal["loss", "gradient", "training loss", "validation loss"]
Origin = Literal["inputs", "weights", "layer", "before", "loss", "nowhere"]


def nonfinite_weights(module: nn.Module) -> list[str]:
    """Names of the weights that are not finite. Checked after each epoch, since the last step's update may have followed a finite loss."""
    return [name for name, tensor in module.state_dict().items() if tensor.is_floating_point() and not torch.isfinite(tensor).all()]


def gradients_are_finite(parameters: list[nn.Parameter]) -> bool:
    """Whether all gradients are finite. Tests their sum first; if that is not finite, it may have overflowed, so each is tested."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not gradients or math.isfinite(float(torch.stack([gradient.sum() for gradient in gradients]).sum())):
        return True
    return all(bool(gradient.isfinite().all()) for gradient in gradients)


@dataclass(frozen=True)
class FailedStep:
    """One training step, or one evaluation batch, that can be repeated: this process's part of it.

    losses: computes the losses `[n]` of this part; repeated calls give the same values. rates: learning rates of the parameter groups that
    are trained. phase: name of the phase; empty if there is only one.
    """

    module: nn.Module
    batch: TrainingBatch
    losses: Callable[[], Tensor]
    rates: dict[str, float]
    phase: str


@dataclass
class Finding:
    """Where values first became non-finite in one process.

    went_in, came_out: ranges on either side of that place, in the direction of the flow (forward for values, backward for gradients).
    layer, kind: dotted name and class of the module; for origin "before", of the outermost module that received non-finite values.
    order: smaller is earlier. names: the weights concerned, or the parameters whose gradients are not finite.
    """

    origin: Origin
    order: int = 0
    layer: str = ""
    kind: str = ""
    went_in: list[Range] = field(default_factory=list[Range])
    came_out: list[Range] = field(default_factory=list[Range])
    names: list[str] = field(default_factory=list[str])
    samples: list[str] = field(default_factory=list[str])


def diverged(quantity: Quantity, step: FailedStep) -> Diverged:
    """The exception for a step whose loss or gradient is not finite, after repeating it.

    Its message names the place, the first samples, the learning rates and a remedy; its facts hold the same for JSON. All processes of a
    training must call it together, because modules may communicate.
    """
    finding, bad_samples = _locate(quantity, step)
    from_all = parallel.gather_objects((finding, bad_samples))
    severity = ("inputs", "weights", "layer", "before", "loss", "nowhere")
    first = min((found for found, _ in from_all), key=lambda found: (severity.index(found.origin), found.order))
    bad_samples = [name for _, names in from_all for name in names]
    samples = first.samples or bad_samples
    batch = step.batch
    count = f"{len(bad_samples)} of {batch.size} samples; " if quantity != "gradient" else ""
    rates = ", ".join(f"{name} {rate:.3g}" for name, rate in step.rates.items())
    unit = "batch" if quantity == "validation loss" else "step"
    epoch = f"epoch {batch.epoch + 1}" + (f" of phase {step.phase}" if step.phase else "")
    place = f"{epoch}, {unit} {batch.step + 1} ({count}rates: {rates})"
    facts = {
        "what": quantity,
        "origin": first.origin,
        "layer": first.layer,
        "kind": first.kind,
        "epoch": batch.epoch + 1,
        "step": batch.step + 1,
        **({"phase": step.phase} if step.phase else {}),
        "rates": step.rates,
        "samples": samples,
        "batch": batch.size,
        "names": first.names,
        "went_in": [values.facts() for values in first.went_in],
        "came_out": [values.facts() for values in first.came_out],
    }
    return Diverged(f"The {quantity} is not finite in {place}: {_cause(quantity, first, samples)}.", facts)


def _locate(quantity: Quantity, step: FailedStep) -> tuple[Finding, list[str]]:
    """The origin in this process, and the samples whose loss is not finite."""
    ids = step.batch.ids
    weights = [name for name, parameter in step.module.named_parameters() if not torch.isfinite(parameter).all()]
    step.module.zero_grad(set_to_none=True)
    with record_calls(step.module, len(ids)) as events:
        # Gradients stay enabled even for an evaluation: some losses call autograd themselves, and some modules take another path without.
        losses = step.losses()
        if quantity == "gradient":
            (losses.float().sum() / step.batch.size).backward()
    axis = BatchAxis(len(ids), 0)
    loss = Range.of(losses, axis)
    inputs = Range.of(torch.from_numpy(step.batch.inputs.values), axis)
    finding = _first_bad_gradient(step.module, events, loss) if quantity == "gradient" else _first_bad_value(events, loss)
    bad_ranges = finding.came_out or [loss]
    finding.samples = ids[sorted({position for values in bad_ranges for position in values.inputs})].tolist()
    if inputs.not_finite:
        finding = Finding("inputs", came_out=[inputs], samples=ids[list(inputs.inputs)].tolist())
    elif weights:
        finding.origin, finding.names = "weights", weights
    step.module.zero_grad(set_to_none=True)
    return finding, ids[list(loss.inputs)].tolist()


def _first_bad_value(events: list[tuple[Call, Event]], loss: Range) -> Finding:
    """The first non-finite value. What a module computes between calls of its submodules is attributed to the module itself."""
    for order, (call, event) in enumerate(events):
        if event == "ends" and not all_finite(call.outputs):
            return Finding("layer", order, call.layer, call.kind, call.inputs, call.outputs)
        if event == "begins" and not all_finite(call.inputs):
            if call.parent is None:
                return Finding("before", order, call.layer, call.kind, came_out=call.inputs)
            return Finding("layer", order, call.parent.layer, call.parent.kind, call.parent.inputs, call.inputs)
    last_outputs = events[-1][0].outputs if events else []
    return Finding("nowhere" if loss.not_finite == 0 else "loss", len(events), went_in=last_outputs, came_out=[loss])


def _first_bad_gradient(module: nn.Module, events: list[tuple[Call, Event]], loss: Range) -> Finding:
    """The last module in forward order whose output gradients are finite and whose input or weight gradients are not.

    A parameter of a submodule that is used but never called counts as its nearest called ancestor's.
    """
    calls = [call for call, event in events if event == "ends"]
    called = {call.layer for call in calls}
    bad_gradients = {name: p.grad for name, p in module.named_parameters() if p.grad is not None and not p.grad.isfinite().all()}
    bad_parameters: dict[str, list[str]] = {}  # by layer
    for name in bad_gradients:
        parents = [name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)]
        bad_parameters.setdefault(next((parent for parent in parents if parent in called), ""), []).append(name)
    suspects = [
        call
        for call in calls
        if all_finite(call.output_gradients) and not (all_finite(call.input_gradients) and call.layer not in bad_parameters)
    ]
    enclosing = {ancestor for call in suspects for ancestor in call.ancestors()}
    for call in reversed(suspects):
        if call not in enclosing:
            names = bad_parameters.get(call.layer, [])
            came_out = [*call.input_gradients, *(Range.of(bad_gradients[name]) for name in names)]
            return Finding("layer", -calls.index(call), call.layer, call.kind, call.output_gradients, came_out, names)
    last = calls[-1].output_gradients if calls else []
    return Finding("loss" if bad_gradients else "nowhere", went_in=[loss], came_out=last, names=list(bad_gradients))


def _cause(quantity: Quantity, finding: Finding, samples: list[str]) -> str:
    """The second half of the message: the cause, and a remedy."""
    shown, names = listing(samples, 3), listing(finding.names, 3)
    first = f", first for {shown}," if samples else ""
    remedy = "lower the rates, set training.clip or look at these samples"
    if finding.origin == "inputs":
        return f"the input of {shown} holds values that are not finite; correct or leave out these samples"
    if finding.origin == "weights":
        return f"the weights {names} are no longer finite: an earlier step was too large; lower the rates or set training.clip"
    if finding.origin == "nowhere":
        return "repeating the step gives finite values, so the failure is not reproducible; lower the rates or set training.clip"
    if finding.origin == "before":
        return f"the input of module {finding.layer} ({finding.kind}){first} is not finite, though the data are; check the augmentation"
    if finding.origin == "loss":
        exonerated = (
            "all module outputs are finite" if quantity != "gradient" else "the gradients that enter the modules are already not finite"
        )
        return f"{exonerated}, so it arose in the loss{first.rstrip(',')}; {remedy}"
    return f"it arose in {finding.layer} ({finding.kind}){first} from {_format_range(finding.went_in)}; {remedy}"


def _format_range(ranges: list[Range]) -> str:
    """`values between -1 and 3`, over several tensors."""
    ends = [end for values in ranges for end in (values.low, values.high) if end is not None]
    return f"values between {min(ends):.3g} and {max(ends):.3g}" if ends else "no finite values"
