"""Kernels of an embedder's layers, epoch by epoch, on training and validation inputs that stay the same; and of the queries in the end."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from scratchlab.data.batches import spread
from scratchlab.kernels.capture import layers_of
from scratchlab.models.interface import Encoder
from scratchlab.observe.kernels import Kernels
from scratchlab.types import Batch, Inputs, LabelledInputs, Rows


class Embedding(Protocol):
    """What an embedder shows of itself here."""

    encoder: Encoder

    def features(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """What goes into the encoder, and lengths."""
        ...


class KernelsOfTraining:
    """CKA with the labels, with the beginning, and between layers, before the first epoch and after every `every`-th one, or more often.

    Inputs are spread evenly over the rows, `inputs` of them of training and of validation each; they are not augmented. Their labels are
    those given to the learner, which label noise may have changed; those of the queries are the true ones. The `epoch` and
    `step` of a reading count what is done: epochs, 1.5 in the middle of the second, and steps of the whole training.
    """

    def __init__(
        self,
        embedder: Embedding,
        *,
        layers: Annotated[list[str], Field(description="patterns of the encoder's layers, as in ['layers.*']; empty: its parts")] = [],
        inputs: Annotated[int, Field(ge=4, description="inputs of training, and of validation, that are read")] = 64,
        queries: Annotated[int, Field(ge=4, description="queries that are read in the end; they are all held at once")] = 1000,
        every: Annotated[int, Field(ge=1, description="epochs from one reading to the next")] = 1,
        steps: Annotated[int, Field(ge=0, description="steps from one reading to the next, besides those after epochs; 0: no more")] = 0,
        between: Annotated[bool, Field(description="CKA of every two layers as well")] = False,
    ) -> None:
        self.embedder, self.layers, self.between = embedder, layers, between
        self.every, self.steps = every, steps
        self.inputs, self.queries = inputs, queries
        layers_of(embedder.encoder, layers)  # tells a pattern that matches nothing before anything is read
        self.kernels: Kernels

    def begin(self, train: LabelledInputs, valid: LabelledInputs) -> list[dict[str, Any]]:
        """Takes the inputs, and the first reading."""
        sets = {name: _spread(part, part.labels, self.inputs) for name, part in (("train", train), ("valid", valid)) if len(part) >= 4}
        self.kernels = self._over(sets)
        return self.kernels.read(epoch=0.0, step=0)

    def read(self, epoch: float, step: int) -> list[dict[str, Any]]:
        """The rows of `Kernels.table`, where it is time for them."""
        due = epoch % self.every == 0 or (self.steps > 0 and step % self.steps == 0)
        return self.kernels.read(epoch=epoch, step=step) if due else []

    def last(self, inputs: Inputs, truth: Rows) -> list[dict[str, Any]]:
        """Of queries, whose labels nothing has seen before; how they began is not told."""
        return self._over({"query": _spread(inputs, truth, self.queries)}, start=False).read() if len(inputs) >= 4 else []

    def _over(self, sets: dict[str, tuple[Inputs, Rows]], *, start: bool = True) -> Kernels:
        """Inputs go to the front-end once; what the encoder is called with are places among them."""
        encoder = self.embedder.encoder
        with torch.no_grad():
            values, columns = self.embedder.features(_joined([inputs for inputs, _ in sets.values()]))
        ends = np.cumsum([len(inputs) for inputs, _ in sets.values()]).tolist()
        places = {
            name: (torch.arange(end - len(inputs), end), labels) for end, (name, (inputs, labels)) in zip(ends, sets.items(), strict=True)
        }

        def called(network: nn.Module, chosen: Tensor) -> object:
            return network(values[chosen], columns[chosen])

        axis = encoder.inputs_axis
        return Kernels(encoder, places, layers=self.layers, forward=called, start=start, between=self.between, axis=axis)


def _spread(inputs: Inputs, labels: Rows, most: int) -> tuple[Inputs, Rows]:
    """At most so many of the inputs, evenly, with their labels."""
    places = spread(len(inputs), most)
    return inputs.some(places), labels[places]


def _joined(parts: list[Inputs]) -> Batch:
    """All inputs of all sets in one batch, padded to the longest."""
    found = [inputs.batch(np.arange(len(inputs))) for inputs in parts]
    width = max(batch.values.shape[-1] for batch in found)
    padded = [np.pad(one.values, [(0, 0)] * (one.values.ndim - 1) + [(0, width - one.values.shape[-1])]) for one in found]
    return Batch(np.concatenate(padded), np.concatenate([one.lengths for one in found]))
