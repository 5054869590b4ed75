"""Readings of CKA during training: correct values, and no influence on training."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.kernels import products
from scratchlab.kernels.alignment import cka
from scratchlab.kernels.capture import captured, layers_of
from scratchlab.kernels.target import to_target
from scratchlab.observe.kernels import Kernels


def data(n: int = 64) -> tuple[Tensor, np.ndarray]:
    labels = np.arange(n) % 3
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, 6, generator=generator) + torch.from_numpy(labels)[:, None], labels


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(8, 3))


def trained(kernels: Kernels | None, net: nn.Sequential, epochs: int = 3) -> list[Tensor]:
    """All weights and running statistics after some epochs in random order with dropout."""
    inputs, labels = data()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    torch.manual_seed(7)
    net.train()
    net[1].eval()  # a frozen module must stay frozen
    for epoch in range(epochs):
        for rows in torch.randperm(64).split(16):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(inputs[rows]), torch.from_numpy(labels)[rows]).backward()
            optimizer.step()
        if kernels:
            kernels.read(epoch=epoch)
    assert [module.training for module in net] == [True, False, True, True, True]
    return [tensor.clone() for tensor in net.state_dict().values()]


def test_readings_leave_training_unchanged_bit_for_bit() -> None:
    plain, watched = network(), network()
    inputs, labels = data()
    kernels = Kernels(watched, {"train": (inputs[:32], labels[:32]), "valid": (inputs[32:], labels[32:])}, batch=10)
    for first, second in zip(trained(None, plain), trained(kernels, watched), strict=True):
        assert torch.equal(first, second)
    assert not any(module._forward_hooks for module in watched.modules())
    table = kernels.table()
    assert table["epoch"].to_list() == sorted(table["epoch"])
    assert table.height == 3 * 2 * (5 + 1 + 5 + 10)


@pytest.mark.parametrize("way", ["kernels", "features"])
def test_readings_equal_the_cka_of_layer_outputs(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(products, "_kernels_cost", lambda n, widths: 2.0 if way == "features" else 0.0)
    monkeypatch.setattr(products, "_features_cost", lambda n, widths, inputs: 1.0)
    net = network().eval()
    inputs, labels = data()
    kernels = Kernels(net, {"valid": (inputs, labels)}, batch=20)
    began = kernels.features("valid")
    with torch.no_grad():
        net[0].weight.mul_(torch.linspace(0.1, 3, 8)[:, None])
        first = net[0](inputs)
        made = {"0": first, "1": net[1](first), "2": net[1](first).relu(), "3": net[1](first).relu(), "4": net(inputs)}
    read = kernels.features("valid")  # in batches, so rounding may differ
    assert all(torch.allclose(read[name], made[name], atol=1e-6) for name in made), "features are copied, because the ReLU works in place"
    rows = kernels.read(epoch=0)
    targets = to_target(made, labels)
    actual = {(row["kind"], row["layer"], row["other"]): row["debiased"] for row in rows}
    for name, to_labels in targets.items():
        assert actual["target", name, ""] == pytest.approx(to_labels.debiased.value)
    assert actual["target", "average", ""] == pytest.approx(np.mean([to_labels.debiased.value for to_labels in targets.values()]))
    assert actual["layers", "0", "4"] == pytest.approx(cka(made).of("0", "4").value)
    assert actual["start", "0", ""] == pytest.approx(cka({"a": made["0"]}, {"b": began["0"]}).of("a", "b").value)
    assert actual["start", "0", ""] < 0.999


def test_two_networks_see_the_same_inputs() -> None:
    inputs, labels = data()
    kernels = Kernels({"a": network(0), "b": network(1)}, {"valid": (inputs, labels)}, layers=["4"])
    (row,) = [row for row in kernels.read() if row["kind"] == "layers"]
    assert (row["layer"], row["other"]) == ("a.4", "b.4")
    assert row["debiased"] < 1


def test_a_dead_layer_is_reported_and_the_average_is_undefined() -> None:
    net = network().eval()
    inputs, labels = data()
    kernels = Kernels(net, {"valid": (inputs, labels)}, between=False)
    with torch.no_grad():
        net[1].weight.zero_()
        net[1].bias.fill_(-1)
    rows = {(row["kind"], row["layer"]): row for row in kernels.read(epoch=4)}
    assert rows["target", "2"]["debiased"] is None
    assert rows["target", "2"]["why"] == "undefined, because layer 2 cannot be compared: it is 0 for all inputs"
    assert rows["target", "average"]["why"].startswith("undefined, because layer ")
    assert rows["target", "0"]["debiased"] is not None
    assert kernels.table().filter(layer="2", kind="start")["why"][0].startswith("undefined, because layer 2")


def test_layer_patterns_and_wrong_layers() -> None:
    net = network()
    assert layers_of(net, ["[02]"]) == ("0", "2")
    with pytest.raises(Problem, match=r"No layer matches '7'; the network has: 0, 1, 2, 3, 4"):
        layers_of(net, ["7"])
    inputs, labels = data()
    with pytest.raises(Problem, match="The set valid has 64 inputs and 63 labels"):
        Kernels(net, {"valid": (inputs, labels[:-1])})
    with pytest.raises(Problem, match="Labels must be one number per input"):
        Kernels(net, {"valid": (inputs, np.eye(3)[labels])})
    with pytest.raises(Problem, match="a single Linear without children"):
        Kernels(nn.Linear(6, 2), {"valid": (inputs, labels)})
    assert Kernels(net, {"valid": (inputs, labels)}).table().is_empty()
    with pytest.raises(Problem, match="The layer 4 was never called"):
        Kernels(net, {"valid": (inputs, labels)}, forward=lambda module, x: module[0](x), layers=["4"])


def test_a_layer_without_features_raises_a_problem() -> None:
    class Says(nn.Module):
        def forward(self, x: Tensor) -> str:
            return "nothing"

    net = nn.Sequential(Says())
    with captured(net, ["0"]), pytest.raises(Problem, match="The layer 0 returns no floating-point tensor"):
        net(data()[0])
