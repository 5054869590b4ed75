"""Why a loss is not finite, as far as the step itself can tell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from scratchlab.checks import Diverged, listing
from scratchlab.types import Batch, Strings


def broken(module: nn.Module, record: dict[str, Any]) -> str | None:
    """What is no longer finite at the end of an epoch, if anything: the last step's loss was taken before its weights moved."""
    weights = [name for name, tensor in module.state_dict().items() if tensor.is_floating_point() and not torch.isfinite(tensor).all()]
    if weights:
        return f"the weights {listing(weights, 3)} are not finite"
    if not math.isfinite(record.get("valid_loss", 0.0)):
        return "the validation loss is not finite"
    return None


def not_finite(
    module: nn.Module, batch: Batch, losses: Tensor, ids: Strings, optimizer: torch.optim.Optimizer, epoch: int, step: int
) -> Diverged:
    """The sentence to stop with: inputs, weights or values between them, named; the rates at that moment; what to try."""
    bad = ~torch.isfinite(losses.detach()).cpu().numpy()
    inputs = ~np.isfinite(batch.values.reshape(len(batch.values), -1)).all(axis=1)
    weights = [name for name, parameter in module.named_parameters() if not torch.isfinite(parameter).all()]
    if inputs.any():
        cause = f"the input of {listing(ids[inputs], 3)} holds values that are not finite; mend or leave out these samples"
    elif weights:
        cause = (
            f"the weights {listing(weights, 3)} are no longer finite: an earlier step was too large; lower the rates or set training.clip"
        )
    else:
        low, high = float(batch.values.min()), float(batch.values.max())
        cause = (
            f"inputs (from {low:.3g} to {high:.3g}) and weights are finite, so it arose in between, first for {listing(ids[bad], 3)}; "
            "lower the rates, set training.clip or look at these samples"
        )
    rates = ", ".join(f"{group['name']} {group['lr']:.3g}" for group in optimizer.param_groups)
    place = f"epoch {epoch + 1}, step {step + 1} ({int(bad.sum())} of {len(bad)} samples; rates: {rates})"
    return Diverged(f"The loss is not finite in {place}: {cause}.")
