"""CKA of an embedder's layers during training, on fixed training and validation inputs, and on the queries at the end."""

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
    """What is used of an embedder here."""

    encoder: Encoder

    def features(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The encoder's input features, and their lengths."""
        ...


class TrainingKernels:
    """CKA of layers with the labels, with their initial state, and with each other, before training and after every `every`-th epoch.

    It is measured on `inputs` training and as many validation inputs, evenly spread over the rows and not augmented. Their labels are those
    given to the learner, which label noise may have changed; labels of queries are the true ones. `epoch` and `step` of a reading are the
    number of completed epochs (1.5: the middle of the second) and of completed steps of the whole training.
    """

    def __init__(
        self,
        embedder: Embedding,
        *,
        layers: Annotated[
            list[str], Field(description="patterns of the encoder's layers, as in ['layers.*']; empty: its child modules")
        ] = [],
        inputs: Annotated[int, Field(ge=4, description="number of training inputs, and of validation inputs, to measure")] = 64,
        queries: Annotated[
            int, Field(ge=4, description="number of queries to measure at the end; all their features are in memory")
        ] = 1000,
        every: Annotated[int, Field(ge=1, description="epochs between readings")] = 1,
        steps: Annotated[int, Field(ge=0, description="steps between additional readings within epochs; 0: none")] = 0,
        between: Annotated[bool, Field(description="also measures the CKA of each pair of layers")] = False,
    ) -> None:
        self.embedder, self.layers, self.between = embedder, layers, between
        self.every, self.steps = every, steps
        self.inputs, self.queries = inputs, queries
        layers_of(embedder.encoder, layers)  # raises Problem early for a pattern without a match
        self.kernels: Kernels

    def begin(self, train: LabelledInputs, valid: LabelledInputs) -> list[dict[str, Any]]:
        """Selects the inputs and takes the first reading."""
        sets = {name: _spread(part, part.labels, self.inputs) for name, part in (("train", train), ("valid", valid)) if len(part) >= 4}
        self.kernels = self._kernels(sets)
        return self.kernels.read(epoch=0.0, step=0)

    def read(self, epoch: float, step: int) -> list[dict[str, Any]]:
        """A reading, as rows of `Kernels.table`; empty if none is due."""
        due = epoch % self.every == 0 or (self.steps > 0 and step % self.steps == 0)
        return self.kernels.read(epoch=epoch, step=step) if due else []

    def read_queries(self, inputs: Inputs, labels: Rows) -> list[dict[str, Any]]:
        """A reading of the queries after all scores are computed, without comparison with the initial state."""
        return self._kernels({"query": _spread(inputs, labels, self.queries)}, start=False).read() if len(inputs) >= 4 else []

    def _kernels(self, sets: dict[str, tuple[Inputs, Rows]], *, start: bool = True) -> Kernels:
        """The reader of these sets. The front-end runs once here; the sets of `Kernels` are indices into its features."""
        encoder = self.embedder.encoder
        with torch.no_grad():
            values, columns = self.embedder.features(_concatenated([inputs for inputs, _ in sets.values()]))
        ends = np.cumsum([len(inputs) for inputs, _ in sets.values()]).tolist()
        indices = {
            name: (torch.arange(end - len(inputs), end), labels) for end, (name, (inputs, labels)) in zip(ends, sets.items(), strict=True)
        }

        def forward(network: nn.Module, positions: Tensor) -> object:
            return network(values[positions], columns[positions])

        axis = encoder.inputs_axis
        return Kernels(encoder, indices, layers=self.layers, forward=forward, start=start, between=self.between, axis=axis)


def _spread(inputs: Inputs, labels: Rows, limit: int) -> tuple[Inputs, Rows]:
    """At most `limit` of the inputs, evenly spread, with their labels."""
    positions = spread(len(inputs), limit)
    return inputs.some(positions), labels[positions]


def _concatenated(parts: list[Inputs]) -> Batch:
    """All inputs in one batch, padded to the longest."""
    batches = [inputs.batch(np.arange(len(inputs))) for inputs in parts]
    width = max(batch.values.shape[-1] for batch in batches)
    padded = [np.pad(batch.values, [(0, 0)] * (batch.values.ndim - 1) + [(0, width - batch.values.shape[-1])]) for batch in batches]
    return Batch(np.concatenate(padded), np.concatenate([batch.lengths for batch in batches]))
