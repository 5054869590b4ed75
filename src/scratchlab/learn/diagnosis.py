"""Where values stopped being finite: the step that found it is repeated, with the same rng, and every module is watched."""

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
from scratchlab.learn.watching import Along, Call, Range, Side, finite, watching

What = Literal["loss", "gradient", "training loss", "validation loss"]
Origin = Literal["inputs", "weights", "layer", "before", "loss", "nowhere"]


def broken(module: nn.Module) -> list[str]:
    """Weights that are not finite at the end of an epoch: the last step's loss was taken before they moved."""
    return [name for name, tensor in module.state_dict().items() if tensor.is_floating_point() and not torch.isfinite(tensor).all()]


def gradients_are_finite(parameters: list[nn.Parameter]) -> bool:
    """By the sum of all, which is not finite if one of them is not; a sum that overflows without such a one is looked at closely."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not gradients or math.isfinite(float(torch.stack([gradient.sum() for gradient in gradients]).sum())):
        return True
    return all(bool(gradient.isfinite().all()) for gradient in gradients)


@dataclass(frozen=True)
class FailedStep:
    """One step of training or batch of validation that can be repeated: this process's part of it, and what to know of the step.

    losses: the losses `[n]` of the part, the same whenever it is called. rates: of the parameter groups that learn. phase: its name, where
    there are several.
    """

    module: nn.Module
    batch: TrainingBatch
    losses: Callable[[], Tensor]
    rates: dict[str, float]
    phase: str


@dataclass
class Finding:
    """Where it began, in one process. went_in, came_out: ranges around that place, in the direction that values or gradients flow.

    layer: dotted name and kind of the module; for "before", of the one that was handed what is not finite already.
    order: the smaller, the earlier. names: weights, or parameters whose gradients are not finite.
    """

    origin: Origin
    order: int = 0
    layer: str = ""
    kind: str = ""
    went_in: list[Range] = field(default_factory=list[Range])
    came_out: list[Range] = field(default_factory=list[Range])
    names: list[str] = field(default_factory=list[str])
    samples: list[str] = field(default_factory=list[str])


def diverged(what: What, step: FailedStep) -> Diverged:
    """Repeats the step: a sentence with the place, the first samples, the rates and what to try; and the same as facts.

    Every process of a training must call it, as the modules may add up over all of them.
    """
    finding, bad = _found(what, step)
    everywhere = parallel.from_all((finding, bad))
    ranks = ("inputs", "weights", "layer", "before", "loss", "nowhere")
    first = min((one for one, _ in everywhere), key=lambda one: (ranks.index(one.origin), one.order))
    bad = [name for _, names in everywhere for name in names]
    samples = first.samples or bad
    batch = step.batch
    counted = f"{len(bad)} of {batch.size} samples; " if what != "gradient" else ""
    rates = ", ".join(f"{name} {rate:.3g}" for name, rate in step.rates.items())
    unit = "batch" if what == "validation loss" else "step"
    epoch = f"epoch {batch.epoch + 1}" + (f" of phase {step.phase}" if step.phase else "")
    place = f"{epoch}, {unit} {batch.step + 1} ({counted}rates: {rates})"
    facts = {
        "what": what,
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
        "went_in": [one.facts() for one in first.went_in],
        "came_out": [one.facts() for one in first.came_out],
    }
    return Diverged(f"The {what} is not finite in {place}: {_cause(what, first, samples)}.", facts)


def _found(what: What, step: FailedStep) -> tuple[Finding, list[str]]:
    """Where it began in this process, and the samples whose loss is not finite."""
    ids = step.batch.ids
    weights = [name for name, parameter in step.module.named_parameters() if not torch.isfinite(parameter).all()]
    step.module.zero_grad(set_to_none=True)
    with watching(step.module, len(ids)) as events:
        # With gradients even where none are asked for: some losses take some of their own, and some modules compute another way without.
        losses = step.losses()
        if what == "gradient":
            (losses.float().sum() / step.batch.size).backward()
    along = Along(len(ids), 0)
    loss = Range.of(losses, along)
    inputs = Range.of(torch.from_numpy(step.batch.inputs.values), along)
    finding = _of_gradients(step.module, events, loss) if what == "gradient" else _of_values(events, loss)
    at = finding.came_out or [loss]
    finding.samples = ids[sorted({place for one in at for place in one.inputs})].tolist()
    if inputs.not_finite:
        finding = Finding("inputs", came_out=[inputs], samples=ids[list(inputs.inputs)].tolist())
    elif weights:
        finding.origin, finding.names = "weights", weights
    step.module.zero_grad(set_to_none=True)
    return finding, ids[list(loss.inputs)].tolist()


def _of_values(events: list[tuple[Call, Side]], loss: Range) -> Finding:
    """The first place where a value is not finite. Whatever happens outside every part of a module is that module's own doing."""
    for order, (call, side) in enumerate(events):
        if side == "made" and not finite(call.made):
            return Finding("layer", order, call.layer, call.kind, call.given, call.made)
        if side == "given" and not finite(call.given):
            if call.within is None:
                return Finding("before", order, call.layer, call.kind, came_out=call.given)
            return Finding("layer", order, call.within.layer, call.within.kind, call.within.given, call.given)
    last = events[-1][0].made if events else []
    return Finding("nowhere" if loss.not_finite == 0 else "loss", len(events), went_in=last, came_out=[loss])


def _of_gradients(module: nn.Module, events: list[tuple[Call, Side]], loss: Range) -> Finding:
    """The last module, as the values flow, that was handed finite gradients and made others of them: for its inputs or its weights.

    Weights that a module uses without calling the part that holds them count as its own.
    """
    calls = [call for call, side in events if side == "made"]
    called = {call.layer for call in calls}
    spoilt = {name: p.grad for name, p in module.named_parameters() if p.grad is not None and not p.grad.isfinite().all()}
    own: dict[str, list[str]] = {}
    for name in spoilt:
        parents = [name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)]
        own.setdefault(next((parent for parent in parents if parent in called), ""), []).append(name)
    guilty = [call for call in calls if finite(call.arrived) and not (finite(call.handed) and call.layer not in own)]
    around = {outer for call in guilty for outer in call.enclosing()}
    for call in reversed(guilty):
        if call not in around:
            names = own.get(call.layer, [])
            handed = [*call.handed, *(Range.of(spoilt[name]) for name in names)]
            return Finding("layer", -calls.index(call), call.layer, call.kind, call.arrived, handed, names)
    last = calls[-1].arrived if calls else []
    return Finding("loss" if spoilt else "nowhere", went_in=[loss], came_out=last, names=list(spoilt))


def _cause(what: What, found: Finding, samples: list[str]) -> str:
    """The second half of the sentence: why, and what to try."""
    shown, names = listing(samples, 3), listing(found.names, 3)
    first = f", first for {shown}," if samples else ""
    lower = "lower the rates, set training.clip or look at these samples"
    if found.origin == "inputs":
        return f"the input of {shown} holds values that are not finite; mend or leave out these samples"
    if found.origin == "weights":
        return f"the weights {names} are no longer finite: an earlier step was too large; lower the rates or set training.clip"
    if found.origin == "nowhere":
        return "repeated, the step is finite everywhere, so it does not depend on the seed alone; lower the rates or set training.clip"
    if found.origin == "before":
        return f"what reaches {found.layer} ({found.kind}){first} is not finite, though the inputs are; look at the augmentation"
    if found.origin == "loss":
        between = "all modules are finite" if what != "gradient" else "gradients that reach the modules are not finite already"
        return f"{between}, so it arose in the loss{first.rstrip(',')}; {lower}"
    return f"it arose in {found.layer} ({found.kind}){first} out of {_told(found.went_in)}; {lower}"


def _told(ranges: list[Range]) -> str:
    """`values between -1 and 3`, over several tensors."""
    ends = [end for one in ranges for end in (one.low, one.high) if end is not None]
    return f"values between {min(ends):.3g} and {max(ends):.3g}" if ends else "no finite values"
