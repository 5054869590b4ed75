"""Kernels of a network's layers: similarity between layers (CKA and others), and alignment with the labels.

>>> import torch
>>> from scratchlab import kernels
>>> layer = torch.arange(12.0).view(6, 2).sin()  # features [n, d]
>>> round(kernels.cka(layer, 2 * layer), 4)
1.0
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
