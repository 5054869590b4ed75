"""Embeddings trained where supervision is scarce, shifting or wrong: parts that work alone, and a bench and a notebook to compare runs.

Names are loaded when they are first used, so that importing the package costs nothing.
"""

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
