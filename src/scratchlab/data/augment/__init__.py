"""Augmentation of training inputs `[n, ...]` and features; shapes are kept.

>>> import torch
>>> from scratchlab.data import augment
>>> augment.SpecAugment()(torch.rand(8, 1, 40, 101)).shape
torch.Size([8, 1, 40, 101])
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
