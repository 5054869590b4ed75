"""Numbers in the headers of recipes, and the runs that they are about."""

from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console

from scratchlab import recipe, shelf
from scratchlab.experiment import perform
from scratchlab.metrics.estimate import Estimate
from scratchlab.pipeline import SECTIONS
from scratchlab.result import Result
from scratchlab.store.run import Run

RECIPES = Path(__file__).parent.parent / "recipes"


def percentages(name: str, pattern: str) -> list[float]:
    """The numbers in the groups of this pattern, which stands in the header of a recipe once, where lines end in spaces."""
    (found,) = re.findall(pattern, " ".join(shelf.header(RECIPES / f"{name}.toml")))
    return [float(number) for number in found]


def performed(name: str, folder: Path) -> Result:
    """The result of a recipe as it is."""
    resolved = recipe.resolve(shelf.read(RECIPES / f"{name}.toml"), SECTIONS, name)
    run = Run.create(folder, resolved)
    perform(resolved, run, Console(quiet=True))
    result = run.result()
    assert result
    return result


def in_percent(estimate: Estimate) -> list[float]:
    """Value and interval."""
    assert estimate.value is not None
    assert estimate.low is not None
    assert estimate.high is not None
    return [100 * estimate.value, 100 * estimate.low, 100 * estimate.high]
