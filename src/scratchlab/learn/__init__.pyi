from . import losses as losses
from . import methods as methods
