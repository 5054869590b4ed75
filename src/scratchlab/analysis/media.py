"""The inputs behind some ids, to be heard or seen: read again through a run's recipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scratchlab.analysis.compared import ComparedRun
from scratchlab.checks import Problem
from scratchlab.recipe import OneOf, Sections, resolve
from scratchlab.types import Batch, Floats, Image, Samples, Waveform, rows


@dataclass(frozen=True)
class Media:
    """Inputs by id, in the source's own form; `missing` says why they, or some of them, are not there."""

    form: Waveform | Image | None
    values: dict[str, Floats]
    missing: str = ""


def media(runs: Sequence[ComparedRun], ids: Iterable[str], sections: Sections) -> Media:
    """Loads the inputs of these ids through the recipe of either run. Data that are gone are told in `missing`, never raised."""
    wanted, problem = list(dict.fromkeys(ids)), ""
    for one in runs:
        try:
            return _loaded(_source(one, sections), wanted)
        except Problem as error:
            problem = problem or str(error)
    return Media(None, {}, f"The queries cannot be shown, because their data could not be read again: {problem}")


def _source(one: ComparedRun, sections: Sections) -> Samples:
    """The samples of a run, by its own recipe; of the other sections nothing is needed."""
    own: Sections = {"data": sections["data"]}
    assert isinstance(own["data"], OneOf)
    recipe = resolve({"data": one.recipe["data"], "seed": one.recipe["seed"]}, own, one.run.folder.name)
    return recipe.build("data", own).read()


def _loaded(samples: Samples, wanted: list[str]) -> Media:
    place = {name: row for row, name in enumerate(samples.ids.tolist())}
    there = [name for name in wanted if name in place]
    if not there:
        return Media(samples.form, {}, "The queries cannot be shown, because the data no longer hold them." if wanted else "")
    batch: Batch = samples.load(rows([place[name] for name in there]))
    values = {name: batch.values[i, ..., : int(batch.lengths[i])] for i, name in enumerate(there)}  # without the padding
    gone = len(wanted) - len(there)
    return Media(samples.form, values, f"The data no longer hold {gone} of these queries." if gone else "")
