"""The settings of a recipe's section [training]."""

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
    """Settings of training: length, learning rates, model selection and device."""

    def __init__(
        self,
        *,
        epochs: Annotated[
            int, Field(ge=0, description="passes over the training rows, where phases is empty; 0: no training, the encoder stays as it is")
        ] = 20,
        phases: Annotated[
            str,
            Field(
                description="the method's phases, each with a number of epochs, as in 'warm-up 10, robust 50'; empty: the method's default"
            ),
        ] = "",
        init_from: Annotated[
            str,
            Field(description="folder of a run whose embedder weights training starts from; class weights start at random; empty: none"),
        ] = "",
        batch: Annotated[int, Field(ge=2, description="inputs per step, over all processes, unless [sampler] sets the batches")] = 100,
        rate: Annotated[
            float, Field(gt=0, le=1e30, description="learning rate of the parameter groups that training.rates does not name")
        ] = 0.1,
        rates: Annotated[dict[str, float], Field(description="learning rates by parameter group; 0 freezes a group")] = {},
        clip: Annotated[float, Field(ge=0, description="maximum norm of the gradient; 0: no clipping")] = 0.0,
        select: Annotated[
            Literal["loss", "accuracy", "last"],
            Field(description="which epoch's weights are kept: best validation loss, best validation accuracy, or the last epoch"),
        ] = "loss",
        judged: Annotated[
            int,
            Field(ge=0, description="number of training inputs, evenly spread, on which accuracy is measured after each epoch; 0: none"),
        ] = 0,
        precision: Annotated[
            Literal["auto", "float32", "bfloat16"], Field(description="auto: bfloat16 on GPUs that support it, else float32")
        ] = "auto",
        device: Annotated[str, Field(description="auto, cpu, cuda, cuda:1, mps")] = "auto",
        threads: Annotated[
            int, Field(ge=1, le=1024, description="CPU threads; with 1, results do not depend on the machine's number of cores")
        ] = 1,
        checkpoint_seconds: Annotated[
            float, Field(ge=0, description="seconds between checkpoints; 0: a checkpoint after every step")
        ] = 30.0,
    ) -> None:
        self.epochs, self.batch, self.rate, self.rates, self.clip = epochs, batch, rate, rates, clip
        self.phases, self.init_from = parse_phases(phases), init_from
        self.select, self.judged, self.precision = select, judged, precision
        self.threads, self.checkpoint_seconds = threads, checkpoint_seconds
        self.device = _device(device)

    def configure_process(self) -> None:
        """Sets the number of threads, and flushes denormal numbers to zero: with them, some losses train several times slower."""
        torch.set_num_threads(self.threads)
        torch.set_flush_denormal(True)

    @property
    def trains(self) -> bool:
        """True if training has at least one epoch; False for training.epochs = 0 without phases."""
        return self.epochs > 0 or bool(self.phases)

    def group_rates(self, groups: Iterable[str], published: Mapping[str, float], phases: Iterable[Phase]) -> dict[str, float]:
        """The learning rate of each parameter group: the recipe's, else the method's published one, else `rate`.

        Raises Problem for a rate of an unknown group, and for a phase in which every rate is 0.
        """
        groups = list(groups)
        for name, rate in self.rates.items():
            if name not in groups:
                raise Problem(f"training.rates.{name} has no effect: the parameter groups are {', '.join(groups)}.{nearest(name, groups)}")
            if rate < 0 or not math.isfinite(rate):
                raise Problem(f"training.rates.{name} = {rate:g} does not fit: a rate is a finite number, 0 or more.")
        rates = {name: self.rates.get(name, published.get(name, self.rate)) for name in groups}
        for phase in phases:
            trained = phase.kind.groups or groups
            if not any(rates[name] for name in trained):
                where = f" in phase {phase.name}" if phase.name else ""
                raise Problem(f"Every rate is 0 ({', '.join(trained)}){where}, so nothing would be trained; set at least one rate above 0.")
        return rates

    def selection_score(self, record: dict[str, Any]) -> tuple[float, float] | None:
        """The score by which the best epoch is selected, larger is better; None if the last epoch is kept.

        Equal accuracies are frequent, because accuracy counts whole samples; the loss breaks such ties.
        """
        if self.select == "last" or "valid_loss" not in record:
            return None
        return (record["valid_accuracy"] if self.select == "accuracy" else 0.0, -record["valid_loss"])

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """A context in which operations run in bfloat16, if `precision` and the device say so; else one without effect."""
        supported = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        wanted = self.precision == "bfloat16" or (self.precision == "auto" and supported)
        return torch.autocast(self.device.type, torch.bfloat16) if wanted else contextlib.nullcontext()


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        if name == "cuda" and parallel.world_size() > 1:
            name = f"cuda:{parallel.rank() % torch.cuda.device_count()}"
    try:
        torch.zeros(1, device=name).tolist()
        return torch.device(name)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise Problem(
            f"training.device = '{name}' is not usable here; 'auto' chooses an available device, and 'cpu' is always available."
        ) from None
