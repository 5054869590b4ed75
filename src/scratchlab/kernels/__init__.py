"""Kernels of networks: how alike layers are, and how far each is aligned with the labels."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
