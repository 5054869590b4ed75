"""Data: sources, arrays in memory, and what may be done to them before training."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
