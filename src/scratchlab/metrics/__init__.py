"""Metrics: answers and labels, scores or distances in; numbers, with their intervals where units are given, out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
