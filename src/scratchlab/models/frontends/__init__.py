"""Front-ends, which turn sound or images into the features that encoders read."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
