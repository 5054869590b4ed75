"""Losses: of plain tensors, and those that a recipe can name (`catalog.py`).

>>> import torch
>>> from scratchlab import losses
>>> embeddings, labels = torch.eye(2)[[0, 0, 1, 1]], torch.tensor([0, 0, 1, 1])  # [n, d] and [n]
>>> losses.CrossEntropy(temperature=1.0)(embeddings, labels, torch.eye(2))  # class weights [k, d]
tensor(0.3133)
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
