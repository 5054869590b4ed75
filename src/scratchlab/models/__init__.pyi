from . import frontends as frontends
from . import temporal as temporal
from .encoders.bc_resnet import BCResNet as BCResNet
from .encoders.conv4 import Conv4 as Conv4
from .encoders.mlp import MLP as MLP
from .encoders.resnet import ResNet as ResNet
from .interface import Encoder as Encoder
from .interface import Frontend as Frontend
