from .frames import Frames as Frames
from .interface import Temporal as Temporal
from .transformer import Transformer as Transformer
