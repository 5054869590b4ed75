"""Front-end and encoder as one: from a batch of inputs to embeddings, and from rows to remembered embeddings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from scratchlab.data.augment.catalog import Augment
from scratchlab.data.augment.dice import Dice
from scratchlab.data.batches import in_order
from scratchlab.model.interface import Encoder, Frontend
from scratchlab.types import Asked, Batch, Embeddings

BATCH = 128


class Embedder(nn.Module):
    """What turns inputs into embeddings. Augmentation takes place only where dice are given: in training."""

    def __init__(self, frontend: Frontend, encoder: Encoder, augments: Iterable[Augment] = ()) -> None:
        super().__init__()
        self.frontend, self.encoder = frontend, encoder
        self.augments = list(augments)
        self._vectors: dict[int, Tensor] = {}

    @property
    def dim(self) -> int:
        """Length d of the vector embedding."""
        return self.encoder.dim

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.encoder.parameters()).device

    def forward(self, batch: Batch, dice: Dice | None = None) -> Embeddings:
        """Embeddings of a batch, on the device of the weights; augmented if there are dice."""
        values = torch.from_numpy(batch.values).to(self.device)
        lengths = torch.from_numpy(batch.lengths).to(self.device)
        with torch.no_grad():
            values = self._augmented("inputs", values, lengths, dice)
        features, frames = self.frontend(values, lengths)
        with torch.no_grad():
            features = self._augmented("features", features, frames, dice)
        return self.encoder(features, frames)

    def _augmented(self, domain: str, values: Tensor, lengths: Tensor, dice: Dice | None) -> Tensor:
        for augment in self.augments:
            if dice is not None and augment.domain == domain:
                values = augment(values, lengths, dice)
        return values

    def train(self, mode: bool = True) -> Embedder:
        """As nn.Module.train; whoever goes training makes what is remembered untrue."""
        if mode:
            self._vectors.clear()
        return super().train(mode)

    @torch.no_grad()
    def vectors(self, asked: Asked) -> Tensor:
        """Vector embeddings `[n, d]` of rows, without augmentation and with frozen statistics; each row is embedded once."""
        self.eval()
        missing = np.array([place for place, row in enumerate(asked.rows.tolist()) if row not in self._vectors], dtype=np.int64)
        for batch in in_order(len(missing), BATCH):
            places = missing[batch]
            found = self(asked.batch(places)).vector.float()
            self._vectors.update(zip(asked.rows[places].tolist(), found, strict=True))
        return torch.stack([self._vectors[row] for row in asked.rows.tolist()])
