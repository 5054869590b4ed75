from .alignment import Alignment as Alignment
from .alignment import Minibatches as Minibatches
from .alignment import cka as cka
from .chance import against_chance as against_chance
from .chance import with_interval as with_interval
from .measures import compared as compared
from .target import ToTarget as ToTarget
from .target import to_target as to_target
