from . import losses as losses
from . import methods as methods
from .whitening import WithinClass as WithinClass
