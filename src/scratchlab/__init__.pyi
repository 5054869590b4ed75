from . import kernels as kernels
from . import metrics as metrics
from . import models as models
from . import similarity as similarity
from .learn import losses as losses
from .metrics.estimate import Estimate as Estimate
from .models import frontends as frontends
from .types import Embeddings as Embeddings
from .types import Image as Image
from .types import Spectrogram as Spectrogram
from .types import Waveform as Waveform

__version__: str
