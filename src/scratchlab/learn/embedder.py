"""From a batch of inputs to embeddings, and from rows to remembered embeddings: front-end, encoder and what follows it in time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from scratchlab.data.augment.catalog import Augment, OfStreams
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.data.batches import in_order
from scratchlab.model.interface import Encoder, Frontend
from scratchlab.model.temporal.interface import Temporal
from scratchlab.types import Batch, Embeddings, Inputs, Spectrogram

BATCH = 128


class Embedder(nn.Module):
    """What turns inputs into embeddings. Augmentation takes place only where rng are given: in training."""

    def __init__(self, frontend: Frontend, encoder: Encoder, temporal: Temporal, augments: Iterable[Augment] = ()) -> None:
        super().__init__()
        self.frontend, self.encoder, self.temporal = frontend, encoder, temporal
        self.augments = list(augments)
        for augment in self.augments:
            if isinstance(augment, OfStreams):
                augment.told(frontend.form.streams if isinstance(frontend.form, Spectrogram) else ())
        self._vectors: dict[int, Tensor] = {}
        self._matrices: dict[int, Tensor] = {}

    @property
    def dim(self) -> int:
        """Length d of the vector embedding."""
        return self.temporal.dim

    @property
    def channels(self) -> int:
        """Channels c of the matrix embedding."""
        return self.temporal.channels

    @property
    def streams(self) -> tuple[str, ...]:
        """Names of the parts that embeddings consist of; none where they are one whole."""
        return self.encoder.streams if self.temporal.keeps_streams else ()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.encoder.parameters()).device

    def forward(self, batch: Batch, rng: RowRNG | None = None) -> Embeddings:
        """Embeddings of a batch, on the device of the weights; augmented if there are rng."""
        return self.embedded(*self.features(batch, rng))

    def features(self, batch: Batch, rng: RowRNG | None = None) -> tuple[Tensor, Tensor]:
        """What the front-end makes of a batch: features `[n, channels, rows, columns]` and lengths `[n]` in columns."""
        values = torch.from_numpy(batch.values).to(self.device)
        lengths = torch.from_numpy(batch.lengths).to(self.device)
        with torch.no_grad():
            values = self._augmented("inputs", values, lengths, rng)
        features, columns = self.frontend(values, lengths)
        with torch.no_grad():
            return self._augmented("features", features, columns, rng), columns

    def embedded(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Embeddings of features."""
        return self.temporal(self.encoder(features, lengths))

    def _augmented(self, domain: str, values: Tensor, lengths: Tensor, rng: RowRNG | None) -> Tensor:
        for augment in self.augments:
            if rng is not None and augment.domain == domain:
                values = augment(values, lengths, rng)
        return values

    def train(self, mode: bool = True) -> Embedder:
        """As nn.Module.train; whoever goes training makes what is remembered untrue."""
        if mode:
            self._vectors.clear()
            self._matrices.clear()
        return super().train(mode)

    def vectors(self, inputs: Inputs) -> Tensor:
        """Vector embeddings `[n, d]` of rows, without augmentation and with frozen statistics; each row is embedded once."""
        self._embed(inputs, self._vectors, matrices=False)
        return torch.stack([self._vectors[row] for row in inputs.rows.tolist()])

    def embeddings(self, inputs: Inputs) -> Embeddings:
        """Vectors and matrices of rows, the matrices padded to the longest among them; each row is embedded once."""
        self._embed(inputs, self._matrices, matrices=True)
        matrices = [self._matrices[row] for row in inputs.rows.tolist()]
        lengths = torch.tensor([len(matrix) for matrix in matrices], device=self.device)
        return Embeddings(self.vectors(inputs), pad_sequence(matrices, batch_first=True), lengths, self.streams)

    @torch.no_grad()
    def _embed(self, inputs: Inputs, known: dict[int, Tensor], *, matrices: bool) -> None:
        """Embeds the rows that are not known yet. Matrices are kept only where they were asked for: they are large."""
        self.eval()
        missing = np.array([place for place, row in enumerate(inputs.rows.tolist()) if row not in known], dtype=np.int64)
        for positions in in_order(len(missing), BATCH):
            places = missing[positions]
            rows, found = inputs.rows[places].tolist(), self(inputs.batch(places))
            self._vectors.update(zip(rows, found.vector.float(), strict=True))
            if matrices:
                lengths = found.lengths.tolist()
                self._matrices.update((row, one[:n].float()) for row, one, n in zip(rows, found.matrix, lengths, strict=True))
