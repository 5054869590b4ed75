"""Methods: around an encoder, or as a recipe names them (`catalog.py`).

>>> from scratchlab import methods, models, similarity
>>> methods.TEEN(models.BCResNet(), similarity=similarity.DTW()).share
0.5
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
