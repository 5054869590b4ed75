"""Training of embeddings with scarce, shifting or wrong supervision: reusable parts, a bench to run and compare, and a lab notebook.

Submodules are loaded when they are first used, so that importing the package is fast.

>>> import scratchlab as sl
>>> digits = sl.data.SklearnDigits().read()
>>> encoder = sl.models.Conv4(digits.form)
>>> sl.metrics.accuracy([1, 2, 3, 3], [1, 2, 3, 4])
0.75
"""

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
