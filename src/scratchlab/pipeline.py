"""The parts of a run: the sections of a recipe, and the assembly of the parts that it names."""

from __future__ import annotations

import typing
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
from scratchlab.evaluation.catalog import EVALUATIONS
from scratchlab.learn.checkpoints import CheckpointStore, NullStore
from scratchlab.learn.components import EMBEDDER, of_recipe
from scratchlab.learn.components import SECTIONS as COMPONENTS
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.methods.catalog import METHODS
from scratchlab.learn.methods.interface import Method, Restorable
from scratchlab.learn.observers import Probe
from scratchlab.learn.stored import restored_embedder, under
from scratchlab.learn.training import Trainer
from scratchlab.observe.catalog import OBSERVED
from scratchlab.observe.ledger import Ledger
from scratchlab.plugins import OpenCatalog
from scratchlab.recipe import AnyOf, OneOf, Recipe, Sections, Values, changes
from scratchlab.shelf import DEFAULTS
from scratchlab.similarity.interface import Similarity
from scratchlab.store.run import Run
from scratchlab.types import Inputs, Rows

SECTIONS: Sections = {
    "data": OneOf(OpenCatalog("data", SOURCES, Source), DEFAULTS["data"]),
    "noise": OneOf(OpenCatalog("noise", NOISES, Noise), DEFAULTS["noise"]),
    "protocol": OneOf(OpenCatalog("protocol", PROTOCOLS, Protocol), DEFAULTS["protocol"]),
    **COMPONENTS,
    "method": OneOf(OpenCatalog("method", METHODS, Method), "prototypes"),
    "observe": AnyOf(OBSERVED),
}


class QueryProbe(Probe, typing.Protocol):
    """A probe that also measures the queries, once, after training; the method and the trainer never get their labels."""

    def read_queries(self, inputs: Inputs, labels: Rows) -> list[dict[str, Any]]:
        """The rows to record about the queries, after all scores are computed. labels: the true ones."""
        ...


@dataclass
class Pipeline:
    """The parts of a run, constructed from its recipe; no data have been read yet."""

    source: Source
    noise: Noise | None
    protocol: Protocol
    embedder: Embedder
    similarities: Mapping[str, Similarity]
    method: Method
    trainer: Trainer
    probes: dict[str, QueryProbe]
    ledger: Ledger | None


def assemble(recipe: Recipe, store: CheckpointStore) -> Pipeline:
    """Constructs all parts. Raises Problem for settings that are wrong or incompatible with each other."""

    def part(section: str, *supplied: Any) -> Any:
        return recipe.build(section, SECTIONS, *supplied)

    source: Source = part("data")
    components = of_recipe(recipe, source.form, store)
    embedder, trainer = components.embedder, components.trainer
    method: Method = part("method", components)
    trainer.plan(method.groups, method.rates, method.phases)
    observed: dict[str, QueryProbe | Ledger] = part("observe", embedder)
    probes = {name: observer for name, observer in observed.items() if not isinstance(observer, Ledger)}
    ledgers = [observer for observer in observed.values() if isinstance(observer, Ledger)]
    if len(ledgers) > 1:
        raise Problem("[observe] names two ledgers, which would write the same file; remove one.")
    protocol: Protocol = part("protocol", recipe.seed)
    if protocol.kind not in EVALUATIONS:
        name = recipe.values["protocol"]["name"]
        raise Problem(f"The protocol '{name}' has the kind '{protocol.kind}'; the kinds of evaluation are: {listing(EVALUATIONS)}.")
    ledger = next(iter(ledgers), None)
    return Pipeline(source, part("noise"), protocol, embedder, components.similarities, method, trainer, probes, ledger)


def with_shorter_warmup(tables: Values, original: Values) -> tuple[Values, str]:
    """The tables, with the original recipe's warm-up in proportion where fewer training.epochs leave no room for it, and a sentence on it.

    A warm-up that was changed too stays as it is. The sentence is empty where nothing is changed.
    """
    epochs, before = (given.get("training", {}).get("epochs") for given in (tables, original))
    warmup, usual = (given.get("schedule", {}).get("warmup") for given in (tables, original))
    fits = (
        not all(isinstance(one, int | float) for one in (epochs, before, warmup)) or warmup != usual or warmup < epochs or epochs >= before
    )
    if fits or epochs <= 0:
        return tables, ""
    shorter = round(warmup * epochs / before, 3)
    sentence = f"schedule.warmup = {warmup:g} of {before} epochs is shortened to {shorter:g} of {epochs}."
    return {**tables, "schedule": {**tables["schedule"], "warmup": shorter}}, sentence


def check(recipe: Recipe) -> None:
    """Raises Problem for settings that are wrong or incompatible, without creating a folder or reading data."""
    initialise(assemble(recipe, NullStore()), recipe)


def reopened(recipe: Recipe, run: Run) -> Pipeline:
    """Returns the parts of a run, with the trained embedder, its whitening, and the means that similarities subtract.

    Raises Problem where its weights are missing or do not fit the recipe.
    """
    return _reopened(recipe, run)[0]


def scoring(recipe: Recipe, run: Run) -> Pipeline:
    """Returns the parts of a run as `reopened`, and a method that scores all classes that the run learned, as it did in the run.

    Raises Problem also for a run of an older version, which lacks references, and for a method of another package that cannot be restored.
    """
    pipeline, kept = _reopened(recipe, run)
    method = pipeline.method
    if "classes" not in kept:
        raise Problem(
            f"{run.folder} was made by a version of scratchlab that did not keep the references of all classes, so that it cannot answer "
            f"for new inputs; `scratchlab run {run.folder / 'recipe.toml'} --again` repeats the run."
        )
    if not isinstance(method, Restorable) or _definer(method, "tensors") not in _definer(method, "restore").__mro__:
        raise Problem(
            f"The method '{recipe.values['method']['name']}' of {run.folder} has no `restore` for what its `tensors` keeps, so that it "
            f"cannot answer for new inputs; add `restore(self, kept)` to {type(method).__name__}, the inverse of `tensors`."
        )
    try:
        method.restore(kept)
    except (KeyError, RuntimeError) as error:
        raise Problem(f"{run.folder / 'weights.safetensors'} does not fit its method, of older code perhaps: {error}.") from None
    return pipeline


def _definer(method: object, name: str) -> type:
    """The class that defines what the method has under this name."""
    return next(cls for cls in type(method).__mro__ if name in vars(cls))


def _reopened(recipe: Recipe, run: Run) -> tuple[Pipeline, dict[str, torch.Tensor]]:
    """The parts of a run with the trained embedder, and all tensors that the run kept."""
    pipeline, weights, path = assemble(recipe, NullStore()), run.load_arrays("weights"), run.folder / "weights.safetensors"
    if weights is None:
        remedy = (
            "run its recipe again with --again" if run.state() == "finished" else f"finish it with `scratchlab resume {run.folder.name}`"
        )
        raise Problem(f"{path} is missing, and this run, which is {run.state()}, cannot be analysed without it; {remedy}.")
    kept = _tensors(weights[0], pipeline.embedder)
    try:
        pipeline.embedder = restored_embedder(pipeline.embedder, pipeline.similarities, kept)
    except RuntimeError:
        raise Problem(
            f"{path} does not fit {run.folder / 'recipe.toml'}: these are the weights of another recipe, or of older code."
        ) from None
    return pipeline, kept


def initialise(pipeline: Pipeline, recipe: Recipe) -> None:
    """Loads the embedder of the run `training.init_from`, if set. Raises Problem where its weights are missing or do not fit."""
    if not (folder := pipeline.trainer.settings.init_from):
        return
    path = Path(folder) / "weights.safetensors"
    weights = Run(Path(folder)).load_arrays("weights")
    if weights is None:
        raise Problem(f"training.init_from = '{folder}' is not the folder of a finished run: there is no {path}.")
    try:
        pipeline.embedder.load_state_dict(under("embedder.", _tensors(weights[0], pipeline.embedder)))
    except RuntimeError:
        raise Problem(
            f"training.init_from = '{folder}' does not fit: its embedder has other weights than this recipe's"
            f"{_differences(Path(folder), recipe)}; "
            "[frontend], [encoder], [streams] and [temporal] must be the same."
        ) from None


def _differences(folder: Path, recipe: Recipe) -> str:
    """Formats the settings in which a run's embedder differs, ` (encoder.width = 1.0 there, 2.0 here)`; "" if there are none."""
    try:
        settings = changes(Run(folder).recipe(), {**recipe.values})
    except Problem:
        return ""
    texts = [f"{path} = {there} there, {here} here" for path, (there, here) in settings.items() if path.split(".")[0] in EMBEDDER]
    return f" ({listing(texts, 3)})" if texts else ""


def _tensors(arrays: Mapping[str, Any], embedder: Embedder) -> dict[str, torch.Tensor]:
    """Arrays as tensors on the device of the embedder."""
    return {name: torch.from_numpy(array).to(embedder.device) for name, array in arrays.items()}
