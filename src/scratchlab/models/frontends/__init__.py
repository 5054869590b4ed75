"""Front-ends, which turn sound or images into the features that encoders read.

>>> import torch
>>> from scratchlab import frontends
>>> frontends.LogMel()(torch.randn(2, 16_000))[0].shape  # two seconds at 16 kHz
torch.Size([2, 1, 40, 101])
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
