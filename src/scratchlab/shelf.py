"""Search for recipes and sweep plans by name, in ./recipes and in the package, or by path; and recipes that extend others."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scratchlab import recipe
from scratchlab.checks import Problem, listing, nearest

_HERE = Path(__file__).parent
SHELVES = (Path("recipes"), _HERE / "recipes", _HERE.parent.parent / "recipes")
DEFAULTS = {"data": "mnist", "noise": "none", "protocol": "sessions"}  # the parts of a recipe that names none
QUESTIONS = {  # what a recipe asks, by its protocol, or by its label noise if it has any
    "sessions": "Class-incremental learning: new classes from a few examples, without forgetting the old ones",
    "episodes": "Few-shot episodes: classes that training did not have, from a few examples each",
    "retrieval": "Retrieval: identities that training did not have are found again in a gallery",
    "closed_set": "Closed-set classification: the classes of training, on other data",
    "noise": "Label noise: some labels of training are wrong",
}


@dataclass(frozen=True)
class Entry:
    """A recipe in a list: the name of its source of data, and the first paragraph of its header."""

    name: str
    corpus: str
    summary: str


def recipes() -> dict[str, Path]:
    """Recipe files by name; files in ./recipes take precedence over packaged ones."""
    return _files("")


def plans() -> dict[str, Path]:
    """Sweep plans by name, in the subfolder `sweeps` of each recipe folder."""
    return _files("sweeps")


def by_question() -> dict[str, list[Entry]]:
    """All recipes by the question that they ask; recipes that cannot be read come last, with the reason."""
    entries: dict[str, list[Entry]] = {question: [] for question in QUESTIONS.values()}
    for name, path in recipes().items():
        try:
            sections = read(path)
            chosen = {key: str(sections.get(key, {}).get("name", default)) for key, default in DEFAULTS.items()}
            kind = chosen["protocol"] if chosen["noise"] == "none" else "noise"
            question, entry = QUESTIONS.get(kind, kind), Entry(name, chosen["data"], summary(path))
        except (Problem, AttributeError) as error:
            question, entry = "Not readable", Entry(name, "", str(error))
        entries.setdefault(question, []).append(entry)
    return {question: found for question, found in entries.items() if found}


def find(name: str) -> Path:
    """The recipe file with this path or name. Raises Problem, listing the names, for an unknown name."""
    return _found(name, "recipe", recipes)


def find_plan(name: str) -> Path:
    """The sweep plan with this path or name. Raises Problem, listing the names, for an unknown name."""
    return _found(name, "plan", plans)


def _files(subfolder: str) -> dict[str, Path]:
    return {path.stem: path for shelf in reversed(SHELVES) for path in sorted((shelf / subfolder).glob("*.toml"))}


def _found(name: str, kind: str, list_files: Callable[[], dict[str, Path]]) -> Path:
    if name.endswith(".toml") or "/" in name:
        return Path(name)
    known = list_files()
    if name not in known:
        raise Problem(f"There is no {kind} '{name}'; there are: {listing(known, 40)}.{nearest(name, known)}")
    return known[name]


def read(path: Path, *chain: Path) -> recipe.Values:
    """Reads the tables of a recipe. With `extends = "NAME"`, they are merged into those of that recipe, which is searched first beside it.

    chain: the recipes that extend this one, which detects cycles.
    """
    if path.resolve() in chain:
        raise Problem(f"{path} extends itself, through {listing(extending.stem for extending in chain)}.")
    raw = recipe.read(path)
    if "extends" not in raw:
        return raw
    base = raw.pop("extends")
    if not isinstance(base, str):
        raise Problem(f"{path}: extends = {base!r} does not fit: it must be the name of a recipe.")
    beside = path.parent / f"{base}.toml"
    return recipe.merged(read(beside if beside.is_file() else find(base), *chain, path.resolve()), raw)


def summary(path: Path) -> str:
    """The first paragraph of a recipe's header."""
    return " ".join(itertools.takewhile(bool, header(path)))


def header(path: Path) -> list[str]:
    """The comment lines at the beginning of a recipe: what it shows, its command, duration and expected results."""
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return lines
