"""The methods that a recipe can name in [method]."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.learn.methods.cec import CEC
from scratchlab.learn.methods.co_teaching import CoTeaching
from scratchlab.learn.methods.compositional import Compositional
from scratchlab.learn.methods.fact import FACT
from scratchlab.learn.methods.fill import FILL
from scratchlab.learn.methods.interface import Method
from scratchlab.learn.methods.prototypes import Prototypes
from scratchlab.learn.methods.reconstruction import Reconstruction
from scratchlab.learn.methods.savc import SAVC
from scratchlab.learn.methods.teen import TEEN

METHODS: dict[str, Callable[..., Method]] = {
    "cec": CEC,
    "co_teaching": CoTeaching,
    "compositional": Compositional,
    "fact": FACT,
    "fill": FILL,
    "prototypes": Prototypes,
    "reconstruction": Reconstruction,
    "savc": SAVC,
    "teen": TEEN,
}
