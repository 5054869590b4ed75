"""Where recipes and plans of sweeps lie: in ./recipes, in the package, or where a path points; how one recipe begins from another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scratchlab import recipe
from scratchlab.checks import Problem, listing, nearest

_HERE = Path(__file__).parent
SHELVES = (Path("recipes"), _HERE / "recipes", _HERE.parent.parent / "recipes")


def recipes() -> dict[str, Path]:
    """Recipe files by name; one in the working folder hides a packaged one of the same name."""
    return _files("")


def plans() -> dict[str, Path]:
    """Plans of sweeps by name, in the folder `sweeps` of each shelf."""
    return _files("sweeps")


def find(name: str) -> Path:
    """The recipe file of this path or name. Raises Problem that lists the names."""
    return _found(name, "recipe", recipes)


def find_plan(name: str) -> Path:
    """The plan of this path or name. Raises Problem that lists the names."""
    return _found(name, "plan", plans)


def _files(below: str) -> dict[str, Path]:
    return {path.stem: path for shelf in reversed(SHELVES) for path in sorted((shelf / below).glob("*.toml"))}


def _found(name: str, kind: str, there: Callable[[], dict[str, Path]]) -> Path:
    if name.endswith(".toml") or "/" in name:
        return Path(name)
    known = there()
    if name not in known:
        raise Problem(f"There is no {kind} '{name}'; there are: {listing(known, 40)}.{nearest(name, known)}")
    return known[name]


def read(path: Path, *above: Path) -> recipe.Values:
    """The tables of a recipe; one that says `extends = "NAME"` is laid over that one, which lies beside it or on a shelf."""
    if path.resolve() in above:
        raise Problem(f"{path} extends itself, by way of {listing(one.stem for one in above)}.")
    raw = recipe.read(path)
    if "extends" not in raw:
        return raw
    under = raw.pop("extends")
    if not isinstance(under, str):
        raise Problem(f"{path}: extends = {under!r} does not fit: it is the name of a recipe.")
    beside = path.parent / f"{under}.toml"
    return recipe.laid_over(read(beside if beside.is_file() else find(under), *above, path.resolve()), raw)


def header(path: Path) -> list[str]:
    """The comment lines a recipe begins with: what it shows, its command, minutes and expected numbers."""
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return lines
