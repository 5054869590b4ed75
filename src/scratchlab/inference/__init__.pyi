from .enrolment import enrol as enrol
from .home import Home as Home
from .listening import Listener as Listener
from .loading import load as load
from .prediction import Prediction as Prediction
from .steps import EmbeddingStream as EmbeddingStream
