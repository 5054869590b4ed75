from .affine import Affine as Affine
from .flip import Flip as Flip
from .noise import Noise as Noise
from .shift import PixelShift as PixelShift
from .shift import Shift as Shift
from .spec_augment import SpecAugment as SpecAugment
from .stream_noise import StreamNoise as StreamNoise
