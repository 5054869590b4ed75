from .composition import Composition as Composition
from .cross_entropy import CrossEntropy as CrossEntropy
from .momentum import MomentumContrast as MomentumContrast
from .prototypical import Prototypical as Prototypical
from .pseudo_classes import PseudoClasses as PseudoClasses
from .squared_error import SquaredError as SquaredError
from .supervised_contrastive import SupervisedContrastive as SupervisedContrastive
from .virtual import VirtualPrototypes as VirtualPrototypes
