"""Losses: of plain tensors, and those that a recipe can name (`catalog.py`)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
