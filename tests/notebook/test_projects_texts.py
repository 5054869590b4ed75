"""Which files of a project are read, and in which pieces."""

from __future__ import annotations

from pathlib import Path

import pytest

from scratchlab.notebook.index import refresh, table
from scratchlab.notebook.index.sources.projects import Projects
from scratchlab.notebook.projects.ignored import ignored, rules
from scratchlab.notebook.projects.pieces import MOST, pieces
from scratchlab.notebook.projects.texts import MANY, files
from scratchlab.notebook.settings import Settings

TOML = """title = "a"

[model]
dim = 64

# how it is trained
# and for how long
[training]
epochs = 15"""
YAML = """seed: 1
rate: 0.1
# the encoder
model:
  dim: 64
  layers:
  - 1
data: kws
jobs:
  - a"""
JSON = """{
  "lr": 0.1,
  "model": {
    "dim": 64
  },
  "seed": 3
}"""
SBATCH = """#!/bin/bash
#SBATCH --gres=gpu:1
#SBATCH --time=8:00:00

# trains
python train.py

---"""
MAKE = """# all of it
all: train
train: data.csv
\tpython train.py
X = 1
clean:
\trm -r runs"""
PYTHON = '''#!/usr/bin/env python
# Trains the encoder.
# Needs a GPU.
import argparse

def main(
    rate: float = 0.1,
) -> None:
    """Train.

    Long."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float,
                        help="learning rate")
    parser.parse_args()

class Net:
    "A net."
    x = 1
'''


def split(end: str, text: str) -> list[tuple[int, int]]:
    return [(one.line, one.last) for one in pieces(end, text.split("\n"))]


@pytest.mark.parametrize(
    ("end", "text", "expected"),
    [
        (".toml", TOML, [(1, 1), (3, 4), (6, 9)]),
        (".yaml", YAML, [(1, 2), (3, 7), (8, 8), (9, 10)]),
        (".json", JSON, [(1, 2), (3, 5), (6, 7)]),
        (".sbatch", SBATCH, [(1, 3), (5, 6)]),
        ("makefile", MAKE, [(1, 2), (3, 5), (6, 7)]),
        (".py", PYTHON, [(2, 3), (6, 11), (13, 14), (17, 18)]),
        (".toml", "", []),
        (".py", "", []),
        (".json", '{"a": {"b": 1}}', [(1, 1)]),
    ],
)
def test_pieces_have_their_exact_lines(end: str, text: str, expected: list[tuple[int, int]]) -> None:
    assert split(end, text) == expected


def test_a_script_with_syntax_errors_has_its_comments() -> None:
    assert split(".py", "# Old, of Python 2\nprint 'x'") == [(1, 1)]


def test_long_pieces_are_split_without_losing_lines() -> None:
    found = split(".ini", "[a]\n" + "\n".join(f"k{i} = {i}" for i in range(100)))
    assert [number for line, last in found for number in range(line, last + 1)] == list(range(1, 102))
    assert max(last - line + 1 for line, last in found) == MOST


@pytest.mark.parametrize(
    ("line", "path", "folder", "out"),
    [
        ("*.log", "a/b.log", False, True),
        ("/build", "build", True, True),
        ("/build", "a/build", True, False),
        ("build/", "a/build", True, True),
        ("build/", "a/build", False, False),
        ("a/*.txt", "a/x.txt", False, True),
        ("a/*.txt", "a/b/x.txt", False, False),
        ("**/out", "a/b/out", True, True),
        ("out/**", "out/a/b", False, True),
        ("x[0-9].py", "x7.py", False, True),
        ("x[!0-9].py", "x7.py", False, False),
        ("# *.py", "a.py", False, False),
        ("x[", "x[", False, True),
        ("a/**/b", "a/b", False, True),
        ("a/**/b", "a/x/y/b", False, True),
        ("a/**/b/**/c", "a/b/b/x/c", False, True),
        ("a/**/b/**/c", "a/x/c", False, False),
        ("a/**", "a", True, False),
        ("*a*b*a", "xaybza", False, True),
        ("*a*b*a", "xayb", False, False),
        ("a*a", "a", False, False),
        ("a?c[0-9]*", "abc7", False, True),
        ("\\*a", "*a", False, True),
        ("\\*a", "ba", False, False),
        ("/", "a", True, False),
        ("**", "a", False, True),
    ],
)
def test_gitignore_patterns(line: str, path: str, folder: bool, out: bool) -> None:
    assert ignored(rules([line]), path, folder) is out


def test_a_gitignore_may_negate_one_above(tmp_path: Path) -> None:
    for name, text in {".gitignore": "*.py\n", "a/.gitignore": "!kept.py\n", "a/kept.py": "", "a/other.py": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert [Path(path).name for path in files(tmp_path, {})] == ["kept.py"]


@pytest.mark.parametrize("line", ["*a" * 200 + "*b", "**/*a" * 100 + "/b", "[a-z]*" * 200 + "B", "?*" * 200 + "b/", "**/" * 300 + "b"])
@pytest.mark.parametrize("path", ["a" * 250, "a/" * 2000 + "a"])
def test_matching_time_is_bounded(line: str, path: str) -> None:
    """Naive backtracking over the stars would take longer than the age of the universe."""
    assert not ignored(rules([line]), path, False)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path / "own"))
    folder = tmp_path / "kws"
    contents = {
        ".gitignore": "scratch/\n*.json\n!kept.json\n",
        "README.md": "# KWS\n\n- [ ] try DTW on the tail\n\nTrained on 35 words.\n",
        "conf/base.yaml": "lr: 3e-4\n",
        "conf/.gitignore": "secret.yaml\n",
        "conf/secret.yaml": "token: x\n",
        "scratch/a.py": '"""No."""\n',
        "other.json": "{}",
        "kept.json": '{"lr": 1}\n',
        ".venv/lib/a.py": '"""Not ours."""\n',
        ".git/config": "[core]\n",
        "node_modules/x/README.md": "not ours\n",
        "train.sh": "python train.py\n",
        "binary.py": "\0\1\2",
        "runs/a/best.pt": "x",
        "runs/a/args.json": "{}",
    }
    contents |= {f"labels/{i}.yaml": "class: 1\n" for i in range(MANY + 1)}
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "loop").symlink_to(folder)
    return folder


def test_text_files_are_read(project: Path) -> None:
    found = sorted(str(Path(path).relative_to(project)) for path in files(project, {}))
    assert found == ["README.md", "binary.py", "conf/base.yaml", "kept.json", "train.sh"]


def test_a_project_becomes_events(project: Path, tmp_path: Path) -> None:
    base = table.opened(tmp_path / "index.sqlite")
    source = Projects(Settings(projects=(project,)))
    changes = refresh.refresh(base, {"projects": source})
    assert changes.refused == []
    rows = base.execute(f"SELECT {table.COLUMNS} FROM events")
    events = {(event.place.path.name, event.place.line): event for event in map(table.event_of, rows)}
    task = events["README.md", 3]
    assert (task.kind, task.state, task.project, task.heading) == ("task", "open", "kws", ("README.md", "KWS"))
    assert events["README.md", 5].kind == "file"
    assert events["base.yaml", 1].heading == ("conf/base.yaml",)
    best = events["best.pt", 0]
    assert best.text.startswith("checkpoint runs/a/best.pt: 1 byte")
    assert best.text.endswith("beside runs/a/args.json")
    assert best.when is not None
    assert events["kws", 0].text.startswith("disk usage of kws: ")
    assert not [name for name, _ in events if name == "binary.py"]
    again = refresh.refresh(base, {"projects": Projects(Settings(projects=(project,)))})
    assert (again.read, again.dropped) == (0, 0)
    (project / "runs" / "a" / "best.pt").unlink()
    assert refresh.refresh(base, {"projects": Projects(Settings(projects=(project,)))}).dropped == 1
    base.close()
