"""Studies: what is missing is made, what is there is found, and the table says what the runs say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from scratchlab.store.run import Run

STUDIES = Path(__file__).parent.parent / "studies"
RECIPE = """
[data]
name = "synthetic"
classes = 6
groups = 6
clips = 3
seconds = 0.3
[protocol]
base = 4
way = 1
shot = 2
sessions = 2
draws = 3
[encoder]
name = "conv4"
channels = 4
[training]
epochs = 2
batch = 18
[schedule]
name = "constant"
"""


def study(folder: Path, *words: str, name: str = "keywords_grid") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(STUDIES / f"{name}.py"), "--recipe", str(folder / "tiny.toml"), "--runs", str(folder / "runs")]
    return subprocess.run([*command, *words], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("study")
    (folder / "tiny.toml").write_text(RECIPE)
    (folder / "page.md").write_text("# Title\n\n<!-- table -->\nold\n<!-- end of table -->\n\nWhat it means.\n")
    said = study(folder, "--rows", "prototypes", "teen", "--seeds", "0", "1", "--page", str(folder / "page.md"))
    assert said.returncode == 0, said.stdout + said.stderr
    page = (folder / "page.md").read_text()
    assert page.startswith("# Title\n")
    assert page.endswith("\n<!-- end of table -->\n\nWhat it means.\n")
    assert "old" not in page
    return folder, page


def test_the_table_says_what_the_runs_say(done: tuple[Path, str]) -> None:
    folder, text = done
    runs = [Run(path) for path in sorted((folder / "runs").iterdir())]
    assert len(runs) == 4
    plain = [run for run in runs if run.recipe()["method"]["name"] == "prototypes"]
    answers = pl.concat([run.table("units") for run in plain])
    new = answers.filter((pl.col("head") == "dtw") & (pl.col("session") == 2))
    base = [name for name, part in plain[0].json("result")["classes"].items() if part == "base"]
    new = new.filter(~pl.col("truth").cast(pl.String).is_in(base))
    assert 0 < new.height < answers.height
    (row,) = [line for line in text.splitlines() if line.startswith("| prototypes |")][:1]
    assert f"{100 * (new['truth'] == new['answer']).mean():.1f} [" in row.split("|")[6]  # type: ignore[operator]
    assert "bootstrap over 2 seeds × 3 draws" in text
    baseline = [line for line in text.splitlines() if line.startswith("| prototypes |")][1]
    assert "| 0.0 [0.0, 0.0] |" in baseline


def test_started_again_it_only_looks(done: tuple[Path, str]) -> None:
    folder, text = done
    before = {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("*") if path.is_file()}
    again = study(folder, "--rows", "prototypes", "teen", "--seeds", "0", "1", "--page", str(folder / "page.md"))
    assert again.returncode == 0
    assert (folder / "page.md").read_text() == text
    assert {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("*") if path.is_file()} == before


def test_what_does_not_fit_is_told_before_anything_runs(done: tuple[Path, str]) -> None:
    folder, _ = done
    said = study(folder, "--rows", "prototypes", "ten")
    assert said.returncode != 0
    assert said.stderr.startswith("scratchlab: There is no method named 'ten'")


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(RECIPE)
    (tmp_path / "page.md").write_text("nothing to replace\n")
    said = study(tmp_path, "--rows", "prototypes", "--seeds", "0", "--page", str(tmp_path / "page.md"))
    assert "lacks the marks '<!-- table -->'" in said.stderr
    assert (tmp_path / "page.md").read_text() == "nothing to replace\n"


def test_all_comparisons_answer_for_one_training(done: tuple[Path, str]) -> None:
    """The runs of the grid are found again, and what they said of a similarity is said again."""
    folder, text = done
    said = study(folder, "--seeds", "0", "1", name="comparisons")
    assert said.returncode == 0, said.stderr
    cells = {tuple(line.split(" | ")[:2]): line.split(" | ")[2] for line in said.stdout.splitlines() if line.startswith("| ")}
    for name, way, column in (("cosine", "mean", 3), ("cka", "mean", 4), ("one_to_one", "mean", 5), ("dtw", "shots", 6)):
        (row,) = [line for line in text.splitlines() if line.startswith("| prototypes |")][:1]
        assert cells[f"| {name}", way] == row.split("|")[column].strip()
    assert len(list((folder / "runs").iterdir())) == 4


def test_make_studies_makes_every_study() -> None:
    makefile = (STUDIES.parent / "Makefile").read_text()
    studies = [path.name for path in STUDIES.glob("*.py") if "__main__" in path.read_text()]
    assert len(studies) > 10
    assert [name for name in studies if f"$(STUDY)/{name}" not in makefile] == []
