"""Plans: what varies, in which order, and what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from scratchlab.checks import Problem
from scratchlab.sweeps.axes import Range, drawn, shown
from scratchlab.sweeps.plan import planned

HEAD = 'recipe = "digit-pairs"\n'


def plan(folder: Path, text: str, head: str = HEAD) -> Path:
    path = folder / "mine.toml"
    path.write_text(head + text)
    return path


def test_cells_stand_in_the_order_of_the_plan_and_seeds_go_fastest(tmp_path: Path) -> None:
    text = 'seeds = 2\n[grid]\n"training.batch" = [8, 16]\n'
    text += '[[zip]]\n"training.rates.readout" = [0.1, 0.2]\n"training.rates.body" = [0.3, 0.4]\n'
    found = planned(plan(tmp_path, text), ["training.epochs=3"])
    assert found.axes == ("training.batch", "training.rates.readout", "training.rates.body")
    told = [(*(job.cell[name] for name in found.axes), job.recipe.seed) for job in found.jobs]
    slow = [(batch, one, other, seed) for batch in (8, 16) for one, other in ((0.1, 0.3), (0.2, 0.4)) for seed in (0, 1)]
    assert told == slow
    for job in found.jobs:
        training = job.recipe.values["training"]
        assert (training["batch"], training["rates"], training["epochs"]) == (
            job.cell["training.batch"],
            {"readout": job.cell["training.rates.readout"], "body": job.cell["training.rates.body"]},
            3,
        )


def test_a_whole_section_may_vary(tmp_path: Path) -> None:
    found = planned(plan(tmp_path, "[grid]\nloss = [{cross_entropy = {temperature = 2.0}}, {squared_error = {}}]\n"))
    assert [list(job.recipe.values["loss"]) for job in found.jobs] == [["cross_entropy"], ["squared_error"]]
    assert [shown(job.cell["loss"]) for job in found.jobs] == ["cross_entropy(temperature=2.0)", "squared_error"]


def test_draws_stay_when_more_are_made(tmp_path: Path) -> None:
    ranges = {"a": Range(low=1e-5, high=1e-2, log=True), "b": Range(choices=(1, 2, 3)), "c": Range(low=2, high=5, integer=True)}
    few, many = drawn(ranges, 5, 3, "here"), drawn(ranges, 200, 3, "here")
    assert many[:5] == few
    assert all(1e-5 <= cell["a"] < 1e-2 for cell in many)
    assert {cell["b"] for cell in many} == {1, 2, 3}
    assert {cell["c"] for cell in many} == {2, 3, 4, 5}
    assert sum(cell["a"] < 10**-3.5 for cell in many) == pytest.approx(100, abs=25)  # half of them in either half of the logarithms
    assert len({str(cell) for cell in drawn({"b": Range(choices=(1, 2, 3))}, 3, 0, "here")}) == 3  # none twice
    text = '[random]\ntrials = 4\naxes = {"training.rates.body" = {low = 0.01, high = 0.1}}\n[grid]\n"training.batch" = [8, 16]\n'
    assert len(planned(plan(tmp_path, text)).jobs) == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "varies nothing"),
        ("sedes = 3\n", "sedes is not known in a plan.*Did you mean 'seeds'"),
        ("seeds = [0, 0]\n", "has one twice"),
        ("seeds = true\n", "seeds = True does not fit"),
        ('settings = "x"\n', "settings = 'x' does not fit"),
        ('[grid]\n"training.batch" = 8\n', "training.batch = 8 does not vary"),
        ('[grid]\n"training.batch" = [8, 8]\n', "does not vary"),
        ('[grid]\n"training.batch" = [8, 16]\n[[zip]]\n"training.batch" = [32, 64]\n', "training.batch varies twice"),
        ('[grid]\ntraining = [{}, {batch = 8}]\n"training.batch" = [8, 16]\n', "vary the same place"),
        (
            '[[zip]]\n"training.rates.readout" = [0.1, 0.2]\n"training.rates.body" = [1.0, 2.0, 3.0]\n',
            "readout has 2, training.rates.body has 3",
        ),
        ("[grid]\nseed = [0, 1]\n", "seed is no axis"),
        ('[grid]\n"encoder.hiden" = [[8], [9]]\n', r"where encoder.hiden = \[8\]: encoder.hiden is not a setting of mlp"),
        ('[grid]\n"training.rates.readut" = [0.1, 0.2]\n', "training.rates.readut has no effect"),
        ('[grid]\n"training.rate" = [0.1, 0.2]\n', "training.rate has no effect, as training.rates names every group"),
        ('[grid]\n"training.rates.body" = [1, 1.0]\n', "one and the same run: training.rates.body has no effect there"),
        ('[random]\ntrials = 3\naxes = {"training.batch" = {choices = [8, 16]}}\n', "3 different cells were asked for"),
        ("[grid]\ntraining.batch = [8, 16]\n", 'names of settings stand in quotes: "training.batch"'),
        ("[random]\ntrials = 0\n", "random.trials = 0 does not fit"),
        ("[random]\ntrials = 2\ntrys = 3\n", "random.trys is not known"),
        ('[random]\ntrials = 2\naxes = {"training.rate" = {low = 0.0, high = 1.0, log = true}}\n', "has no logarithm"),
        ('[random]\ntrials = 2\naxes = {"training.rate" = {low = 2.0, high = 1.0}}\n', "low = 2 is not below high = 1"),
        ('[random]\ntrials = 2\naxes = {"training.rate" = {lo = 2.0, high = 1.0}}\n', "axes.training.rate.lo is not known"),
        ('[random]\ntrials = 2\naxes = {"training.batch" = {low = 2.5, high = 4, integer = true}}\n', "are integers, not 2.5"),
    ],
)
def test_what_does_not_fit_is_told_before_anything_runs(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Problem, match=f"(?s)mine.toml.*{said}"):
        planned(plan(tmp_path, text))


def test_a_plan_names_a_recipe(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="a plan names the recipe it varies"):
        planned(plan(tmp_path, "[grid]\n", head=""))
    with pytest.raises(Problem, match=r"There is no recipe 'digit-pear'.*digit-pairs"):
        planned(plan(tmp_path, "[grid]\n", head='recipe = "digit-pear"\n'))


def test_the_key_stands_for_the_runs_and_not_for_the_words(tmp_path: Path) -> None:
    text = '[grid]\n"training.batch" = [8, 16]\n'
    first = planned(plan(tmp_path, text))
    assert planned(plan(tmp_path, f'title = "Another"\n{text}')).key == first.key
    assert planned(plan(tmp_path, text), ["training.epochs=3"]).key != first.key


def test_what_the_plan_varies_is_not_set_for_all_runs(tmp_path: Path) -> None:
    path = plan(tmp_path, '[grid]\n"training.batch" = [8, 16]\n')
    for setting in ("training.batch=32", "training={}", "seed=3"):
        with pytest.raises(Problem, match=f"-s {setting.partition('=')[0]}=… has no effect, as .*mine.toml varies"):
            planned(path, [setting])


def test_a_recipe_is_no_plan_and_a_plan_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="is a recipe and no plan"):
        planned(plan(tmp_path, "seed = 0\n[training]\nepochs = 1\n", head=""))
    with pytest.raises(Problem, match=r"There is no plan at nope.toml; there are: .*digit-pairs"):
        planned(Path("nope.toml"))
