"""Kinds of label noise: which labels they change and how many, error messages, and reuse of a realisation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from scratchlab.checks import Problem
from scratchlab.data.noise.catalog import NOISES
from scratchlab.data.noise.column import Column
from scratchlab.data.noise.given import GivenLabels, Noise, given_labels
from scratchlab.data.noise.pair import Pair
from scratchlab.data.noise.symmetric import Symmetric
from scratchlab.data.protocols.closed_set import ClosedSet
from scratchlab.data.sources.cifar10 import CIFAR10
from scratchlab.recipe import OneOf, resolve
from scratchlab.types import Batch, Samples, Split, Waveform, rows


def samples(labels: list[int], splits: list[str] | None = None, classes: tuple[str, ...] = ("ant", "bee", "cat", "dog")) -> Samples:
    n = len(labels)
    return Samples(
        np.array([f"item{i}" for i in range(n)]),
        np.array(labels),
        classes,
        {},
        np.array(splits or [""] * n),
        Waveform(100),
        lambda chosen: Batch(np.zeros((len(chosen), 1), np.float32), np.ones(len(chosen), np.int64)),
    )


def split(train: list[int], valid: list[int] | None = None, classes: tuple[int, ...] = (0, 1, 2, 3)) -> Split:
    return Split(rows(train), rows(valid or []), rows(), rows(), rows(classes))


SAMPLES = samples([i % 4 for i in range(400)])
SPLIT = split(list(range(300)), list(range(300, 400)))


def draw(noise: Noise, data: Samples = SAMPLES, part: Split = SPLIT, seed: int = 0) -> GivenLabels:
    return given_labels(noise, data, part, seed)


def error_message(noise: Noise, data: Samples = SAMPLES, part: Split = SPLIT) -> str:
    with pytest.raises(Problem) as error:
        draw(noise, data, part)
    return str(error.value)


@pytest.mark.parametrize("part", ["train", "valid"])
def test_exact_noise_changes_the_same_fraction_of_every_class(part: str) -> None:
    """75 training rows per class at rate 0.3: round(22.5) = 22 (to even); 25 validation rows: round(7.5) = 8."""
    labels = draw(Symmetric(rate=0.3))
    in_part = labels.splits == part
    for label in range(4):
        assert labels.changed[in_part & (labels.true == label)].sum() == {"train": 22, "valid": 8}[part]


def test_random_noise_changes_about_the_rate_and_different_numbers_per_class() -> None:
    data = samples([i % 4 for i in range(8000)])
    labels = draw(Symmetric(rate=0.3, exact=False), data, split(list(range(8000))))
    assert labels.changed.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / 8000))
    assert len({int(labels.changed[labels.true == label].sum()) for label in range(4)}) > 1


def test_symmetric_noise_is_uniform_over_the_other_classes() -> None:
    data = samples([i % 4 for i in range(12000)])
    labels = draw(Symmetric(rate=0.6), data, split(list(range(12000))))
    for true in range(4):
        counts = np.bincount(labels.given[labels.changed & (labels.true == true)], minlength=4)
        assert counts[true] == 0
        assert np.delete(counts, true) == pytest.approx(600, abs=4 * np.sqrt(600))


def test_given_labels_are_among_the_classes_of_training() -> None:
    data = samples([0, 2, 3] * 40)
    for noise in (Symmetric(rate=0.5), Pair(rate=0.5)):
        assert set(draw(noise, data, split(list(range(120)), classes=(0, 2, 3))).given.tolist()) == {0, 2, 3}


def test_pair_noise_gives_the_next_class_and_the_first_after_the_last() -> None:
    labels = draw(Pair(rate=0.4), samples([0, 2, 3] * 40), split(list(range(120)), classes=(3, 0, 2)))
    assert {(int(a), int(b)) for a, b in zip(labels.true[labels.changed], labels.given[labels.changed], strict=True)} == {
        (0, 2),
        (2, 3),
        (3, 0),
    }


def test_validation_labels_stay_among_the_classes_of_validation() -> None:
    data = samples([0, 1] * 20 + [2, 3] * 20)
    labels = draw(Symmetric(rate=0.5), data, split(list(range(40)), list(range(40, 80)), classes=(0, 1)))
    assert set(labels.given[labels.splits == "train"].tolist()) == {0, 1}
    assert set(labels.given[labels.splits == "valid"].tolist()) == {2, 3}


@pytest.mark.parametrize("kind", [Symmetric, Pair])
@pytest.mark.parametrize("exact", [True, False])
def test_a_higher_rate_changes_all_labels_that_a_lower_one_changes(kind: Callable[..., Noise], exact: bool) -> None:
    low, high = (draw(kind(rate=rate, exact=exact)) for rate in (0.2, 0.5))
    assert low.changed.any()
    assert (high.given[low.changed] == low.given[low.changed]).all()


def test_noise_depends_on_the_seed_and_training_labels_not_on_validation() -> None:
    first, second, other = (draw(Symmetric(rate=0.4), seed=seed) for seed in (1, 1, 2))
    assert first.facts() == second.facts()
    assert first.facts()["hash"] != other.facts()["hash"]
    without = draw(Symmetric(rate=0.4), part=split(list(range(300))), seed=1)
    assert np.array_equal(without.given, first.given[:300])


def test_facts_of_a_hand_computed_example() -> None:
    labels = GivenLabels(
        rows([0, 1, 2, 3, 4]),
        SAMPLES.ids[:5],
        np.array(["train"] * 4 + ["valid"]),
        rows([0, 0, 1, 1, 1]),
        rows([0, 2, 1, 1, 0]),
        SAMPLES.classes,
    )
    facts = labels.facts()
    assert facts["rows"] == {"train": 4, "valid": 1}
    assert facts["changed"] == {"train": 1, "valid": 1}
    assert facts["rate"] == {"train": 0.25, "valid": 1.0}
    assert facts["transitions"] == {"ant": {"ant": 1, "cat": 1}, "bee": {"ant": 1, "bee": 2}}


def test_noisy_samples_keep_the_true_labels_and_views_have_the_given_ones() -> None:
    labels = draw(Symmetric(rate=0.4))
    noisy = labels.apply(SAMPLES)
    assert np.array_equal(noisy.labels, SAMPLES.labels)
    view = SPLIT.view(noisy)
    assert np.array_equal(np.concatenate([view.train.labels, view.valid.labels]), labels.given)


# -- labels from a file -------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_written_table_is_read_back_in_any_order_of_rows(tmp_path: Path, suffix: str) -> None:
    labels = draw(Symmetric(rate=0.4))
    table = labels.table().sample(fraction=1, shuffle=True, seed=0)
    path = tmp_path / f"noise.{suffix}"
    table.write_csv(path) if suffix == "csv" else table.write_parquet(path)
    again = draw(Column(file=str(path), truth="true"), seed=99)
    assert np.array_equal(again.given, labels.given)
    assert again.facts()["hash"] == labels.facts()["hash"]


def test_an_archive_in_the_sources_order_has_indices_or_names(tmp_path: Path) -> None:
    wrong = (SAMPLES.labels + (np.arange(400) % 5 == 0)) % 4
    np.savez(tmp_path / "labels.npz", index=wrong.astype(np.uint8), name=np.array(SAMPLES.classes)[wrong], clean=SAMPLES.labels)
    for column in ("index", "name"):
        labels = draw(Column(file=str(tmp_path / "labels.npz"), labels=column, ids="", truth="clean"))
        assert np.array_equal(labels.given, wrong)


def test_labels_of_only_the_publishers_training_part_are_matched_by_order(tmp_path: Path) -> None:
    data = samples([0, 1, 0, 1, 0, 1], ["test", "train", "train", "test", "train", "train"])
    pl.DataFrame({"label": [1, 1, 0, 0]}).write_csv(tmp_path / "labels.csv")  # of rows 1, 2, 4, 5
    labels = draw(Column(file=str(tmp_path / "labels.csv"), labels="label", ids=""), data, split([5, 2, 1], [4], classes=(0, 1)))
    assert labels.given.tolist() == [0, 1, 1, 0]


def write(path: Path, **columns: Any) -> str:
    pl.DataFrame(columns).write_csv(path)
    return str(path)


def test_errors_for_files_that_do_not_fit(tmp_path: Path) -> None:
    ids, names = SAMPLES.ids.tolist(), np.array(SAMPLES.classes)[SAMPLES.labels].tolist()
    good = {"id": ids, "given": names}
    path = tmp_path / "labels.csv"
    assert "is not a file" in error_message(Column(file=str(tmp_path / "none.csv")))
    write(tmp_path / "labels.txt", **good)
    assert "ends in '.txt'; name a .csv, .npz or .parquet file" in error_message(Column(file=str(tmp_path / "labels.txt")))
    assert "has no column 'givn'" in error_message(Column(file=write(path, **good), labels="givn"))
    assert "has no label for 2 samples of training or validation: item398, item399" in error_message(
        Column(file=write(path, id=ids[:-2], given=names[:-2]))
    )
    assert "repeats sample ids in its column 'id': item0" in error_message(
        Column(file=write(path, id=[*ids, "item0"], given=[*names, "ant"]))
    )
    assert "'bea' in the column 'given' is not a class; the classes are: ant, bee" in error_message(
        Column(file=write(path, id=ids, given=["bea" if name == "bee" else name for name in names]))
    )
    assert "labels in the column 'given' are 0 to 9" in error_message(Column(file=write(path, id=ids, given=[0, 9] * 200)))
    assert "lists 300 labels without ids, but the source has 400 samples" in error_message(
        Column(file=write(path, given=names[:300]), labels="given", ids="")
    )
    moved = write(path, id=ids, given=names, true=[*names[1:], names[0]])
    assert "the label of sample 'item0' in column 'true' is 'bee', but the source's is 'ant' (300 of 300 differ)" in error_message(
        Column(file=moved, truth="true")
    )
    (tmp_path / "broken.parquet").write_bytes(b"nothing")
    assert "cannot be read as a .parquet file" in error_message(Column(file=str(tmp_path / "broken.parquet")))
    np.savez(tmp_path / "square.npz", given=np.zeros((400, 2), int), id=SAMPLES.ids)
    assert "columns must be one-dimensional" in error_message(Column(file=str(tmp_path / "square.npz")))


def test_errors_for_noise_without_usable_classes(tmp_path: Path) -> None:
    data = samples([0, 1, 2, 3] * 3)
    foreign = write(tmp_path / "labels.csv", id=data.ids.tolist(), given=["dog"] * 12)
    message = error_message(Column(file=foreign), data, split([0, 1, 4, 5], classes=(0, 1)))
    assert "gives 4 of 4 samples labels outside of the classes of training (ant, bee), such as 'dog' for sample 'item0'" in message
    assert "changes all 3 training labels of class 'ant'" in error_message(Column(file=foreign), data, split(list(range(12))))
    assert "needs at least two classes" in error_message(Symmetric(rate=0.5), samples([0] * 9), split(list(range(9)), classes=(0,)))
    assert "needs at least two classes" in error_message(Pair(rate=0.5), samples([0] * 9), split(list(range(9)), classes=(0,)))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": "symmetric", "rate": 1.0}, "noise.rate = 1.0 does not fit: it should be less than 1"),
        ({"name": "pair", "rate": 1.5}, "noise.rate = 1.5 does not fit: it should be less than 1"),
        ({"name": "symmetric", "rate": -0.1}, "noise.rate = -0.1 does not fit"),
        ({"name": "symmetric"}, "noise.rate must be given"),
        ({"name": "column"}, "noise.file must be given"),
        ({"rate": 0.2}, "noise.rate is not a setting of none"),
    ],
)
def test_wrong_settings_are_reported_before_data_are_read(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        resolve({"noise": given}, {"noise": OneOf(NOISES, "none")}, "test")


def test_no_noise_is_the_default() -> None:
    recipe = resolve({}, {"noise": OneOf(NOISES, "none")}, "test")
    assert recipe.build("noise", {"noise": OneOf(NOISES, "none")}) is None


def test_human_labels_of_cifar10n(real_data: Callable[[str], Path]) -> None:
    """The published noise rate of "worst" is 40.21 % over all 50,000 images; these 4,000 are a subset."""
    root = str(real_data("images/cifar10n_sub4000.npz"))
    data = CIFAR10(root=root, labels="clean").read()
    plan = ClosedSet(0).plan(data)
    labels = draw(Column(file=root, labels="worse_label", ids="", truth="clean"), data, plan.split)
    assert labels.changed.mean() == pytest.approx(0.402, abs=0.02)
    archive = np.load(root)
    assert np.array_equal(labels.given, archive["worse_label"][labels.rows])
