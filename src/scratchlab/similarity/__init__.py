"""Similarities of embeddings: classes with settings (`DTW(window=0.2)(x, y)`) and functions (`dtw(x, y, window=0.2)`)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
