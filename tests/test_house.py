"""The house rules that a machine can hold: imports go downward, each room touches what it may, no heavy start."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "scratchlab"
FLOORS = [
    {"checks", "groups", "machine_code"},
    {"types", "metrics", "plugins", "pretrained"},
    {"recipe", "models", "result"},
    {"data", "similarity", "store", "shelf"},
    {"kernels"},
    {"learn", "observe", "evaluation", "analysis"},
    {"pipeline"},
    {"inference"},
    {"experiment", "report", "loggers", "project"},
    {"sweeps"},
    {"notebook"},
    {"cli"},
]
NOTEBOOK = [  # the rooms within the notebook
    {"walk", "derived"},
    {"events", "settings"},
    {"dates", "link"},
    {"vault", "logs", "activity", "papers", "projects"},
    {"index"},
    {"recall", "daily", "writing"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
PAGES = {path.parent.name for path in (SOURCE / "report").glob("*/page.py")}
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or not path.stem.startswith("__"))

# room (a folder or a file's stem path) -> modules that it must not import
FORBIDDEN = {
    "data/sources": {"torch"},
    "data/noise": {"torch"},
    "data/protocols": {"torch", "pathlib", "os", "io"},
    "models": {"pathlib", "os", "io", "polars"},
    "similarity": {"pathlib", "os", "io", "polars"},
    "kernels": {"pathlib", "os", "io", "polars"},
    "metrics": {"torch", "pathlib", "os", "io", "polars"},
    "learn": {"pathlib", "io", "polars", "scratchlab.metrics", "scratchlab.store"},
    "store": {"torch"},
    "evaluation": {"torch", "scratchlab.store"},
    "analysis": {"torch"},
    "report": {"torch"},
    "loggers": {"torch", "polars"},
    "project": {"torch", "polars"},
    "notebook": {"torch"},
}


def imported(path: Path) -> Iterator[str]:
    """Dotted names a file imports when it runs (not those for the type checker alone)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checked = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and ast.unparse(test.test) == "TYPE_CHECKING"
        for node in ast.walk(test)
    }
    for node in ast.walk(tree):
        if id(node) in checked:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_downward(path: Path) -> None:
    own = room(path)
    assert own in FLOOR, f"{own} has no floor yet: give it one in FLOORS and in ARCHITECTURE.md"
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "scratchlab" and len(parts) > 1 and parts[1] in FLOOR and parts[1] != own:
            assert FLOOR[parts[1]] < FLOOR[own], f"{path.relative_to(SOURCE)} (floor {FLOOR[own]}) imports {name} (floor {FLOOR[parts[1]]})"


@pytest.mark.parametrize("path", sorted((SOURCE / "notebook").rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_within_the_notebook_they_go_downward_too(path: Path) -> None:
    floor = {name: number for number, rooms in enumerate(NOTEBOOK) for name in rooms}
    own = path.relative_to(SOURCE / "notebook").with_suffix("").parts[0]
    if own == "__init__":
        return
    for name in imported(path):
        parts = name.split(".")
        if parts[:2] == ["scratchlab", "notebook"] and len(parts) > 2 and parts[2] in floor and parts[2] != own:
            assert floor[parts[2]] < floor[own], f"{path.relative_to(SOURCE)} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_each_room_touches_what_it_may(path: Path) -> None:
    place = path.relative_to(SOURCE).as_posix()
    for where, forbidden in FORBIDDEN.items():
        if place.startswith(where + "/"):
            for name in imported(path):
                assert not any(name == banned or name.startswith(banned + ".") for banned in forbidden - allowed(place)), (
                    f"{place} imports {name}"
                )


def allowed(place: str) -> set[str]:
    """Exceptions, each with its reason."""
    return {"os"} if place == "learn/parallel.py" else set()  # torchrun speaks through environment variables


KINDS = r"sessions?|episodes?|episodic|galler(?:y|ies)|identities|shots?|CMC|mAP|mINP|novel|base class(?:es)?"
GENERIC = ("result.py", "store", "analysis", "report", "sweeps", "loggers", "cli")  # rooms that read results of every kind


@pytest.mark.parametrize("place", GENERIC)
def test_only_a_kinds_own_files_know_its_words(place: str) -> None:
    """What reads results reads them all alike; a kind has its protocol, metrics, evaluation, and one section of a page."""
    root = SOURCE / place
    files = [root] if root.is_file() else [path for path in root.rglob("*") if path.suffix in (".py", ".j2") and "kinds" not in path.parts]
    assert files
    for path in files:
        text = re.sub(r'(?s)""".*?"""|#[^\n]*', "", path.read_text(encoding="utf-8"))  # examples may name a kind
        named = re.findall(rf"\b(?:{KINDS})\b", text)
        assert not named, f"{path.relative_to(SOURCE)} names {named}: only a kind's own files may"


def test_one_reader_of_results() -> None:
    """Files of results are named by the store alone."""
    for path in FILES:
        if room(path) not in ("store", "notebook"):
            text = re.sub(r'""".*?"""', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            assert not re.search(r"json\(\"(?:result|summary)\"\)|table\(\"(?:units|predictions)\"\)", text), (
                f"{path}: Run.result() reads it"
            )


def test_no_method_imports_another() -> None:
    methods = SOURCE / "learn" / "methods"
    names = {f"scratchlab.learn.methods.{path.stem}" for path in methods.glob("*.py")} - {"scratchlab.learn.methods.interface"}
    for path in methods.glob("*.py"):
        if path.stem not in ("catalog", "__init__"):
            assert not names & set(imported(path)), f"{path.name}: what two methods share belongs in losses or similarity"


@pytest.mark.parametrize("path", sorted((SOURCE / "report").rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_page_knows_another(path: Path) -> None:
    """Nor does what they share know any of them."""
    for kind in PAGES - {path.relative_to(SOURCE / "report").parts[0]}:
        page = f"scratchlab.report.{kind}"
        assert not [name for name in imported(path) if name == page or name.startswith(page + ".")], f"{path.name}: what two share moves up"


def test_no_template_knows_those_of_another_page() -> None:
    for path in (SOURCE / "report").rglob("*.j2"):
        named = re.findall(r"{%-? *(?:extends|include|from|import) +['\"]([^'\"]+)", path.read_text(encoding="utf-8"))
        assert {name.split("/")[0] for name in named if "/" in name} <= {path.parent.name}, f"{path.name}: what two share moves up"


def test_there_is_no_room_for_everything() -> None:
    assert not [path for path in FILES if path.stem in ("utils", "helpers", "misc", "common")]


def test_files_hold_one_idea() -> None:
    long = {str(path.relative_to(SOURCE)): lines for path in FILES if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400}
    assert not long


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["recipes"]])
def test_asking_for_help_loads_nothing_heavy(words: list[str]) -> None:
    code = f"import sys; sys.argv = ['scratchlab', *{words!r}]\nfrom scratchlab.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    code += "heavy = {'torch', 'polars', 'scipy', 'plotly', 'sklearn', 'numpy'} & set(sys.modules); assert not heavy, heavy"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_the_notebook_side_needs_no_torch() -> None:
    modules = "scratchlab.types, scratchlab.store.query, scratchlab.report.run.terminal, scratchlab.notebook.settings"
    code = f"import sys, {modules}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


DIALECT = {  # house words that a stranger who knows the field would not know, and the word for each
    "Kit": "Components",
    "Bench": "Pipeline",
    "Stage": "Split",
    "Seen": "TrainingView",
    "Asked": "QueryInputs",
    "Labelled": "LabelledInputs",
    "Gauge": "Probe",
    "Forgetful": "NullStore",
    "Outcome": "Result",
    "Side": "ComparedRun",
    "Contest": "PairedTest",
    "Joined": "PairedPredictions",
    "Ending": "JobResult",
    "judge": "criterion",
    "kin": "nearest base class",
    "owners": "labels",
    "nought": "0",
}


def test_names_and_sentences_use_the_words_of_the_field() -> None:
    pattern = re.compile(rf"\b({'|'.join(DIALECT)})\b")
    files = [path for path in SOURCE.rglob("*") if path.suffix in (".py", ".pyi", ".j2", ".js")]
    met = [f"{path.name}: {word}, say {DIALECT[word]}" for path in files for word in pattern.findall(path.read_text(encoding="utf-8"))]
    assert not met
