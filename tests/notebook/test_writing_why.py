"""The purpose of a run (`--note`): stored in its folder, not part of its key, shown with the run."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from scratchlab import recipe as recipes
from scratchlab.recipe import Recipe
from scratchlab.report import terminal
from scratchlab.store.run import Run
from scratchlab.sweeps.work import Job

RECIPE = Recipe("melodies", 0, {"training": {"epochs": 2}})


def test_a_note_is_stored_and_lines_are_appended(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE, note="is the\nsigmoid worse?")
    assert Run.of(tmp_path, RECIPE).folder == run.folder  # the key knows nothing of it
    assert run.note == "is the\nsigmoid worse?"
    run.annotate("again, with more memory")
    run.annotate("  ")
    assert (run.folder / "note.md").read_bytes() == b"is the\nsigmoid worse?\nagain, with more memory\n"


def test_without_a_note_there_is_no_file(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE)
    assert run.note == ""
    assert not (run.folder / "note.md").exists()
    assert "changed" not in run.status


def test_differences_from_the_recipe_are_stored(tmp_path: Path) -> None:
    plain = {"encoder": {"name": "conv4", "channels": 32}, "training": {"epochs": 15}}
    changed = recipes.differences(recipes.overridden(plain, ["encoder.name=resnet", "training.epochs=15", "seed=3"]), plain)
    assert changed == {"seed": 3, "encoder.name": "resnet", "encoder.channels": None}
    assert Run.create(tmp_path, RECIPE, changed=changed).status["changed"] == changed


def test_the_list_of_runs_shows_the_first_words(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE, note="does the sigmoid's classifier need a longer warmup than the other?")
    console = Console(width=200, record=True, file=(tmp_path / "out").open("w"))
    console.print(terminal.runs([run]))
    assert "does the sigmoid's classifier need a …" in console.export_text()


def test_a_sweep_hands_it_to_its_runs(tmp_path: Path) -> None:
    job = Job(RECIPE, "", tmp_path, note="why", changed={"training.epochs": 2})
    assert (job.note, job.run.folder) == ("why", Run.of(tmp_path, RECIPE).folder)
