"""CKA between layers against the definitions, written out with n × n matrices in double precision."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from scratchlab.checks import Problem
from scratchlab.kernels import products
from scratchlab.kernels.alignment import Minibatches, cka
from scratchlab.kernels.capture import captured
from scratchlab.kernels.target import to_target

Values = npt.NDArray[np.float64]


def features(
    n: int = 40, widths: tuple[int, ...] = (3, 17, 90), seed: int = 0, offset: float = 0.0, scale: float = 1.0
) -> dict[str, Tensor]:
    """Layers that share a component."""
    generator = torch.Generator().manual_seed(seed)
    common = torch.randn(n, 5, generator=generator)
    layers = {}
    for place, width in enumerate(widths):
        mixed = common @ torch.randn(5, width, generator=generator) + (place + 1) * torch.randn(n, width, generator=generator)
        layers[f"layer{place}"] = (mixed + offset) * scale
    return layers


def kernel(x: Tensor) -> Values:
    values = x.flatten(1).double().numpy()
    return values @ values.T


def biased(x: Tensor, y: Tensor) -> float:
    n = len(x)
    centre = np.eye(n) - 1 / n
    k, m = (centre @ kernel(one) @ centre for one in (x, y))
    return float((k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum()))


def hsic1(k: Values, m: Values) -> float:
    n, one = len(k), np.ones(len(k))
    k, m = (of - np.diag(np.diag(of)) for of in (k, m))
    last = one @ k @ m @ one
    return float((np.trace(k @ m) + (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * last) / (n * (n - 3)))


def centred(x: Tensor) -> Tensor:
    x = x.double()
    return x - x.mean(0)


def debiased(x: Tensor, y: Tensor) -> float:
    k, m = kernel(centred(x)), kernel(centred(y))
    return hsic1(k, m) / np.sqrt(hsic1(k, k) * hsic1(m, m))


@pytest.mark.parametrize("method", ["tiled kernels", "kernels", "features"])
@pytest.mark.parametrize("two", [False, True])
def test_all_methods_equal_the_definitions(monkeypatch: pytest.MonkeyPatch, method: str, two: bool) -> None:
    monkeypatch.setattr(products, "_kernels_cost", lambda n, widths: 2.0 if method == "features" else 0.0)
    monkeypatch.setattr(products, "_features_cost", lambda n, widths, asked: 1.0)
    if method == "tiled kernels":
        monkeypatch.setattr(products, "MAX_ENTRIES", 3 * 15**2)  # tiles of at most 15 × 15 for 40 inputs
    monkeypatch.setattr(products, "STRIP", 100)
    monkeypatch.setattr(products, "SIDE", 30)
    a = features()
    b = features(widths=(8, 30), seed=0) if two else None
    result = cka(a, b)
    assert (result.rows, result.columns) == (tuple(a), tuple(b or a))
    for i, x in enumerate(a.values()):
        for j, y in enumerate((b or a).values()):
            assert result.biased[i, j] == pytest.approx(biased(x, y), abs=1e-6)
            assert result.debiased[i, j] == pytest.approx(debiased(x, y), abs=2e-6)
    assert result.of("layer0", "layer1").value == result.debiased[0, 1]


def test_the_cheaper_method_is_used() -> None:
    all_pairs = np.ones((2, 2), dtype=bool)
    assert products._kernels_cost(100, [3000, 3000]) < products._features_cost(100, [3000, 3000], all_pairs)
    assert products._kernels_cost(100, [4, 4]) > products._features_cost(100, [4, 4], all_pairs)
    assert products.kernels_fit(100, [3000, 3000], all_pairs)
    assert not products.kernels_fit(100_000, [300_000, 300_000], all_pairs)  # cheaper, but too large for memory


@pytest.mark.parametrize("offset", [0.0, 1.0, 10.0, 1000.0])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_offset_and_scale_do_not_matter(offset: float, scale: float) -> None:
    a, b = features(300, (64,), offset=offset, scale=scale), features(300, (20,), offset=-offset, scale=scale)
    result = cka(a, b)
    assert result.biased[0, 0] == pytest.approx(biased(centred(a["layer0"]), centred(b["layer0"])), abs=1e-6)
    assert result.debiased[0, 0] == pytest.approx(debiased(a["layer0"], b["layer0"]), abs=1e-6)


def test_features_are_not_modified() -> None:
    a = features(offset=3.0)
    before = {name: values.clone() for name, values in a.items()}
    cka(a)
    assert all(torch.equal(a[name], before[name]) for name in a)


def test_debiased_values_are_not_clipped_at_0() -> None:
    values = [float(cka(features(12, (60,), seed), features(12, (60,), seed + 50)).debiased[0, 0]) for seed in range(40)]
    unrelated = [cka({"a": torch.randn(12, 60)}, {"b": torch.randn(12, 60)}) for _ in range(40)]
    assert min(float(one.debiased[0, 0]) for one in unrelated) < 0
    assert abs(np.mean([one.debiased[0, 0] for one in unrelated])) < 0.1 < np.mean([one.biased[0, 0] for one in unrelated])
    assert np.isfinite(values).all()


# -- what is undefined ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda x: torch.full_like(x, 3.7), "layer0 cannot be compared: it is the same for all inputs"),
        (lambda x: x * 0, "layer0 cannot be compared: it is 0 for all inputs"),
        (lambda x: x.index_fill(0, torch.tensor([7, 9]), torch.nan), "values of 2 inputs of 40 are not finite: 7, 9"),
        (lambda x: x.index_fill(0, torch.tensor([2]), torch.inf), "values of 1 input of 40 are not finite: 2"),
    ],
)
def test_undefined_layers_are_named_and_do_not_affect_others(change: object, reason: str) -> None:
    a = features()
    whole = cka(a)
    a["layer0"] = change(a["layer0"])  # type: ignore[operator]
    result = cka(a)
    for debiased_too in (True, False):
        estimate = result.of("layer0", "layer2", debiased=debiased_too)
        assert estimate.value is None
        assert estimate.how.startswith("undefined, because layer ")
        assert reason in estimate.how
    assert np.isnan(result.biased[0]).all()
    assert np.isnan(result.debiased[:, 0]).all()
    assert np.array_equal(result.debiased[1:, 1:], whole.debiased[1:, 1:])


def test_layers_of_the_same_name_in_two_networks_are_distinct() -> None:
    a, b = features(), features(seed=3)
    a["layer0"] = torch.ones(40, 3)
    result = cka(a, b)
    assert result.of("layer0", "layer1").value is None
    assert result.of("layer1", "layer0").value == pytest.approx(debiased(a["layer1"], b["layer0"]), abs=2e-6)
    both = Minibatches()
    both.add(a, b)
    assert both.alignment().of("layer1", "layer0").value == pytest.approx(result.of("layer1", "layer0").value, abs=1e-5)


def test_a_large_constant_feature_does_not_hide_small_ones() -> None:
    x = torch.cat([torch.full((40, 1), 1e6), 0.3 * features()["layer0"]], 1)
    y = features()["layer1"]
    assert cka({"x": x}, {"y": y}).debiased[0, 0] == pytest.approx(debiased(x[:, 1:], y), abs=1e-5)
    twice = Minibatches()
    twice.add({"x": x}, {"y": y})
    assert twice.alignment().debiased[0, 0] == pytest.approx(debiased(x[:, 1:], y), abs=1e-5)


def test_double_precision_beyond_single() -> None:
    x, y = features()["layer0"].double(), features()["layer1"]
    for changed in (x * 1e200, x * 1e-200, 1 + 1e-9 * x):
        assert cka({"x": changed}, {"y": y}).debiased[0, 0] == pytest.approx(debiased(x, y), abs=1e-5)


def test_three_inputs_have_only_a_biased_value() -> None:
    a = features(3)
    result = cka(a)
    assert result.of("layer0", "layer1", debiased=False).value == pytest.approx(biased(a["layer0"], a["layer1"]), abs=1e-6)
    assert result.of("layer0", "layer1").how == "undefined, because a debiased CKA needs four inputs, and there are 3"


def test_wrong_input_raises_problem() -> None:
    with pytest.raises(Problem, match="layer layer0 has 1 input"):
        cka(features(1))
    with pytest.raises(Problem, match="their numbers differ: layer0 40, layer1 40, layer2 40, layer0 41"):
        cka(features(), features(41, (3,)))
    for nothing in (lambda: cka({}), lambda: cka(features(), {}), lambda: Minibatches().add({})):
        with pytest.raises(Problem, match="There is no layer to compare"):
            nothing()
    with pytest.raises(Problem, match="are a single number"):
        cka({"x": torch.tensor(1.0)})
    assert cka({"x": torch.arange(9.0)}).biased.shape == (1, 1), "one feature per input"
    with pytest.raises(Problem, match="There is no layer nothing; the layers are: layer0"):
        cka(features()).of("nothing", "layer0")


# -- minibatches ------------------------------------------------------------------------------------------


def test_minibatches_average_hsic() -> None:
    a, b = features(70), features(70, (8, 30), offset=5.0)
    result = Minibatches()
    starts = range(0, 70, 16)  # the last batch has 6 inputs
    for start in starts:
        result.add({name: x[start : start + 16] for name, x in a.items()}, {name: x[start : start + 16] for name, x in b.items()})
    estimate = result.alignment()
    assert (result.inputs, result.batches, result.left_out) == (70, 5, 0)

    def summed(x: Tensor, y: Tensor) -> float:
        return sum(hsic1(kernel(centred(x[start : start + 16])), kernel(centred(y[start : start + 16]))) for start in starts)

    for i, x in enumerate(a.values()):
        for j, y in enumerate(b.values()):
            assert estimate.debiased[i, j] == pytest.approx(summed(x, y) / np.sqrt(summed(x, x) * summed(y, y)), abs=2e-6)


@pytest.mark.parametrize(("offset", "scale"), [(0.0, 1e-20), (0.1, 1.0), (3.0, 1e6), (1000.0, 1.0), (0.0, 1e15)])
def test_offset_and_scale_do_not_matter_in_minibatches(offset: float, scale: float) -> None:
    a, b, result = features(64, (60,), offset=offset, scale=scale), features(64, (20,), offset=offset, scale=scale), Minibatches()
    x, y = (centred(one["layer0"] / scale) for one in (a, b))
    for start in (0, 32):
        result.add(*({"layer": one["layer0"][start : start + 32]} for one in (a, b)))
    cross, own_x, own_y = (
        sum(hsic1(kernel(centred(p[i : i + 32])), kernel(centred(q[i : i + 32]))) for i in (0, 32)) for p, q in ((x, y), (x, x), (y, y))
    )
    assert result.alignment().debiased[0, 0] == pytest.approx(cross / np.sqrt(own_x * own_y), abs=2e-6)


def test_batches_of_different_offsets_and_scales_add_up() -> None:
    """The mean of one batch need not fit the next, and scales differ."""
    batches = [features(32, (60, 20), seed, offset, scale) for seed, (offset, scale) in enumerate([(0, 1), (1e3, 1), (-1e3, 1), (0, 1e9)])]
    for order in (batches, batches[::-1]):
        result, summed = Minibatches(), np.zeros((2, 2))
        for one in order:
            result.add(one)
            kernels = [kernel(centred(x)) for x in one.values()]
            summed += [[hsic1(k, m) for m in kernels] for k in kernels]
        estimate = result.alignment().debiased
        assert estimate[0, 1] == pytest.approx(summed[0, 1] / np.sqrt(summed[0, 0] * summed[1, 1]), abs=2e-6)
    # above, only the largest batch matters; these have the same scale
    result, summed = Minibatches(), np.zeros((2, 2))
    for one in batches[:3]:
        result.add(one)
        kernels = [kernel(centred(x)) for x in one.values()]
        summed += [[hsic1(k, m) for m in kernels] for k in kernels]
    assert result.alignment().debiased[0, 1] == pytest.approx(summed[0, 1] / np.sqrt(summed[0, 0] * summed[1, 1]), abs=2e-6)


def test_double_precision_beyond_single_in_minibatches() -> None:
    x, y = features()["layer0"].double(), features()["layer1"]
    for changed in (x * 1e200, x * 1e-200, 1 + 1e-9 * x):
        result = Minibatches()
        result.add({"x": changed}, {"y": y})
        assert result.alignment().debiased[0, 0] == pytest.approx(debiased(x, y), abs=1e-5)
    result.add({"x": x * 1e200}, {"y": y})
    assert result.alignment().of("x", "y").how.endswith("times as large as in the first batch, in batch 2")


def test_features_may_have_any_memory_layout() -> None:
    a = features(40, (64, 30))
    spread = {name: torch.stack([x, x], 2)[:, :, 0] for name, x in a.items()}
    turned = {name: x.T.contiguous().T for name, x in a.items()}
    plain, twice, thrice = Minibatches(), Minibatches(), Minibatches()
    for result, one in ((plain, a), (twice, spread), (thrice, turned)):
        result.add(one)
        assert np.allclose(cka(one).debiased, cka(a).debiased, atol=1e-6)
        assert np.allclose(result.alignment().debiased, plain.alignment().debiased, atol=1e-6)


def test_a_dead_layer_in_one_batch_is_named() -> None:
    result = Minibatches()
    dead, good = features(16) | {"layer1": torch.zeros(16, 17)}, features(16, seed=1)
    result.add(dead)
    assert "layer1 cannot be compared: it is 0 for all inputs" in result.alignment().of("layer0", "layer1").how
    result.add(good)
    estimate = result.alignment()
    x = hsic1(kernel(centred(good["layer0"])), kernel(centred(good["layer1"])))
    own = [sum(hsic1(k, k) for k in (kernel(centred(one[name])) for one in (dead, good))) for name in ("layer0", "layer1")]
    assert estimate.of("layer0", "layer1").value == pytest.approx(x / np.sqrt(own[0] * own[1]), abs=1e-5), (
        "a constant batch contributes nothing"
    )
    result.add(good | {"layer2": torch.full((16, 90), torch.nan)})
    assert result.alignment().of("layer2", "layer0").how.endswith("are not finite: 0, 1, 2, … (16 in all), in batch 3")
    assert result.alignment().of("layer0", "layer1").value is not None


def test_small_last_batches_are_left_out_and_counted() -> None:
    a, result = features(33), Minibatches()
    for start in (0, 16, 32):
        result.add({name: x[start : start + 16] for name, x in a.items()})
    assert (result.inputs, result.left_out) == (32, 1)
    assert result.alignment().debiased.shape == (3, 3)
    empty = Minibatches()
    empty.add(features(2))
    with pytest.raises(Problem, match="No batch had four or more inputs; 1 smaller batch left out"):
        empty.alignment()
    with pytest.raises(Problem, match="must be the same"):
        result.add(features(16, (3,)))


def test_a_shuffled_loader_is_iterated_once_for_both_networks() -> None:
    def network() -> nn.Sequential:
        return nn.Sequential(nn.Linear(6, 12), nn.ReLU(inplace=True), nn.Linear(12, 5))

    torch.manual_seed(0)
    first, second, inputs = network(), network(), torch.randn(70, 6)
    copy = network()
    copy.load_state_dict(first.state_dict())
    result, same = Minibatches(), Minibatches()
    for (batch,) in DataLoader(TensorDataset(inputs), batch_size=16, shuffle=True):  # the last batch has 6 inputs
        captures: list[dict[str, Tensor]] = []
        for net in (first, second, copy):
            with captured(net, ["0", "1", "2"]) as features:
                net(batch)
            captures.append(features)
        result.add(captures[0], captures[1])
        same.add(captures[0], captures[2])
    assert result.inputs == 70
    assert np.allclose(np.diagonal(same.alignment().debiased), 1, atol=1e-6), "each input is compared with itself, in any order"
    assert same.alignment().of("0", "1").value < 0.999, "outputs are copied before an in-place ReLU"
    with torch.no_grad():
        whole = cka({"0": first[0](inputs)}, {"2": second(inputs)})
    assert result.alignment().of("0", "2").value == pytest.approx(whole.of("0", "2").value, abs=0.1), "minibatch HSIC is unbiased"


# -- to the target ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [(20, 20), (5, 30), (10, 12, 3, 15)])
def test_to_the_target_is_cka_with_one_hot_labels(counts: tuple[int, ...]) -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)) * 7, counts))
    a = features(sum(counts), (6, 15, 300), offset=2.0)  # layers with fewer and with more features than inputs
    one_hot = torch.from_numpy((labels[:, None] == np.unique(labels)).astype(np.float32))
    for name, result in to_target(a, labels).items():
        assert result.biased.value == pytest.approx(biased(centred(a[name]), centred(one_hot)), abs=1e-6)
        assert result.debiased.value == pytest.approx(debiased(a[name], one_hot), abs=2e-6)


def test_unsuitable_labels_raise_problem() -> None:
    with pytest.raises(Problem, match=r"All 40 labels are 3: .*Do the labels collide"):
        to_target(features(), np.full(40, 3))
    with pytest.raises(Problem, match=r"Labels must be one number per input, \[n\]; these have shape \[40, 2\]"):
        to_target(features(), np.eye(2, dtype=np.int64)[np.arange(40) % 2])
    with pytest.raises(Problem, match="Layer layer0 has 40 inputs, but there are 39 labels"):
        to_target(features(), np.arange(39) % 2)
    result = to_target({"dead": torch.zeros(40, 3)}, np.arange(40) % 2)["dead"]
    assert result.biased.how == result.debiased.how == "undefined, because layer dead cannot be compared: it is 0 for all inputs"
