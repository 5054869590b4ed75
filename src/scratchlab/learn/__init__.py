"""Learning: the training loop, losses, references and methods.

>>> from scratchlab.learn import losses
>>> losses.SupervisedContrastive().temperature
0.1
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
