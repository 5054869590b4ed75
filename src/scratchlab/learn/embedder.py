"""From a batch of inputs to embeddings, and from rows to remembered embeddings: front-end, encoder and what follows it in time."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from scratchlab.data.augment.catalog import Augment, UsesStreams
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.data.batches import in_order
from scratchlab.learn.embeddings import ByRow, MatricesByRow
from scratchlab.models.interface import Encoder, Frontend
from scratchlab.models.temporal.interface import Temporal
from scratchlab.types import Batch, Embeddings, Inputs, Spectrogram

BATCH = 128


class Embedder(nn.Module):
    """What turns inputs into embeddings. Augmentation takes place only where rng are given: in training."""

    def __init__(self, frontend: Frontend, encoder: Encoder, temporal: Temporal, augments: Iterable[Augment] = ()) -> None:
        super().__init__()
        self.frontend, self.encoder, self.temporal = frontend, encoder, temporal
        self.augments = list(augments)
        for augment in self.augments:
            if isinstance(augment, UsesStreams):
                augment.set_streams(frontend.form.streams if isinstance(frontend.form, Spectrogram) else ())
        self._forget()

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
        """As nn.Module.train; once training resumes, the embeddings of rows are no longer true and are forgotten."""
        if mode:
            self._forget()
        return super().train(mode)

    def _forget(self) -> None:
        self._vectors, self._matrices = ByRow(), MatricesByRow()

    def vectors(self, inputs: Inputs) -> Tensor:
        """Vector embeddings `[n, d]` of rows, without augmentation and with frozen statistics; each row is embedded once."""
        self.embed(inputs, matrices=False)
        return self._vectors.get(inputs.rows)

    def embeddings(self, inputs: Inputs) -> Embeddings:
        """Vectors and matrices of rows, the matrices padded to the longest among them; each row is embedded once."""
        self.embed(inputs, matrices=True)
        return Embeddings(self._vectors.get(inputs.rows), *self._matrices.get(inputs.rows), self.streams)

    @torch.no_grad()
    def embed(self, inputs: Inputs, *, matrices: bool) -> None:
        """Embeds the rows that are not known yet, BATCH at a time. Matrices are kept only where they are asked for: they are large."""
        self.eval()
        missing = (self._matrices if matrices else self._vectors).missing(inputs.rows)
        for positions in in_order(len(missing), BATCH):
            places = missing[positions]
            made = self(inputs.batch(places)).float()
            self._vectors.put(inputs.rows[places], made.vector)
            if matrices:
                self._matrices.put(inputs.rows[places], made.matrix, made.lengths)
