"""Networks: front-ends and encoders, which embed each input as a vector and as a matrix of time steps."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
