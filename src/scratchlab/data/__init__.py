"""Data: sources, arrays in memory, and what may be done to them before training.

>>> from scratchlab import data
>>> data.SklearnDigits().read().classes[:3]
('0', '1', '2')
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
