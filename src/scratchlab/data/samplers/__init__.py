"""Samplers: which rows make a batch.

>>> from scratchlab.data import samplers
>>> [rows.tolist() for rows in samplers.Shuffled(2).batches([0, 1, 1, 0], seed=0, epoch=3)]  # positions of rows with these labels
[[2, 1], [0, 3]]
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
