"""Protocols: what is trained on, what may choose, and what is tested.

>>> from scratchlab import data
>>> from scratchlab.data import protocols
>>> protocols.ClosedSet(valid=0).plan(data.SklearnDigits().read()).queries.shape
(450,)
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
