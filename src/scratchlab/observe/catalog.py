"""What a recipe can measure or store during training, each by a table [observe.NAME]; readings go into the record of the epoch."""

from __future__ import annotations

from scratchlab.observe.ledger import Ledger
from scratchlab.observe.training_kernels import TrainingKernels
from scratchlab.recipe import Catalog

OBSERVED: Catalog = {
    "kernels": TrainingKernels,
    "ledger": Ledger,
}
