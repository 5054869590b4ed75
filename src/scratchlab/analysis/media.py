"""The images or recordings of given ids, loaded again by a run's recipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scratchlab.analysis.compared import ComparedRun
from scratchlab.checks import Problem
from scratchlab.recipe import OneOf, Sections, resolve
from scratchlab.types import Batch, Floats, Image, Samples, Waveform, rows


@dataclass(frozen=True)
class Media:
    """Inputs by id, in the source's form. missing: why some or all of them could not be loaded."""

    form: Waveform | Image | None
    values: dict[str, Floats]
    missing: str = ""


def media(runs: Sequence[ComparedRun], ids: Iterable[str], sections: Sections) -> Media:
    """Loads the inputs of these ids by the recipe of either run. Missing data are reported in `missing`, not raised."""
    distinct, problem = list(dict.fromkeys(ids)), ""
    for run in runs:
        try:
            return _loaded(_samples(run, sections), distinct)
        except Problem as error:
            problem = problem or str(error)
    return Media(None, {}, f"The queries cannot be shown, because their data could not be read again: {problem}")


def _samples(run: ComparedRun, sections: Sections) -> Samples:
    """The samples of a run, by the data section of its recipe."""
    own: Sections = {"data": sections["data"]}
    assert isinstance(own["data"], OneOf)
    recipe = resolve({"data": run.recipe["data"], "seed": run.recipe["seed"]}, own, run.run.folder.name)
    return recipe.build("data", own).read()


def _loaded(samples: Samples, ids: list[str]) -> Media:
    place = {name: row for row, name in enumerate(samples.ids.tolist())}
    present = [name for name in ids if name in place]
    if not present:
        return Media(samples.form, {}, "The queries cannot be shown, because the data no longer contain them." if ids else "")
    batch: Batch = samples.load(rows([place[name] for name in present]))
    values = {name: batch.values[i, ..., : int(batch.lengths[i])] for i, name in enumerate(present)}  # padding removed
    missing = len(ids) - len(present)
    return Media(samples.form, values, f"The data no longer contain {missing} of these queries." if missing else "")
