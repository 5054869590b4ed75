from . import data as data
from . import inference as inference
from . import kernels as kernels
from . import metrics as metrics
from . import models as models
from . import similarity as similarity
from .data import protocols as protocols
from .experiment import run as run
from .inference.enrolment import enrol as enrol
from .inference.exporting import export as export
from .inference.loading import load as load
from .learn import losses as losses
from .learn import methods as methods
from .metrics.estimate import Estimate as Estimate
from .models import frontends as frontends
from .result import Result as Result
from .types import Embeddings as Embeddings
from .types import Image as Image
from .types import Samples as Samples
from .types import Spectrogram as Spectrogram
from .types import Waveform as Waveform

__version__: str
