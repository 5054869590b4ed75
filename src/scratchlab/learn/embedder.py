"""The embedder: front-end, encoder and temporal pooling, from inputs to embeddings; it caches the embeddings of rows."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from scratchlab.data.augment.interface import Augment, UsesStreams
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.data.batches import in_order
from scratchlab.learn.embeddings import MatricesByRow, ValuesByRow
from scratchlab.models.interface import Encoder, Frontend
from scratchlab.models.temporal.interface import Temporal
from scratchlab.types import Batch, Embeddings, Inputs, Spectrogram

BATCH = 128


class Embedder(nn.Module):
    """Maps inputs to embeddings: front-end, encoder, temporal pooling. Augments only if an rng is given, as in training."""

    def __init__(self, frontend: Frontend, encoder: Encoder, temporal: Temporal, augments: Iterable[Augment] = ()) -> None:
        super().__init__()
        self.frontend, self.encoder, self.temporal = frontend, encoder, temporal
        self.augments = list(augments)
        for augment in self.augments:
            if isinstance(augment, UsesStreams):
                augment.set_streams(frontend.form.streams if isinstance(frontend.form, Spectrogram) else ())
        self._clear_cache()

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
        """Names of the streams whose embeddings are concatenated; empty if there are no separate streams."""
        return self.encoder.streams if self.temporal.keeps_streams else ()

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return next(self.encoder.parameters()).device

    def forward(self, batch: Batch, rng: RowRNG | None = None) -> Embeddings:
        """Embeddings of a batch, on the device of the weights; augmented if an rng is given."""
        return self.embed_features(*self.features(batch, rng))

    def features(self, batch: Batch, rng: RowRNG | None = None) -> tuple[Tensor, Tensor]:
        """Front-end features of a batch `[n, channels, rows, columns]`, and lengths `[n]` in columns; augmented if an rng is given."""
        values = torch.from_numpy(batch.values).to(self.device)
        lengths = torch.from_numpy(batch.lengths).to(self.device)
        with torch.no_grad():
            values = self._augment("inputs", values, lengths, rng)
        features, columns = self.frontend(values, lengths)
        with torch.no_grad():
            return self._augment("features", features, columns, rng), columns

    def embed_features(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Embeddings of features."""
        return self.temporal(self.encoder(features, lengths))

    def _augment(self, domain: str, values: Tensor, lengths: Tensor, rng: RowRNG | None) -> Tensor:
        for augment in self.augments:
            if rng is not None and augment.domain == domain:
                values = augment(values, lengths, rng)
        return values

    def train(self, mode: bool = True) -> Embedder:
        """As nn.Module.train. Entering training mode clears the cache, because the weights are about to change."""
        if mode:
            self._clear_cache()
        return super().train(mode)

    def _clear_cache(self) -> None:
        self._vectors, self._matrices = ValuesByRow(), MatricesByRow()

    def vectors(self, inputs: Inputs) -> Tensor:
        """Vector embeddings `[n, d]` of rows, without augmentation, in evaluation mode; each row is embedded only once."""
        self.embed(inputs, matrices=False)
        return self._vectors.get(inputs.rows)

    def embeddings(self, inputs: Inputs) -> Embeddings:
        """Vectors and matrices of rows, the matrices padded to the longest of them; each row is embedded only once."""
        self.embed(inputs, matrices=True)
        return Embeddings(self._vectors.get(inputs.rows), *self._matrices.get(inputs.rows), self.streams)

    @torch.no_grad()
    def embed(self, inputs: Inputs, *, matrices: bool) -> None:
        """Embeds the rows that are not in the cache, BATCH at a time. Matrices are cached only if `matrices`, because they are large."""
        self.eval()
        missing = (self._matrices if matrices else self._vectors).missing(inputs.rows)
        for positions in in_order(len(missing), BATCH):
            batch = missing[positions]
            embeddings = self(inputs.batch(batch)).float()
            self._vectors.put(inputs.rows[batch], embeddings.vector)
            if matrices:
                self._matrices.put(inputs.rows[batch], embeddings.matrix, embeddings.lengths)
