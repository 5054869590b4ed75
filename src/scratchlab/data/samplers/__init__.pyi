from .class_balanced import ClassBalanced as ClassBalanced
from .episodes import Episodes as Episodes
from .shuffled import Shuffled as Shuffled
