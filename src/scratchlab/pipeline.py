"""The parts of a run: what a recipe can name, and how the named fit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from scratchlab.checks import Problem, listing
from scratchlab.data.noise.catalog import NOISES
from scratchlab.data.noise.given import Noise
from scratchlab.data.protocols.catalog import PROTOCOLS, Protocol
from scratchlab.data.sources.catalog import SOURCES, Source
from scratchlab.learn.checkpoints import CheckpointStore, NullStore
from scratchlab.learn.components import EMBEDDER, of_recipe
from scratchlab.learn.components import SECTIONS as COMPONENTS
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.methods.catalog import METHODS
from scratchlab.learn.methods.interface import Method
from scratchlab.learn.training import Trainer
from scratchlab.observe.ledger import Ledger
from scratchlab.observe.probes import OBSERVED, Probe
from scratchlab.recipe import One, Recipe, Sections, Several, changes
from scratchlab.similarity.interface import Similarity
from scratchlab.store.run import Run

SECTIONS: Sections = {
    "data": One(SOURCES, "mnist"),
    "noise": One(NOISES, "none"),
    "protocol": One(PROTOCOLS, "sessions"),
    **COMPONENTS,
    "method": One(METHODS, "prototypes"),
    "observe": Several(OBSERVED),
}


@dataclass
class Pipeline:
    """The parts of a run, built from its recipe and fitting together; no data has been read yet."""

    source: Source
    noise: Noise | None
    protocol: Protocol
    embedder: Embedder
    similarities: Mapping[str, Similarity]
    method: Method
    trainer: Trainer
    probes: dict[str, Probe]
    ledger: Ledger | None


def assemble(recipe: Recipe, store: CheckpointStore) -> Pipeline:
    """Builds every part. Raises Problem for settings that are wrong or do not go together."""

    def part(section: str, *supplied: Any) -> Any:
        return recipe.build(section, SECTIONS, *supplied)

    source: Source = part("data")
    components = of_recipe(recipe, source.form, store)
    embedder, trainer = components.embedder, components.trainer
    method: Method = part("method", components)
    trainer.plan(method.groups, method.rates, method.phases)
    observed: dict[str, Probe | Ledger] = part("observe", embedder)
    probes = {name: one for name, one in observed.items() if not isinstance(one, Ledger)}
    ledgers = [one for one in observed.values() if isinstance(one, Ledger)]
    if len(ledgers) > 1:
        raise Problem("[observe] names two ledgers, which would be the same file; leave one out.")
    protocol: Protocol = part("protocol", recipe.seed)
    ledger = next(iter(ledgers), None)
    return Pipeline(source, part("noise"), protocol, embedder, components.similarities, method, trainer, probes, ledger)


def check(recipe: Recipe) -> None:
    """Raises Problem for settings that are wrong or do not go together, before a folder is made or data is read."""
    initialise(assemble(recipe, NullStore()), recipe)


def reopened(recipe: Recipe, run: Run) -> Pipeline:
    """The parts of a run, with the embedder as it was learned. Raises Problem where its weights are missing or do not fit the recipe."""
    pipeline, kept, path = assemble(recipe, NullStore()), run.load_arrays("weights"), run.folder / "weights.safetensors"
    if kept is None:
        advice = "run its recipe again with --again" if run.state() == "finished" else f"`scratchlab resume {run.folder.name}` goes on"
        raise Problem(f"{path} is missing, without which this run, which is {run.state()}, cannot be looked into; {advice}.")
    _load(
        pipeline.embedder,
        kept[0],
        f"{path} does not fit {run.folder / 'recipe.toml'}: these are the weights of another recipe, or of older code.",
    )
    pipeline.embedder.eval()
    return pipeline


def initialise(pipeline: Pipeline, recipe: Recipe) -> None:
    """Begins from the embedder of the run `training.init_from`. Raises Problem where that is not there or does not fit."""
    if not (folder := pipeline.trainer.settings.init_from):
        return
    path = Path(folder) / "weights.safetensors"
    kept = Run(Path(folder)).load_arrays("weights")
    if kept is None:
        raise Problem(f"training.init_from = '{folder}' is not the folder of a finished run: there is no {path}.")
    _load(
        pipeline.embedder,
        kept[0],
        f"training.init_from = '{folder}' does not fit: its embedder has other weights than this recipe's{_unlike(Path(folder), recipe)}; "
        "[frontend], [encoder], [streams] and [temporal] must be the same.",
    )


def _unlike(folder: Path, recipe: Recipe) -> str:
    """` (encoder.width = 1.0 there, 2.0 here)`: where a run's embedder is set otherwise, or nothing."""
    try:
        found = changes(Run(folder).recipe(), {**recipe.values})
    except Problem:
        return ""
    unlike = [f"{path} = {there} there, {here} here" for path, (there, here) in found.items() if path.split(".")[0] in EMBEDDER]
    return f" ({listing(unlike, 3)})" if unlike else ""


def _load(embedder: Embedder, arrays: dict[str, Any], otherwise: str) -> None:
    """Puts a run's learned weights into an embedder. Raises Problem with this sentence where they do not fit."""
    own = "embedder."
    try:
        embedder.load_state_dict({name[len(own) :]: torch.from_numpy(x) for name, x in arrays.items() if name.startswith(own)})
    except RuntimeError:
        raise Problem(otherwise) from None
