"""Plans: which settings vary, in which order, and errors in plans."""

from __future__ import annotations

from pathlib import Path

import pytest

from scratchlab.checks import Problem
from scratchlab.sweeps.axes import Range, format_value, sample_cells
from scratchlab.sweeps.plan import read_plan

HEAD = 'recipe = "digit-pairs"\n'


def plan(folder: Path, text: str, head: str = HEAD) -> Path:
    path = folder / "mine.toml"
    path.write_text(head + text)
    return path


def test_cells_are_in_the_plans_order_and_seeds_vary_fastest(tmp_path: Path) -> None:
    text = 'seeds = 2\n[grid]\n"training.batch" = [8, 16]\n'
    text += '[[zip]]\n"training.rates.readout" = [0.1, 0.2]\n"training.rates.body" = [0.3, 0.4]\n'
    found = read_plan(plan(tmp_path, text), ["training.epochs=3"])
    assert found.axes == ("training.batch", "training.rates.readout", "training.rates.body")
    order = [(*(run.cell[name] for name in found.axes), run.recipe.seed) for run in found.runs]
    slow = [(batch, one, other, seed) for batch in (8, 16) for one, other in ((0.1, 0.3), (0.2, 0.4)) for seed in (0, 1)]
    assert order == slow
    for run in found.runs:
        training = run.recipe.values["training"]
        assert (training["batch"], training["rates"], training["epochs"]) == (
            run.cell["training.batch"],
            {"readout": run.cell["training.rates.readout"], "body": run.cell["training.rates.body"]},
            3,
        )


def test_a_whole_section_may_vary(tmp_path: Path) -> None:
    found = read_plan(plan(tmp_path, "[grid]\nloss = [{cross_entropy = {temperature = 2.0}}, {squared_error = {}}]\n"))
    assert [list(run.recipe.values["loss"]) for run in found.runs] == [["cross_entropy"], ["squared_error"]]
    assert [format_value(run.cell["loss"]) for run in found.runs] == ["cross_entropy(temperature=2.0)", "squared_error"]


def test_more_draws_keep_the_first_ones(tmp_path: Path) -> None:
    ranges = {"a": Range(low=1e-5, high=1e-2, log=True), "b": Range(choices=(1, 2, 3)), "c": Range(low=2, high=5, integer=True)}
    few, many = sample_cells(ranges, 5, 3, "here"), sample_cells(ranges, 200, 3, "here")
    assert many[:5] == few
    assert all(1e-5 <= cell["a"] < 1e-2 for cell in many)
    assert {cell["b"] for cell in many} == {1, 2, 3}
    assert {cell["c"] for cell in many} == {2, 3, 4, 5}
    assert sum(cell["a"] < 10**-3.5 for cell in many) == pytest.approx(100, abs=25)  # half of them in each half of the logarithmic range
    assert len({str(cell) for cell in sample_cells({"b": Range(choices=(1, 2, 3))}, 3, 0, "here")}) == 3  # no cell twice
    text = '[random]\ntrials = 4\naxes = {"training.rates.body" = {low = 0.01, high = 0.1}}\n[grid]\n"training.batch" = [8, 16]\n'
    assert len(read_plan(plan(tmp_path, text)).runs) == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "varies no setting"),
        ("sedes = 3\n", "sedes is not a key of a plan.*Did you mean 'seeds'"),
        ("seeds = [0, 0]\n", "lists a seed twice"),
        ("seeds = true\n", "seeds = True does not fit"),
        ('settings = "x"\n', "settings = 'x' does not fit"),
        ('[grid]\n"training.batch" = 8\n', "training.batch = 8 does not vary"),
        ('[grid]\n"training.batch" = [8, 8]\n', "does not vary"),
        ('[grid]\n"training.batch" = [8, 16]\n[[zip]]\n"training.batch" = [32, 64]\n', "training.batch varies twice"),
        ('[grid]\ntraining = [{}, {batch = 8}]\n"training.batch" = [8, 16]\n', "overlap"),
        (
            '[[zip]]\n"training.rates.readout" = [0.1, 0.2]\n"training.rates.body" = [1.0, 2.0, 3.0]\n',
            "readout has 2, training.rates.body has 3",
        ),
        ("[grid]\nseed = [0, 1]\n", "seed cannot be an axis"),
        ('[grid]\n"encoder.hiden" = [[8], [9]]\n', r"where encoder.hiden = \[8\]: encoder.hiden is not a setting of mlp"),
        ('[grid]\n"training.rates.readut" = [0.1, 0.2]\n', "training.rates.readut has no effect"),
        ('[grid]\n"training.rate" = [0.1, 0.2]\n', "training.rate has no effect, because training.rates names every group"),
        ('[grid]\n"training.rates.body" = [1, 1.0]\n', "give the same run: training.rates.body has no effect there"),
        ('[random]\ntrials = 3\naxes = {"training.batch" = {choices = [8, 16]}}\n', "3 distinct cells are requested"),
        ("[grid]\ntraining.batch = [8, 16]\n", "with the quotes"),
        ("[random]\ntrials = 0\n", "random.trials = 0 does not fit"),
        ("[random]\ntrials = 2\ntrys = 3\n", "random.trys is not a key"),
        ('[random]\ntrials = 2\naxes = {"training.rate" = {low = 0.0, high = 1.0, log = true}}\n', "has no logarithm"),
        ('[random]\ntrials = 2\naxes = {"training.rate" = {low = 2.0, high = 1.0}}\n', "low = 2 is not below high = 1"),
        ('[random]\ntrials = 2\naxes = {"training.rate" = {lo = 2.0, high = 1.0}}\n', "axes.training.rate.lo is not a key"),
        ('[random]\ntrials = 2\naxes = {"training.batch" = {low = 2.5, high = 4, integer = true}}\n', "must be integers, not 2.5"),
    ],
)
def test_errors_are_reported_before_anything_runs(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Problem, match=f"(?s)mine.toml.*{said}"):
        read_plan(plan(tmp_path, text))


def test_a_plan_names_a_recipe(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="a plan must name the recipe it varies"):
        read_plan(plan(tmp_path, "[grid]\n", head=""))
    with pytest.raises(Problem, match=r"There is no recipe 'digit-pear'.*digit-pairs"):
        read_plan(plan(tmp_path, "[grid]\n", head='recipe = "digit-pear"\n'))


def test_the_key_depends_on_the_runs_and_not_on_titles(tmp_path: Path) -> None:
    text = '[grid]\n"training.batch" = [8, 16]\n'
    first = read_plan(plan(tmp_path, text))
    assert read_plan(plan(tmp_path, f'title = "Another"\n{text}')).key == first.key
    assert read_plan(plan(tmp_path, text), ["training.epochs=3"]).key != first.key


def test_what_the_plan_varies_is_not_set_for_all_runs(tmp_path: Path) -> None:
    path = plan(tmp_path, '[grid]\n"training.batch" = [8, 16]\n')
    for setting in ("training.batch=32", "training={}", "seed=3"):
        with pytest.raises(Problem, match=f"-s {setting.partition('=')[0]}=… has no effect, because .*mine.toml varies"):
            read_plan(path, [setting])


def test_recipes_and_missing_plans_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="is a recipe, not a plan"):
        read_plan(plan(tmp_path, "seed = 0\n[training]\nepochs = 1\n", head=""))
    with pytest.raises(Problem, match=r"There is no plan at nope.toml; there are: .*digit-pairs"):
        read_plan(Path("nope.toml"))
