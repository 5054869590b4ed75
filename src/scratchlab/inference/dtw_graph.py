"""Dynamic time warping of references with every window of a sequence, as an ONNX graph of slices, minima and sums.

The anti-diagonals of the tables are unrolled. The tables of all windows and references are filled at once, from the cosines of all steps
with all reference steps. The longest references come first, so that those whose tables are complete are left out by a slice. The graph is
written node by node, since tracing its hundreds of nodes with a dynamic length takes a minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scratchlab.similarity.alignment import DTW
from scratchlab.similarity.diagonals import FAR
from scratchlab.similarity.steps import SILENT, limits, unit_steps
from scratchlab.types import Embeddings

if TYPE_CHECKING:
    import onnx

OPSET = 20


@dataclass(frozen=True)
class _Diagonal:
    """Cells `first` to `last` of the references that are not complete, which are the first `active`; those from `done` on are complete now.

    outside: costs `[cells, 1, active]` of cells outside the band of some reference; None where there are none.
    """

    first: int
    last: int
    active: int
    done: int
    outside: npt.NDArray[np.float32] | None


def _diagonals(lengths: Tensor, window: float) -> Iterator[_Diagonal]:
    """The anti-diagonals i + j = k from k = 0 on, for references of these lengths `[r]`, longest first."""
    size = int(lengths[0])
    reach = limits(lengths, lengths, window) // (lengths - 1).clamp_min(1)  # the largest abs(i - j) that may be aligned
    for k in range(2 * size - 1):
        active, done = (int((2 * (lengths - 1) >= k + past).sum()) for past in (0, 1))
        widest = max(1, int(reach[:active].max()))  # a band of 1 or more has cells on every diagonal
        first, last = max(0, k - size + 1, (k - widest + 1) // 2), min(k, size - 1, (k + widest) // 2)
        outside = (2 * torch.arange(first, last + 1)[:, None, None] - k).abs() > reach[:active]
        yield _Diagonal(first, last, active, done, torch.where(outside, FAR, 0.0).float().numpy() if outside.any() else None)


class _Nodes:
    """The nodes of a graph, and its constants. Each method adds a node and returns the name of its result."""

    def __init__(self) -> None:
        import onnx

        self._onnx: Any = onnx
        self.nodes: list[Any] = []
        self.constants: dict[bytes, Any] = {}

    def add(self, operation: str, *inputs: str | npt.NDArray[Any], output: str = "", **attributes: Any) -> str:
        names = [part if isinstance(part, str) else self._constant(part) for part in inputs]
        output = output or f"{operation}_{len(self.nodes)}"
        self.nodes.append(self._onnx.helper.make_node(operation, names, [output], **attributes))
        return output

    def part(self, x: str, *ranges: tuple[int, int | str, int]) -> str:
        """x between (start, stop, axis); a stop may be the name of a number `[1]`."""
        starts, axes = (np.array([each[place] for each in ranges]) for place in (0, 2))
        stops = [self._constant(np.array([stop])) if isinstance(stop, int) else stop for _, stop, _ in ranges]
        return self.add("Slice", x, starts, stops[0] if len(stops) == 1 else self.add("Concat", *stops, axis=0), axes)

    def padded(self, x: str, pads: Sequence[int], value: float) -> str:
        return self.add("Pad", x, np.array(pads), np.array(value, np.float32))

    def _constant(self, array: npt.NDArray[Any]) -> str:
        key = repr((array.dtype, array.shape)).encode() + array.tobytes()
        tensor = self.constants.setdefault(key, self._onnx.numpy_helper.from_array(array, f"constant_{len(self.constants)}"))
        return tensor.name


def _units(graph: _Nodes, steps: str) -> str:
    """Unit steps, as `unit_steps`: without direction where all values are tiny."""
    largest = graph.add("ReduceMax", graph.add("Abs", steps), np.array([1]))
    scaled = graph.add("Div", steps, graph.add("Max", largest, np.array(SILENT, np.float32)))
    length = graph.add("ReduceL2", scaled, np.array([1]))
    audible = graph.add("Greater", largest, np.array(SILENT, np.float32))
    return graph.add(
        "Where", audible, graph.add("Div", scaled, graph.add("Max", length, np.array(SILENT, np.float32))), np.zeros((), np.float32)
    )


def dtw_graph(similarity: DTW, references: Sequence[Tensor], missing: float) -> onnx.ModelProto:
    """Model of `embedded` `[t, c]` to `similarities` `[t, r]`: of the last steps to each reference `[l, c]`.

    missing: the similarity where there are too few steps. t must be the longest reference's length or more.
    """
    import onnx

    lengths = torch.tensor([len(reference) for reference in references])
    order = lengths.argsort(descending=True, stable=True)
    longest, count, channels = int(lengths.max()), len(references), references[0].shape[1]
    units = [unit_steps(Embeddings.of(references[int(place)][None]))[0] for place in order]
    lanes = torch.nn.utils.rnn.pad_sequence(units).transpose(1, 2).contiguous().numpy()  # [l, c, r]

    graph = _Nodes()
    t = graph.add("Shape", "embedded", start=0, end=1)
    # Row j of the costs is moved j steps to the right, by a view with another width: the cells of a diagonal are then a rectangle.
    costs = graph.add(
        "Sub", np.ones((), np.float32), graph.add("MatMul", graph.add("Unsqueeze", _units(graph, "embedded"), np.array([0])), lanes)
    )
    costs = graph.add("Reshape", graph.padded(costs, [0, 0, 0, 0, 2 * longest - 1, 0], 0.0), np.array([-1, count]))
    width = graph.add("Add", t, np.array([2 * longest - 2]))
    costs = graph.part(costs, (0, graph.add("Mul", width, np.array([longest])), 0))
    costs = graph.add("Reshape", costs, graph.add("Concat", np.array([longest]), width, np.array([count]), axis=0))

    before: list[tuple[int, str]] = []  # the last two diagonals, with a cell that no path reaches on either side, and their first
    complete: list[str] = []
    lanes_left = count
    for k, at in enumerate(_diagonals(lengths[order], similarity.window)):
        if at.active < lanes_left:
            lanes_left = at.active
            before = [(start, graph.part(cells, (0, lanes_left, 2))) for start, cells in before]
        stop = graph.add("Add", t, np.array([k]))
        cells = graph.part(costs, (at.first, at.last + 1, 0), (k, stop, 1), (0, lanes_left, 2))
        if at.outside is not None:
            cells = graph.add("Add", cells, at.outside)
        if before:
            start, last = before[-1]
            ways = [graph.part(last, (at.first - back - start, at.last + 1 - back - start, 0)) for back in (0, 1)]
            if len(before) > 1:
                start, last = before[0]
                ways.append(graph.part(last, (at.first - 1 - start, at.last - start, 0)))
            cells = graph.add("Add", cells, graph.add("Min", *ways))
        if at.done < at.active:
            length = k // 2 + 1
            ends = (length - 1 - at.first, length - at.first, 0)
            stop = graph.add("Sub", t, np.array([length - 1]))
            scores = graph.add("Squeeze", graph.part(cells, ends, (0, stop, 1), (at.done, at.active, 2)), np.array([0]))
            complete.insert(0, graph.padded(graph.add("Div", scores, np.array(-length, np.float32)), [length - 1, 0, 0, 0], missing))
        before = [*before[-1:], (at.first - 1, graph.padded(cells, [1, 0, 0, 1, 0, 0], FAR))]
    graph.add("Gather", graph.add("Concat", *complete, axis=1), order.argsort().numpy(), axis=1, output="similarities")

    values = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["steps", size])
        for name, size in (("embedded", channels), ("similarities", count))
    ]
    body = onnx.helper.make_graph(graph.nodes, "dtw", values[:1], values[1:], [*graph.constants.values()])
    return onnx.helper.make_model(body, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=10)
