"""Temporal modules, which turn an encoder's frames into the steps of the matrix.

>>> import torch
>>> from scratchlab import Embeddings
>>> from scratchlab.models import temporal
>>> temporal.Frames(32, 32, pool=2)(Embeddings.of(torch.rand(2, 7, 32))).matrix.shape
torch.Size([2, 4, 32])
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
