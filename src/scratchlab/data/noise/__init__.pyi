from .column import Column as Column
from .pair import Pair as Pair
from .symmetric import Symmetric as Symmetric
