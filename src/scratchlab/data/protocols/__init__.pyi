from .closed_set import ClosedSet as ClosedSet
from .episodes import Episodes as Episodes
from .retrieval import Retrieval as Retrieval
from .sessions import Sessions as Sessions
