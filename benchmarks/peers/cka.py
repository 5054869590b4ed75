"""CKA of recorded features with scratchlab, pytorch-cka and torch-cka, for the benchmarks `cka_*.py`.

The other packages read networks through hooks, and inputs through data loaders. Features are therefore recorded in a network whose layers
return, for a batch of row numbers, views of those rows: a forward pass neither computes nor copies anything, and the loader yields row
numbers. All three get the same networks and the same loader, without progress bars. Ours uses the output of `forward`, the others that of
their hooks.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from scratchlab.kernels.alignment import Minibatches

try:
    import cka as pytorch_cka
    import torch_cka
except ImportError as error:
    raise SystemExit(
        f"This benchmark compares with other packages: pip install -c constraints.txt pytorch-cka torch-cka ({error})."
    ) from error

Values = npt.NDArray[np.float64]


class Recorded(nn.Module):
    """A layer with recorded features `[n, d]`; returns those of consecutive row numbers."""

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        self.features = features

    def forward(self, rows: Tensor) -> Tensor:
        first = int(rows[0])
        return self.features[first : first + len(rows)]


class Network(nn.Module):
    """Recorded layers, named `layer0`, `layer1`, …"""

    def __init__(self, features: Sequence[Tensor]) -> None:
        super().__init__()
        for place, layer in enumerate(features):
            self.add_module(f"layer{place}", Recorded(layer))

    def forward(self, rows: Tensor) -> dict[str, Tensor]:
        return {name: layer(rows) for name, layer in self.named_children()}

    def names(self) -> list[str]:
        return [name for name, _ in self.named_children()]


class Rows(Dataset[tuple[Tensor]]):
    """Row numbers, batch by batch."""

    def __init__(self, n: int, batch: int) -> None:
        self.batches = torch.arange(n).split(batch)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, place: int) -> tuple[Tensor]:
        return (self.batches[place],)


def loader(n: int, batch: int) -> DataLoader[Any]:
    return DataLoader(Rows(n, batch), batch_size=None)


def features(n: int, widths: Sequence[int], seed: int, *, rectified: bool = True) -> list[Tensor]:
    """Random features of layers that share a component, which is the same for every seed. Computed in place, to save memory."""
    common = torch.randn(n, 32, generator=torch.Generator().manual_seed(1000))
    generator = torch.Generator().manual_seed(seed)
    layers = [
        torch.randn(n, width, generator=generator).addmm_(common, torch.randn(32, width, generator=generator) / 6) for width in widths
    ]
    return [layer.relu_() for layer in layers] if rectified else layers


def ours(a: Network, b: Network, batches: DataLoader[Any]) -> Values:
    minibatches = Minibatches()
    for (rows,) in batches:
        minibatches.add(a(rows), b(rows))
    return minibatches.alignment().debiased


def by_pytorch_cka(a: Network, b: Network, batches: DataLoader[Any]) -> Values:
    (values,) = pytorch_cka.compute_cka(a, b, batches, layers=a.names(), model2_layers=b.names(), device="cpu", progress=False)
    return values.double().numpy()


def by_torch_cka(a: Network, b: Network, batches: DataLoader[Any]) -> Values:
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):  # its progress bar cannot be disabled
        warnings.simplefilter("ignore")  # a warning that both networks have the same name
        peer = torch_cka.CKA(a, b, model1_layers=a.names(), model2_layers=b.names())
        try:
            peer.compare(batches, batches)
        finally:
            for network in (a, b):  # it does not remove its hooks
                for layer in network.children():
                    layer._forward_hooks.clear()
    return peer.hsic_matrix.double().numpy()


def exact(a: Network, b: Network, batches: DataLoader[Any], *, debiased: bool = True) -> Values:
    """Minibatch CKA in double precision, debiased or biased."""
    count = len(a.names()), len(b.names())
    cross, own = np.zeros(count), [np.zeros(layers) for layers in count]
    for (rows,) in batches:
        layers = [[layer.double() - layer.double().mean(0) for layer in network(rows).values()] for network in (a, b)]
        cross += [[_hsic(x, y, debiased) for y in layers[1]] for x in layers[0]]
        for total, network in zip(own, layers, strict=True):
            total += [_hsic(x, x, debiased) for x in network]
    return cross / np.sqrt(own[0])[:, None] / np.sqrt(own[1])


def _hsic(x: Tensor, y: Tensor, debiased: bool) -> float:
    """HSIC of centred features: Song et al. (2012), equation 5; biased, up to a constant factor."""
    n, p, q = len(x), x.square().sum(1), y.square().sum(1)
    inner = float((x.T @ y).square().sum() if x.shape[1] * y.shape[1] < n * n else ((x @ x.T) * (y @ y.T)).sum())
    if not debiased:
        return inner
    return (inner - n / (n - 2) * float(p @ q) + float(p.sum() * q.sum()) / ((n - 1) * (n - 2))) / (n * (n - 3))


PEERS: dict[str, Callable[[Network, Network, DataLoader[Any]], Values]] = {"pytorch-cka": by_pytorch_cka, "torch-cka": by_torch_cka}
