"""Networks: front-ends and encoders, which embed each input as a vector and as a matrix of time steps.

>>> import torch
>>> from scratchlab import models
>>> embeddings = models.BCResNet()(torch.rand(2, 1, 40, 101))  # [n, 1, bands, frames]
>>> embeddings.vector.shape, embeddings.matrix.shape
(torch.Size([2, 32]), torch.Size([2, 101, 32]))
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
