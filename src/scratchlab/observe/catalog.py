"""Lists the measurements that a recipe can request during training, each by a table [observe.NAME]; they are stored with the epoch."""

from __future__ import annotations

from scratchlab.observe.ledger import Ledger
from scratchlab.observe.training_kernels import TrainingKernels
from scratchlab.recipe import Catalog

OBSERVED: Catalog = {
    "kernels": TrainingKernels,
    "ledger": Ledger,
}
