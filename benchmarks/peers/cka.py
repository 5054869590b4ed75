"""CKA of recorded features by us, by pytorch-cka and by torch-cka: who is handed what, for the benchmarks `cka_*.py`.

The peers read networks through hooks, and inputs through loaders. So features are recorded in a network whose layers answer a batch of row
numbers with those rows of theirs, as views: a forward pass computes and copies nothing, and a loader hands out row numbers. All three are
given the same networks and the same loader, without progress bars. Ours takes what `forward` returns, the peers what their hooks see.
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
    raise SystemExit(f"This benchmark needs its peers: pip install -c constraints.txt pytorch-cka torch-cka ({error}).") from error

Values = npt.NDArray[np.float64]


class Recorded(nn.Module):
    """One layer: features `[n, d]`; answers consecutive row numbers with those rows."""

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
        for place, one in enumerate(features):
            self.add_module(f"layer{place}", Recorded(one))

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
    """Of layers that share a part of what they tell; the shared part is the same for every seed. Made in place, to leave no room behind."""
    common = torch.randn(n, 32, generator=torch.Generator().manual_seed(1000))
    generator = torch.Generator().manual_seed(seed)
    made = [torch.randn(n, width, generator=generator).addmm_(common, torch.randn(32, width, generator=generator) / 6) for width in widths]
    return [one.relu_() for one in made] if rectified else made


def ours(a: Network, b: Network, batches: DataLoader[Any]) -> Values:
    found = Minibatches()
    for (rows,) in batches:
        found.add(a(rows), b(rows))
    return found.alignment().debiased


def by_pytorch_cka(a: Network, b: Network, batches: DataLoader[Any]) -> Values:
    (found,) = pytorch_cka.compute_cka(a, b, batches, layers=a.names(), model2_layers=b.names(), device="cpu", progress=False)
    return found.double().numpy()


def by_torch_cka(a: Network, b: Network, batches: DataLoader[Any]) -> Values:
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):  # its bar cannot be turned off
        warnings.simplefilter("ignore")  # that both networks have one name
        peer = torch_cka.CKA(a, b, model1_layers=a.names(), model2_layers=b.names())
        try:
            peer.compare(batches, batches)
        finally:
            for network in (a, b):  # it leaves its hooks where they are
                for layer in network.children():
                    layer._forward_hooks.clear()
    return peer.hsic_matrix.double().numpy()


def exact(a: Network, b: Network, batches: DataLoader[Any], *, debiased: bool = True) -> Values:
    """The same in double precision, of the features as they are; biased, if `debiased` is not asked for."""
    count = len(a.names()), len(b.names())
    cross, own = np.zeros(count), [np.zeros(one) for one in count]
    for (rows,) in batches:
        layers = [[one.double() - one.double().mean(0) for one in network(rows).values()] for network in (a, b)]
        cross += [[_hsic(x, y, debiased) for y in layers[1]] for x in layers[0]]
        for mine, network in zip(own, layers, strict=True):
            mine += [_hsic(x, x, debiased) for x in network]
    return cross / np.sqrt(own[0])[:, None] / np.sqrt(own[1])


def _hsic(x: Tensor, y: Tensor, debiased: bool) -> float:
    """Of centred features: Song et al. (2012), equation 5, in the space of features; biased up to a factor."""
    n, p, q = len(x), x.square().sum(1), y.square().sum(1)
    inner = float((x.T @ y).square().sum() if x.shape[1] * y.shape[1] < n * n else ((x @ x.T) * (y @ y.T)).sum())
    if not debiased:
        return inner
    return (inner - n / (n - 2) * float(p @ q) + float(p.sum() * q.sum()) / ((n - 1) * (n - 2))) / (n * (n - 3))


PEERS: dict[str, Callable[[Network, Network, DataLoader[Any]], Values]] = {"pytorch-cka": by_pytorch_cka, "torch-cka": by_torch_cka}
