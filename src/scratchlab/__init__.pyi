from . import kernels as kernels
from . import metrics as metrics
from . import similarity as similarity

__version__: str
