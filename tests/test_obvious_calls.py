"""What somebody who knows PyTorch would write first: it works on plain tensors, or fails with a sentence that says what is wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import scratchlab as sl
from scratchlab.checks import Problem

torch.manual_seed(0)
DIGITS = sl.data.SklearnDigits().read()
NAMES: dict[str, Any] = {
    "sl": sl,
    "np": np,
    "torch": torch,
    "x": torch.randn(3, 7, 16),
    "y": torch.randn(4, 6, 16),
    "u": torch.randn(3, 16),
    "v": torch.randn(4, 16),
    "a": torch.randn(50, 8),
    "b": torch.randn(50, 5),
    "labels": torch.tensor([0, 0, 1]),
    "classes": torch.randn(2, 16),  # class weights
    "waves": torch.randn(2, 16_000),
    "mel": torch.randn(2, 1, 40, 101),
    "images": torch.rand(2, 3, 84, 84),
    "embeddings": sl.Embeddings.of(torch.randn(2, 7, 16)),
    "two_streams": sl.Embeddings.of(torch.randn(3, 16), streams=("envelope", "residual")),
    "digits": DIGITS,
    "conv4": lambda: sl.models.Conv4(DIGITS.form, channels=4),
    "training": {"epochs": 1, "device": "cpu"},
}

WORK = {
    "similarities": [
        "sl.similarity.dtw(x, y).shape == (3, 4)",
        "sl.similarity.dtw(x, y, [7, 3, 2], [6, 6, 1, 2]).shape == (3, 4)",
        "sl.similarity.DTW()(x, y).shape == (3, 4)",
        "sl.similarity.DTW(window=0.2)(x, y).shape == (3, 4)",
        "torch.equal(sl.similarity.dtw(x, y, window=0.2), sl.similarity.DTW(window=0.2)(x, y))",
        "sl.similarity.soft_dtw(x, y, gamma=0.5).shape == (3, 4)",
        "sl.similarity.cka(x, y).shape == (3, 4)",
        "sl.similarity.chamfer(x, y).shape == (3, 4)",
        "sl.similarity.cosine(u, v).shape == (3, 4)",
        "sl.similarity.Cosine()(u, u).diagonal().allclose(torch.ones(3))",
        "sl.similarity.l2(u, v).max() <= 0",
        "sl.similarity.DTW()(embeddings, embeddings).shape == (2, 2)",
    ],
    "kernels": [
        "sl.kernels.cka(a, a) > 0.999",
        "sl.kernels.cka(a, b) < 0.5",
        "0 <= sl.kernels.cka(a, b, debiased=False) <= 1",
        "sl.kernels.cka(a.numpy(), b.numpy()) == sl.kernels.cka(a, b)",
        "sl.kernels.cka({'first': a, 'second': b}).of('first', 'second').value < 0.5",
        "sl.kernels.compared('procrustes', a, a).value > 0.999",
        "sl.kernels.with_interval('cka', a, b, times=20).low < 0.5",
        "sl.kernels.against_chance('cka', a, a, times=19).p == 0.05",
        "sl.kernels.to_target(a, a[:, 0] > 0).biased.value > 0.01",
        "sl.kernels.to_target({'first': a}, ['even', 'odd'] * 25)['first'].debiased.value < 0.5",
    ],
    "losses": [
        "sl.losses.SupervisedContrastive()(u, labels).ndim == 0",
        "sl.losses.SupervisedContrastive(sl.similarity.DTW())(x, labels) > 0",
        "sl.losses.SupervisedContrastive(temperature=0.5)(u, labels, u + 0.1) > 0",
        "sl.losses.CrossEntropy()(u, labels, classes).ndim == 0",
        "sl.losses.CrossEntropy(margin=0.2)(u, [0, 0, 1], classes) > sl.losses.CrossEntropy()(u, labels, classes)",
        "sl.losses.CrossEntropy(sl.similarity.DTW())(x, labels, y[:2]) > 0",
        "sl.losses.CrossEntropy(sl.similarity.Linear(), temperature=1.0)(u, labels, torch.randn(2, 17)) > 0",
        "sl.losses.SquaredError()(u, labels, classes) > 0",
        "sl.losses.Prototypical()(u, labels, v, [0, 1, 1, 0]) > 0",
        "sl.losses.Prototypical(sl.similarity.DTW())(x, labels, y, [0, 1, 1, 0]) > 0",
        "sl.losses.Composition()(x, labels, y[:2]) > 0",
        "sl.losses.MomentumContrast(16)(u, u + 0.1, labels) >= 0",
        "sl.losses.PseudoClasses()(two_streams, labels, classes).ndim == 0",
        "sl.losses.VirtualPrototypes()(u, labels, classes, torch.randn(5, 16)) > 0",
        "sl.losses.VirtualPrototypes()(u, labels, classes, torch.randn(5, 16), u.roll(1, 0), labels.roll(1)) > 0",
    ],
    "metrics": [
        "sl.metrics.accuracy(torch.tensor([1, 2]), torch.tensor([1, 1])) == 0.5",
        "sl.metrics.accuracy([1, 2], [1, 1]) == 0.5",
        "sl.metrics.accuracy(['cat', 'dog'], ['cat', 'cat']) == 0.5",
        "sl.metrics.balanced_accuracy([1, 1, 1], [1, 1, 0]) == 0.5",
        "sl.metrics.cross_entropy(torch.zeros(3, 2), labels) == np.log(2)",
        "sl.metrics.confusion(['cat', 'dog'], ['cat', 'cat']).tolist() == [[1, 1], [0, 0]]",
        "sl.metrics.confusion([0, 1], [0, 0], [1, 0]).tolist() == [[0, 0], [1, 1]]",
        "sl.metrics.retrieval(torch.tensor([[0.1, 0.2]]), ['ann'], ['ann', 'bob']).mean_ap == 1",
        "sl.metrics.retrieval(torch.cdist(u, v), [0, 1, 2], torch.tensor([0, 1, 2, 2])).mean_ap > 0",
        "sl.metrics.retrieval([[0.1, 0.2]], [1], [1, 1], ['left'], ['left', 'right']).ignored.tolist() == [1]",
        "sl.metrics.auroc([0.1, 0.9], [0, 1]).value == 1",
        "sl.metrics.episode_accuracy(torch.rand(5, 6, 2), torch.zeros(5, 6, dtype=torch.long)).shape == (5,)",
        "sl.metrics.knn_accuracy(a, a[:, 0] > 0).value > 0.5",
        "sl.metrics.trustworthiness(a, a[:, :2]).value > 0.3",
        "sl.metrics.mcnemar([1, 0, -1, 1]).p == 1",
        "sl.metrics.over_draws([0.8, 0.9]).low < 0.85",
        "sl.metrics.over_groups([True, False, True], ['ann', 'ann', 'bob']).value > 0.6",
        "sl.metrics.average_accuracy([0.9, 0.7]) > sl.metrics.performance_drop([0.9, 0.7])",
    ],
    "front-ends": [
        "sl.frontends.LogMel()(waves)[0].shape == (2, 1, 40, 101)",
        "sl.frontends.LogMel(sl.Waveform(8000), bands=30)(waves)[0].shape[2] == 30",
        "sl.frontends.LPC()(waves)[0].shape == (2, 3, 40, 101)",
        "sl.frontends.Pixels(mean=0.5, std=0.5)(images)[0].shape == images.shape",
    ],
    "encoders": [
        "sl.models.BCResNet()(mel).vector.shape == (2, 32)",
        "sl.models.BCResNet(width=2)(mel).matrix.shape == (2, 101, 64)",
        "sl.models.Conv4()(images).vector.shape == (2, 64)",
        "sl.models.Conv4(sl.Spectrogram(40))(mel).vector.shape == (2, 64)",
        "sl.models.ResNet(sl.Image(3, 84, 84))(images).vector.shape == (2, 64)",
        "sl.models.MLP(sl.Image(3, 84, 84), hidden=[16])(images).vector.shape == (2, 16)",
    ],
    "temporal modules": [
        "sl.models.temporal.Frames(16, 16)(embeddings).matrix.shape == (2, 7, 16)",
        "sl.models.temporal.Frames(16, 16, pool=2)(embeddings).matrix.shape == (2, 4, 16)",
        "sl.models.temporal.Transformer(16, 16, layers=1)(embeddings).vector.shape == (2, 16)",
    ],
    "data": [
        "sl.data.from_arrays(waves, ['a', 'b'], rate=16_000).form == sl.Waveform(16_000)",
        "sl.data.from_arrays(images, labels[:2], groups={'drawer': ['x', 'y']}).form == sl.Image(3, 84, 84)",
        "len(sl.data.Synthetic(classes=3).read()) == 120",
    ],
    "label noise": [
        "sl.data.noise.Symmetric(rate=0.5)([0, 0, 1, 1]).tolist() != [0, 0, 1, 1]",
        "sl.data.noise.Pair(rate=0.5)(torch.tensor([0, 0, 1, 1]), seed=3).sum() == 2",
        "sl.data.noise.Column(file='labels.csv').file == 'labels.csv'",
    ],
    "augmentations": [
        "sl.data.augment.Shift(ms=5)(waves).shape == waves.shape",
        "sl.data.augment.Noise()(waves, torch.tensor([16_000, 8_000])).shape == waves.shape",
        "sl.data.augment.SpecAugment()(mel).shape == mel.shape",
        "sl.data.augment.Affine()(images).shape == images.shape",
        "sl.data.augment.PixelShift()(images).shape == images.shape",
    ],
    "samplers": [
        "[len(rows) for rows in sl.data.samplers.Shuffled(2).batches([0, 1, 0, 1])] == [2, 2]",
        "sl.data.samplers.ClassBalanced(classes=2, rows=2).batches([0, 1, 0, 1])[0].shape == (4,)",
        "sl.data.samplers.Episodes(way=2, shot=1, query=1).batches(torch.tensor([0, 1] * 5))[0].shape == (4,)",
    ],
    "protocols": [
        "len(sl.protocols.ClosedSet().plan(digits).split.query) > 100",
        "len(sl.protocols.Sessions(base=6, way=2, sessions=2).plan(digits).draws) == 10",
        "sl.protocols.Episodes(way=2, test=0.4).plan(digits).support.shape == (1000, 2, 5)",
        "sl.protocols.Retrieval().plan(digits).split.query.shape == (10,)",
    ],
    "methods": [
        "sl.methods.TEEN(sl.models.BCResNet(), similarity=sl.similarity.DTW()).share == 0.5",
        "sl.methods.Prototypes(conv4(), similarity=[sl.similarity.Cosine(), sl.similarity.DTW()]).groups",
        "sl.methods.FACT(conv4(), virtual=5, training=training, optimizer={'name': 'adamw'}).count == 5",
        "sl.methods.CoTeaching(conv4(), tau=0.2).groups[0] == 'network0.body'",
        "sl.run(sl.methods.Prototypes(conv4(), training=training), digits, sl.protocols.ClosedSet(), progress=False).headline",
    ],
}

SAY_WHY = {
    "similarities": {
        "sl.similarity.dtw(u, v)": r"DTW compares matrices \[n, t, c\]; the queries have the shape \(3, 16\)",
        "sl.similarity.cosine(x, y)": r"Cosine compares vectors \[n, d\]; the queries have the shape \(3, 7, 16\)",
        "sl.similarity.dtw(x, y[..., :3])": "same dimension and type",
        "sl.similarity.dtw(x.double(), y)": "same dimension and type",
        "sl.similarity.dtw(x, y, [8, 1, 1])": "lengths from 1 to 7",
        "sl.similarity.dtw(x.long(), y)": "floating-point",
        "sl.similarity.dtw(x.numpy(), y)": "DTW compares tensors or Embeddings; the queries are of type ndarray",
    },
    "kernels": {
        "sl.kernels.cka(a, b[:9])": "numbers differ: a 50, b 9",
        "sl.kernels.cka(torch.ones(50, 3), b)": "CKA is undefined, because layer a",
        "sl.kernels.cka(a)": "two tensors.*here is a tensor alone",
        "sl.kernels.cka(a, {'b': b})": "two tensors.*here is a tensor and a mapping",
        "sl.kernels.compared('ckaa', a, b)": "Did you mean 'cka'",
        "sl.kernels.to_target(a, labels)": "50 inputs, but there are 3 labels",
        "sl.kernels.to_target(a, torch.eye(50))": r"take argmax\(1\)",
        "sl.kernels.Minibatches().add({})": "no layer to compare",
    },
    "losses": {
        "sl.losses.SupervisedContrastive()(u, labels[:2])": "one number per embedding",
        "sl.losses.SupervisedContrastive()(u, labels, v)": "3 embeddings and 4 views",
        "sl.losses.SupervisedContrastive()(x, labels)": r"Cosine compares vectors \[n, d\]",
        "sl.losses.SupervisedContrastive(reversed_negatives=True)": "has no effect",
        "sl.losses.CrossEntropy()(u, labels)": "with class weights: give them third",
        "sl.losses.CrossEntropy()(u, labels + 1, classes)": "labels must be 0 to 1.*they are 1 to 2",
        "sl.losses.CrossEntropy()(u, labels.float(), classes)": r"whole numbers, not torch.float32; convert with .long\(\)",
        "sl.losses.CrossEntropy()(u, torch.eye(3), classes)": r"For one-hot rows, take argmax\(1\)",
        "sl.losses.CrossEntropy()(u, ['a', 'a', 'b'], classes)": "labels must be whole numbers",
        "sl.losses.CrossEntropy()(u.numpy(), labels, classes)": "must be a tensor or Embeddings, not ndarray",
        "sl.losses.SquaredError()(u, labels, classes[:, :3])": "same dimension",
        "sl.losses.Prototypical()(u, labels, v, [0, 1, 1, 2])": r"query label 2 is not among the support labels \[0, 1\]",
        "sl.losses.Prototypical()(u, labels, v, labels)": "query labels must hold one number per embedding",
        "sl.losses.MomentumContrast(8)(u, u, labels)": r"takes queries and keys \[n, 8\]",
        "sl.losses.PseudoClasses()(u, labels, classes)": r"Embeddings.of\(vectors, streams",
        "sl.losses.VirtualPrototypes()(u, labels, classes, v, u)": "need the labels of the inputs that were mixed in",
    },
    "metrics": {
        "sl.metrics.accuracy(torch.rand(3, 4), labels)": r"take argmax\(1\)",
        "sl.metrics.accuracy([], [])": "n of 1 or more",
        "sl.metrics.accuracy([1, 2], [1])": r"shapes are \[2\] and \[1\]",
        "sl.metrics.cross_entropy(labels, labels)": r"logits must have the shape \[n, c\]",
        "sl.metrics.cross_entropy(torch.zeros(3, 2), labels + 1)": "whole numbers from 0 to 1",
        "sl.metrics.cross_entropy(torch.zeros(4, 2), labels)": "as many of each.*logits 4, true columns 3",
        "sl.metrics.confusion([0, 2], [0, 0], [0, 1])": "Labels 2 are not among the classes 0, 1",
        "sl.metrics.retrieval([[0.1, 0.2]], ['1'], [1, 2])": "must both be text or both be numbers",
        "sl.metrics.retrieval([[0.1, 0.2]], [1], [1, 2], rules=sl.metrics.Rules('none', junk=('2',)))": "identities of junk",
        "sl.metrics.retrieval([0.1, 0.2], [1], [1, 2])": r"Distances must be \[probes, gallery\], here \[1, 2\]",
        "sl.metrics.Rules('ignored')": "is not a rule; there are: ignore, keep, none. Did you mean 'ignore'",
        "sl.metrics.auroc([0.1, 0.9], [0, 2])": "of a positive, True, or of a negative, False",
        "sl.metrics.auroc([0.1, 0.9], [True])": "Each of 2 scores",
        "sl.metrics.episode_accuracy(torch.rand(6, 2), labels)": r"scores must have the shape \[episode, query, way\]",
        "sl.metrics.episode_accuracy(torch.rand(1, 3, 2), [[-1, -1, -1]])": "Episode 0 has no query of a known class",
        "sl.metrics.knn_accuracy(a, labels)": "points 50, labels 3",
        "sl.metrics.trustworthiness(a * float('nan'), a[:, :2])": "points must be finite; row 0 is not",
        "sl.metrics.mcnemar([[1, 0]])": r"gains must have the shape \[units\]",
        "sl.metrics.over_draws([0.8, float('nan')])": "draw 1 is not finite",
        "sl.metrics.over_groups([True, False], ['ann'])": "values 2, groups 1",
        "sl.metrics.average_accuracy([])": "no accuracy of any session",
    },
    "front-ends": {
        "sl.frontends.LogMel()(waves[0])": r"add an axis: x\[None\]",
        "sl.frontends.LogMel()(waves.numpy())": "not ndarray, which torch.as_tensor converts",
        "sl.frontends.LogMel()(waves.long())": "floating-point numbers",
        "sl.frontends.LogMel(sl.Image(1, 8, 8))": "gives images",
    },
    "encoders": {
        "sl.models.BCResNet()(mel[:, 0])": r"\[n, channels, rows, columns\]",
        "sl.models.BCResNet()(mel[:, :, :30])": r"Build it for their form: BCResNet\(Spectrogram\(bands=30",
        "sl.models.Conv4()(mel)": r"was built for features \[n, 3, 84, columns\]",
        "sl.models.MLP(sl.Spectrogram(40))": "spectrograms vary in length",
    },
    "temporal modules": {
        "sl.models.temporal.Transformer(16, 16, heads=3)": "does not divide the encoder's 16 channels",
        "sl.models.temporal.Frames(16, 16)(torch.rand(2, 7, 16))": r"takes Embeddings.*Embeddings.of",
        "sl.models.temporal.Transformer(16, 16)(torch.rand(2, 7, 16))": r"takes Embeddings.*Embeddings.of",
    },
    "data": {
        "sl.data.from_arrays(waves, [0, 1])": "need their rate",
        "sl.data.from_arrays(waves * float('nan'), [0, 1], rate=16_000)": "inputs must be finite; input 0 is not",
        "sl.data.from_arrays(images * 255, [0, 1])": "Divide bytes by 255",
        "sl.data.from_arrays(images, [0, 1, 1])": "2 ids but 3 values of labels",
        "sl.data.AudioFolder().read()": "folder",
    },
    "label noise": {
        "sl.data.noise.Symmetric(rate=40)": "from 0 to below 1",
        "sl.data.noise.Symmetric(rate=0.4)([1, 1, 1])": "at least two classes",
        "sl.data.noise.Pair(rate=0.4)(torch.eye(3))": r"labels must have the shape \[n\]",
    },
    "augmentations": {
        "sl.data.augment.Shift()(waves[0])": r"add an axis: x\[None\]",
        "sl.data.augment.SpecAugment()(waves)": r"shape \[n, streams, bands, frames\]",
        "sl.data.augment.Affine()((255 * images).byte())": "floating-point",
        "sl.data.augment.Flip(sl.Waveform(8000))": "flips images",
    },
    "samplers": {
        "sl.data.samplers.ClassBalanced(classes=3).batches(labels)": "the training rows are of 2 classes",
        "sl.data.samplers.Episodes(way=2).batches(labels)": "Class '1' has 1 training row",
        "sl.data.samplers.Shuffled().batches(torch.eye(3))": r"labels must have the shape \[n\]",
    },
    "protocols": {
        "sl.protocols.Sessions().plan(digits)": "needs 35 classes",
        "sl.protocols.Episodes(way=8).plan(digits)": "needs 8 test classes",
        "sl.protocols.ClosedSet(classes=['7']).plan(digits)": "single class",
        "sl.protocols.ClosedSet().plan(images)": "takes Samples.*from_arrays",
        "sl.protocols.Sessions().plan(sl.data.SklearnDigits())": r"takes Samples, not SklearnDigits; call its read\(\)",
    },
    "methods": {
        "sl.methods.Prototypes('bc_resnet')": "built around an encoder",
        "sl.methods.Prototypes(conv4(), similarities={})": "neither a setting of the method nor a part.*Did you mean 'similarity'",
        "sl.methods.Prototypes(conv4(), training={'epoch': 1})": "Did you mean 'epochs'",
        "sl.methods.Prototypes(conv4(), frontend=sl.frontends.LogMel())": "the front-end gives Spectrogram",
        "sl.run(sl.methods.Prototypes(sl.models.BCResNet()), digits, sl.protocols.ClosedSet())": "give the method another encoder",
        "sl.run(conv4(), digits, sl.protocols.ClosedSet())": "takes a method.*Prototypes",
        "sl.run(sl.methods.Prototypes(conv4()), images, sl.protocols.ClosedSet())": "takes Samples.*from_arrays",
    },
}
CALLS = [(kind, call) for kind, calls in WORK.items() for call in calls]
WRONG = [(kind, call) for kind, calls in SAY_WHY.items() for call in calls]


def test_each_kind_of_part_has_three_of_both() -> None:
    assert WORK.keys() == SAY_WHY.keys()
    assert [kind for kind in WORK if len(WORK[kind]) < 3 or len(SAY_WHY[kind]) < 3] == []


@pytest.mark.parametrize(("kind", "call"), CALLS)
def test_the_obvious_call_works(kind: str, call: str) -> None:
    assert bool(eval(call, NAMES)), kind


@pytest.mark.parametrize(("kind", "call"), WRONG)
def test_the_wrong_call_says_why(kind: str, call: str) -> None:
    with pytest.raises(Problem, match=SAY_WHY[kind][call]):
        eval(call, NAMES)


# -- found by others who tried the parts ---------------------------------------------------------------


def test_whitening_refuses_what_it_would_get_wrong() -> None:
    values, labels = torch.randn(6, 3), torch.tensor([0, 0, 0, 1, 1, 1])
    fit = sl.similarity.Whitening.fit
    assert fit(values, labels.tolist())(values).shape == (6, 3)  # pyright: ignore[reportArgumentType]
    for call, sentence in (
        (lambda: fit(values.long(), labels), "floating-point numbers, not torch.int64"),
        (lambda: fit(values, labels[:4]), r"labels \[n\]; here \[6, 3\] with labels \[4\]"),
        (lambda: fit(values[:, 0], labels), r"vectors \[n, c\] or matrices"),
        (lambda: fit(values * torch.nan, labels), "needs finite values"),
        (lambda: fit(values, labels)(torch.randn(2, 5)), "fitted to dimension 3"),
    ):
        with pytest.raises(Problem, match=sentence):
            call()


def test_not_a_number_is_not_compared() -> None:
    with pytest.raises(Problem, match="DTW compares finite numbers; some of the queries are NaN"):
        sl.similarity.dtw(torch.full((1, 3, 2), torch.nan), torch.randn(1, 3, 2))


def test_front_ends_take_double_precision_and_lists_of_lengths() -> None:
    features, lengths = sl.frontends.LogMel()(torch.randn(2, 8000, dtype=torch.float64), [8000, 4000])  # pyright: ignore[reportArgumentType]
    assert features.dtype == torch.float32
    assert lengths.tolist() == [51, 26]
    with pytest.raises(Problem, match="LogMel takes 2 lengths, whole numbers up to 8000"):
        sl.frontends.LogMel()(torch.randn(2, 8000), torch.tensor([8000]))


def test_one_hot_labels_and_unnamed_groups_get_a_sentence() -> None:
    with pytest.raises(Problem, match=r"Take argmax\(1\) of one-hot labels"):
        sl.data.from_arrays(torch.zeros(3, 1, 4, 4), torch.eye(3))
    with pytest.raises(Problem, match="groups are columns by name"):
        sl.data.from_arrays(torch.zeros(3, 1, 4, 4), [0, 1, 1], groups=["a", "b", "c"])  # pyright: ignore[reportArgumentType]


def test_an_interval_of_what_is_not_a_number_gets_a_sentence() -> None:
    with pytest.raises(Problem, match="The value of row 1 is not finite"):
        sl.metrics.over_groups([1.0, float("nan")], ["a", "b"])
