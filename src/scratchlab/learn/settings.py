"""The settings of [training], checked together."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import torch
from pydantic import Field

from scratchlab.checks import Problem, nearest
from scratchlab.learn import parallel
from scratchlab.learn.phases import Phase, parse_phases


class Training:
    """How long, how fast, on what; with nothing to choose from, it is a section of its own."""

    def __init__(
        self,
        *,
        epochs: Annotated[int, Field(ge=1, description="passes over the training rows, unless phases says how many there are")] = 20,
        phases: Annotated[
            str, Field(description="phases that the method knows, and their epochs, as in 'warm-up 10, robust 50'; empty: the method's own")
        ] = "",
        init_from: Annotated[
            str, Field(description="folder of a run whose embedder training begins from; class weights begin anew; empty: none")
        ] = "",
        batch: Annotated[int, Field(ge=2, description="inputs a step, over all processes, unless [sampler] says otherwise")] = 100,
        rate: Annotated[float, Field(gt=0, le=1e30, description="learning rate of every group that [training.rates] does not name")] = 0.1,
        rates: Annotated[dict[str, float], Field(description="learning rates by parameter group; 0 freezes a group")] = {},
        clip: Annotated[float, Field(ge=0, description="largest norm of the gradient; 0 for no limit")] = 0.0,
        select: Annotated[
            Literal["loss", "accuracy", "last"],
            Field(description="which epoch is kept: the best by validation loss, by accuracy, or the last"),
        ] = "loss",
        judged: Annotated[
            int, Field(ge=0, description="training inputs, evenly spread, that are evaluated after each epoch as validation is; 0 for none")
        ] = 0,
        precision: Annotated[Literal["auto", "float32", "bfloat16"], Field(description="auto: bfloat16 where a GPU has it")] = "auto",
        device: Annotated[str, Field(description="auto, cpu, cuda, cuda:1, mps")] = "auto",
        threads: Annotated[
            int, Field(ge=1, le=1024, description="processor threads; one makes results independent of the machine's cores")
        ] = 1,
        checkpoint_seconds: Annotated[float, Field(ge=0, description="how much work a kill may cost at most; 0: after every step")] = 30.0,
    ) -> None:
        self.epochs, self.batch, self.rate, self.rates, self.clip = epochs, batch, rate, rates, clip
        self.phases, self.init_from = parse_phases(phases), init_from
        self.select, self.judged, self.precision = select, judged, precision
        self.threads, self.checkpoint_seconds = threads, checkpoint_seconds
        self.device = _device(device)

    def settle(self) -> None:
        """Sets this process's threads; numbers too small to matter count as zero, as some losses train several times as fast then."""
        torch.set_num_threads(self.threads)
        torch.set_flush_denormal(True)

    def group_rates(self, groups: Iterable[str], published: Mapping[str, float], phases: Iterable[Phase]) -> dict[str, float]:
        """The rate of each group: the recipe's, else the one published with the method, else `rate`.

        Raises Problem for a rate that has no effect, and for a phase in which nothing would learn.
        """
        groups = list(groups)
        for name, rate in self.rates.items():
            if name not in groups:
                raise Problem(f"training.rates.{name} has no effect: the groups here are {', '.join(groups)}.{nearest(name, groups)}")
            if rate < 0 or not math.isfinite(rate):
                raise Problem(f"training.rates.{name} = {rate:g} does not fit: a rate is 0 or more.")
        rates = {name: self.rates.get(name, published.get(name, self.rate)) for name in groups}
        for phase in phases:
            learning = phase.kind.groups or groups
            if not any(rates[name] for name in learning):
                where = f" in phase {phase.name}" if phase.name else ""
                raise Problem(f"Every rate is 0 ({', '.join(learning)}){where}, so nothing would be trained; give one group a rate.")
        return rates

    def merit(self, record: dict[str, Any]) -> tuple[float, float] | None:
        """How good an epoch is by its validation, larger being better; None where the last is kept.

        Accuracy steps by whole samples and so is often equal by chance; the loss then decides.
        """
        if self.select == "last" or "valid_loss" not in record:
            return None
        return (record["valid_accuracy"] if self.select == "accuracy" else 0.0, -record["valid_loss"])

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """bfloat16 where wanted, else nothing."""
        has = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        wanted = self.precision == "bfloat16" or (self.precision == "auto" and has)
        return torch.autocast(self.device.type, torch.bfloat16) if wanted else contextlib.nullcontext()


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        if name == "cuda" and parallel.world() > 1:
            name = f"cuda:{parallel.rank() % torch.cuda.device_count()}"
    try:
        torch.zeros(1, device=name).tolist()
        return torch.device(name)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise Problem(f"training.device = '{name}' is not usable here; 'auto' takes what there is, 'cpu' is always there.") from None
