"""Kernels of a network's layers: similarity between layers (CKA and others), and alignment with the labels."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
