"""Label noise: what makes given labels differ from true ones.

>>> from scratchlab.data import noise
>>> noise.Pair(rate=0.5)(["cat", "cat", "dog", "dog"], seed=0)  # labels `[n]`
array(['cat', 'dog', 'dog', 'cat'], dtype='<U3')
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
