"""Kinds of label noise: what they change and how much, what they refuse, and that a realisation can be used again."""

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
from scratchlab.recipe import One, resolve
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


MANY = samples([i % 4 for i in range(400)])
WHOLE = split(list(range(300)), list(range(300, 400)))


def realised(noise: Noise, data: Samples = MANY, part: Split = WHOLE, seed: int = 0) -> GivenLabels:
    return given_labels(noise, data, part, seed)


def refused(noise: Noise, data: Samples = MANY, part: Split = WHOLE) -> str:
    with pytest.raises(Problem) as error:
        realised(noise, data, part)
    return str(error.value)


@pytest.mark.parametrize("part", ["train", "valid"])
def test_exact_noise_changes_the_same_share_of_every_class(part: str) -> None:
    """75 training rows a class at 0.3: round(22.5) = 22 (to even); 25 validation rows: round(7.5) = 8."""
    found = realised(Symmetric(rate=0.3))
    own = found.splits == part
    for label in range(4):
        assert found.changed[own & (found.true == label)].sum() == {"train": 22, "valid": 8}[part]


def test_noise_by_chance_changes_about_the_rate_and_not_the_same_of_every_class() -> None:
    data = samples([i % 4 for i in range(8000)])
    found = realised(Symmetric(rate=0.3, exact=False), data, split(list(range(8000))))
    assert found.changed.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / 8000))
    assert len({int(found.changed[found.true == label].sum()) for label in range(4)}) > 1


def test_symmetric_noise_gives_every_other_class_alike_and_never_the_true_one() -> None:
    data = samples([i % 4 for i in range(12000)])
    found = realised(Symmetric(rate=0.6), data, split(list(range(12000))))
    for true in range(4):
        counts = np.bincount(found.given[found.changed & (found.true == true)], minlength=4)
        assert counts[true] == 0
        assert np.delete(counts, true) == pytest.approx(600, abs=4 * np.sqrt(600))


def test_classes_that_are_not_in_play_are_never_given() -> None:
    data = samples([0, 2, 3] * 40)
    for noise, only in ((Symmetric(rate=0.5), {0, 2, 3}), (Pair(rate=0.5), {0, 2, 3})):
        assert set(realised(noise, data, split(list(range(120)), classes=(0, 2, 3))).given.tolist()) == only


def test_pair_noise_gives_the_next_class_in_play_and_the_first_after_the_last() -> None:
    found = realised(Pair(rate=0.4), samples([0, 2, 3] * 40), split(list(range(120)), classes=(3, 0, 2)))
    assert {(int(a), int(b)) for a, b in zip(found.true[found.changed], found.given[found.changed], strict=True)} == {
        (0, 2),
        (2, 3),
        (3, 0),
    }


def test_validation_rows_of_classes_of_their_own_stay_among_these() -> None:
    data = samples([0, 1] * 20 + [2, 3] * 20)
    found = realised(Symmetric(rate=0.5), data, split(list(range(40)), list(range(40, 80)), classes=(0, 1)))
    assert set(found.given[found.splits == "train"].tolist()) == {0, 1}
    assert set(found.given[found.splits == "valid"].tolist()) == {2, 3}


@pytest.mark.parametrize("kind", [Symmetric, Pair])
@pytest.mark.parametrize("exact", [True, False])
def test_a_higher_rate_keeps_what_a_lower_one_changed(kind: Callable[..., Noise], exact: bool) -> None:
    low, high = (realised(kind(rate=rate, exact=exact)) for rate in (0.2, 0.5))
    assert low.changed.any()
    assert (high.given[low.changed] == low.given[low.changed]).all()


def test_a_seed_decides_and_validation_does_not_disturb_training() -> None:
    one, again, other = (realised(Symmetric(rate=0.4), seed=seed) for seed in (1, 1, 2))
    assert one.facts() == again.facts()
    assert one.facts()["hash"] != other.facts()["hash"]
    without = realised(Symmetric(rate=0.4), part=split(list(range(300))), seed=1)
    assert np.array_equal(without.given, one.given[:300])


def test_facts_by_hand() -> None:
    found = GivenLabels(
        rows([0, 1, 2, 3, 4]), MANY.ids[:5], np.array(["train"] * 4 + ["valid"]), rows([0, 0, 1, 1, 1]), rows([0, 2, 1, 1, 0]), MANY.classes
    )
    facts = found.facts()
    assert facts["rows"] == {"train": 4, "valid": 1}
    assert facts["changed"] == {"train": 1, "valid": 1}
    assert facts["rate"] == {"train": 0.25, "valid": 1.0}
    assert facts["transitions"] == {"ant": {"ant": 1, "cat": 1}, "bee": {"ant": 1, "bee": 2}}


def test_shown_samples_keep_the_true_labels_and_show_the_given_ones() -> None:
    found = realised(Symmetric(rate=0.4))
    shown = found.shown(MANY)
    assert np.array_equal(shown.labels, MANY.labels)
    view = WHOLE.view(shown)
    assert np.array_equal(np.concatenate([view.train.labels, view.valid.labels]), found.given)


# -- labels from a file -------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_was_written_is_read_back_in_any_order_of_rows(tmp_path: Path, suffix: str) -> None:
    found = realised(Symmetric(rate=0.4))
    table = found.table().sample(fraction=1, shuffle=True, seed=0)
    path = tmp_path / f"noise.{suffix}"
    table.write_csv(path) if suffix == "csv" else table.write_parquet(path)
    again = realised(Column(file=str(path), truth="true"), seed=99)
    assert np.array_equal(again.given, found.given)
    assert again.facts()["hash"] == found.facts()["hash"]


def test_an_archive_in_the_sources_order_gives_indices_or_names(tmp_path: Path) -> None:
    wrong = (MANY.labels + (np.arange(400) % 5 == 0)) % 4
    np.savez(tmp_path / "labels.npz", index=wrong.astype(np.uint8), name=np.array(MANY.classes)[wrong], clean=MANY.labels)
    for column in ("index", "name"):
        found = realised(Column(file=str(tmp_path / "labels.npz"), labels=column, ids="", truth="clean"))
        assert np.array_equal(found.given, wrong)


def test_labels_of_the_publishers_training_part_alone_go_by_its_order(tmp_path: Path) -> None:
    data = samples([0, 1, 0, 1, 0, 1], ["test", "train", "train", "test", "train", "train"])
    pl.DataFrame({"label": [1, 1, 0, 0]}).write_csv(tmp_path / "labels.csv")  # of rows 1, 2, 4, 5
    found = realised(Column(file=str(tmp_path / "labels.csv"), labels="label", ids=""), data, split([5, 2, 1], [4], classes=(0, 1)))
    assert found.given.tolist() == [0, 1, 1, 0]


def write(path: Path, **columns: Any) -> str:
    pl.DataFrame(columns).write_csv(path)
    return str(path)


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    ids, names = MANY.ids.tolist(), np.array(MANY.classes)[MANY.labels].tolist()
    good = {"id": ids, "given": names}
    path = tmp_path / "labels.csv"
    assert "is no file" in refused(Column(file=str(tmp_path / "none.csv")))
    write(tmp_path / "labels.txt", **good)
    assert "ends in '.txt'; name a .csv, .npz or .parquet file" in refused(Column(file=str(tmp_path / "labels.txt")))
    assert "has no column 'givn'" in refused(Column(file=write(path, **good), labels="givn"))
    assert "has no label for 2 samples of training or validation: item398, item399" in refused(
        Column(file=write(path, id=ids[:-2], given=names[:-2]))
    )
    assert "names samples twice in its column 'id': item0" in refused(Column(file=write(path, id=[*ids, "item0"], given=[*names, "ant"])))
    assert "names 'bea' in its column 'given', which is no class here" in refused(
        Column(file=write(path, id=ids, given=["bea" if name == "bee" else name for name in names]))
    )
    assert "has labels from 0 to 9" in refused(Column(file=write(path, id=ids, given=[0, 9] * 200)))
    assert "lists 300 labels in order, but the source has 400 samples" in refused(
        Column(file=write(path, given=names[:300]), labels="given", ids="")
    )
    moved = write(path, id=ids, given=names, true=[*names[1:], names[0]])
    assert "states in 'true' that sample 'item0' is of class 'bee', but the source says 'ant' (300 of 300 differ)" in refused(
        Column(file=moved, truth="true")
    )
    (tmp_path / "broken.parquet").write_bytes(b"nothing")
    assert "cannot be read as a .parquet file" in refused(Column(file=str(tmp_path / "broken.parquet")))
    np.savez(tmp_path / "square.npz", given=np.zeros((400, 2), int), id=MANY.ids)
    assert "columns are one value a row" in refused(Column(file=str(tmp_path / "square.npz")))


def test_noise_that_cannot_be_learned_from_is_refused(tmp_path: Path) -> None:
    data = samples([0, 1, 2, 3] * 3)
    foreign = write(tmp_path / "labels.csv", id=data.ids.tolist(), given=["dog"] * 12)
    told = refused(Column(file=foreign), data, split([0, 1, 4, 5], classes=(0, 1)))
    assert (
        "gives sample 'item0' the label 'dog', and so on for 4 of 4 samples, but only these classes take part in training: ant, bee" in told
    )
    assert "leaves class 'ant' no training row, of 3" in refused(Column(file=foreign), data, split(list(range(12))))
    assert "needs two classes or more" in refused(Symmetric(rate=0.5), samples([0] * 9), split(list(range(9)), classes=(0,)))
    assert "needs two classes or more" in refused(Pair(rate=0.5), samples([0] * 9), split(list(range(9)), classes=(0,)))


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
def test_settings_that_do_not_fit_are_told_before_data_are_read(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        resolve({"noise": given}, {"noise": One(NOISES, "none")}, "test")


def test_no_noise_is_the_default() -> None:
    recipe = resolve({}, {"noise": One(NOISES, "none")}, "test")
    assert recipe.build("noise", {"noise": One(NOISES, "none")}) is None


def test_human_labels_of_cifar10n(real_data: Callable[[str], Path]) -> None:
    """The published rate of wrong labels is 40.21 % over all 50,000 for "worst"; these 4,000 images are a part of them."""
    root = str(real_data("images/cifar10n_sub4000.npz"))
    data = CIFAR10(root=root, labels="clean").read()
    plan = ClosedSet(0).plan(data)
    found = realised(Column(file=root, labels="worse_label", ids="", truth="clean"), data, plan.split)
    assert found.changed.mean() == pytest.approx(0.402, abs=0.02)
    archive = np.load(root)
    assert np.array_equal(found.given, archive["worse_label"][found.rows])
