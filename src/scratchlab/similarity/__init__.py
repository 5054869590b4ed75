"""Similarities of embeddings: classes with settings (`DTW(window=0.2)(x, y)`) and functions (`dtw(x, y, window=0.2)`).

>>> import torch
>>> from scratchlab import similarity
>>> similarity.dtw(torch.rand(3, 20, 8), torch.rand(5, 25, 8)).shape  # matrices [n, t, c] and [m, s, c]
torch.Size([3, 5])
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
