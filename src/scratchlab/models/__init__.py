"""Networks: front-ends and encoders, from inputs to a vector and a matrix in the order of time."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
