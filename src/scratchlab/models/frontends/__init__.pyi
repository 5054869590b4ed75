from .log_mel import LogMel as LogMel
from .lpc import LPC as LPC
from .pixels import Pixels as Pixels
from .speech_mel import SpeechMel as SpeechMel
