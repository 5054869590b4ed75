"""The components of a method: built from the sections of a recipe, or given as objects around an encoder."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack, cast

import torch

from scratchlab.checks import Problem, listing, nearest
from scratchlab.data.augment.catalog import AUGMENTS
from scratchlab.data.augment.interface import Augment
from scratchlab.data.samplers.catalog import SAMPLERS
from scratchlab.data.samplers.interface import Sampler
from scratchlab.learn.checkpoints import CheckpointStore, NullStore
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.losses.catalog import LOSSES, Losses
from scratchlab.learn.losses.interface import Loss
from scratchlab.learn.optimizers import OPTIMIZERS
from scratchlab.learn.schedules import SCHEDULES
from scratchlab.learn.scoring import Scoring
from scratchlab.learn.settings import Training
from scratchlab.learn.training import Trainer
from scratchlab.learn.whitening import WHITENINGS, WithinClass
from scratchlab.models.encoders.catalog import ENCODERS
from scratchlab.models.frontends.catalog import FRONTENDS
from scratchlab.models.frontends.log_mel import LogMel
from scratchlab.models.frontends.pixels import Pixels
from scratchlab.models.interface import Encoder, Frontend
from scratchlab.models.streams import over_streams
from scratchlab.models.temporal.catalog import TEMPORALS
from scratchlab.models.temporal.interface import Temporal
from scratchlab.plugins import OpenCatalog
from scratchlab.recipe import AnyOf, Fixed, OneOf, Recipe, Sections, resolve
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Image, Spectrogram, Waveform

EMBEDDER: Sections = {
    "frontend": OneOf(OpenCatalog("frontend", FRONTENDS, Frontend), "log_mel"),
    "encoder": OneOf(OpenCatalog("encoder", ENCODERS, Encoder), "bc_resnet"),
    "streams": Fixed(over_streams),
    "temporal": OneOf(OpenCatalog("temporal", TEMPORALS, Temporal), "frames"),
}
SECTIONS: Sections = {
    "augment": AnyOf(OpenCatalog("augment", AUGMENTS, Augment)),
    **EMBEDDER,
    "whitening": OneOf(OpenCatalog("whitening", WHITENINGS, WithinClass), "none"),
    "similarity": AnyOf(OpenCatalog("similarity", SIMILARITIES, Similarity), ("cosine",)),
    "loss": AnyOf(OpenCatalog("loss", LOSSES, Loss), ("cross_entropy",)),
    "scoring": Fixed(Scoring),
    "training": Fixed(Training),
    "sampler": OneOf(OpenCatalog("sampler", SAMPLERS, Sampler), "shuffled"),
    "optimizer": OneOf(OpenCatalog("optimizer", OPTIMIZERS, torch.optim.Optimizer), "sgd"),
    "schedule": OneOf(OpenCatalog("schedule", SCHEDULES, Callable), "cosine"),
}

Table = Mapping[str, Any]
Part = Callable[..., Any]  # a section, and what its part is built for -> the part


class Parts(TypedDict, total=False):
    """What surrounds an encoder: objects, or the settings of a recipe's section of that name. What is left out is as in a recipe.

    frontend: default Pixels for an encoder of images, LogMel of sound at 16 kHz for one of spectrograms. similarity: the first leads.
    """

    frontend: Frontend
    similarity: Similarity | Sequence[Similarity] | Mapping[str, Similarity] | Table
    augment: Sequence[Augment] | Table
    temporal: Table
    whitening: WithinClass | Table
    loss: Table
    scoring: Table
    training: Table
    sampler: Sampler | Table
    optimizer: Table
    schedule: Table


@dataclass
class Components:
    """Holds the parts of a method: embedder, trainer, similarities, losses and scoring. embedder: without the whitening, which is fitted
    after training. build_embedder: builds another embedder, with initial weights drawn from the given seed.
    """

    embedder: Embedder
    whitening: WithinClass | None
    trainer: Trainer
    similarities: Mapping[str, Similarity]
    losses: Losses
    scoring: Scoring
    build_embedder: Callable[[int], Embedder]

    @classmethod
    def of(cls, encoder: Encoder, **parts: Unpack[Parts]) -> Components:
        """Components around an encoder, to be trained with seed 0 unless the run has another.

        Raises Problem, as a recipe would, for settings that are unknown, wrong, or do not fit each other.
        """
        if not isinstance(cast(Any, encoder), Encoder):
            raise Problem(f"A method is built around an encoder, as in Prototypes(scratchlab.models.BCResNet()); this is {encoder!r}.")
        if unknown := [name for name in parts if name not in Parts.__annotations__]:
            known = [*Parts.__annotations__]
            raise Problem(
                f"'{unknown[0]}' is neither a setting of the method nor a part: {listing(known, 20)}.{nearest(unknown[0], known)}"
            )
        objects: dict[str, Any] = {name: part for name, part in parts.items() if not _is_table(part)}
        tables = {name: copy.deepcopy(dict(cast(Table, part))) for name, part in parts.items() if name not in objects}
        if "similarity" in objects:
            objects["similarity"] = _by_name(objects["similarity"])
        sections = {name: section for name, section in SECTIONS.items() if name not in ("frontend", "encoder", "streams", *objects)}
        recipe = resolve(tables, sections, "settings")

        def part(section: str, *supplied: Any) -> Any:
            return objects[section] if section in objects else recipe.build(section, sections, *supplied)

        training: Training = part("training")
        frontend: Frontend = objects.get("frontend") or _frontend(encoder)
        if encoder.form not in (None, frontend.form):
            raise Problem(f"The encoder was built for {encoder.form}, but the front-end gives {frontend.form}; build the encoder for that.")
        augments: Any = part("augment", frontend.input_form)
        temporal = part("temporal", encoder.dim, encoder.channels)
        embedder = Embedder(frontend, encoder, temporal, augments if "augment" in objects else augments.values()).to(training.device)
        return _assembled(part, 0, training, embedder, functools.partial(_begun_anew, embedder), NullStore())


def of_recipe(recipe: Recipe, form: Waveform | Image, store: CheckpointStore) -> Components:
    """The components that a recipe names, for inputs of this form."""
    part = functools.partial(_built, recipe)
    training: Training = part("training")
    torch.manual_seed(recipe.seed)

    def embedder() -> Embedder:
        return embedder_of_recipe(recipe, form, part("augment", form).values()).to(training.device)

    def build_embedder(seed: int) -> Embedder:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return embedder()

    return _assembled(part, recipe.seed, training, embedder(), build_embedder, store)


def embedder_of_recipe(recipe: Recipe, form: Waveform | Image, augments: Iterable[Augment] = ()) -> Embedder:
    """The embedder that the sections EMBEDDER of a recipe name, for inputs of this form, on the CPU."""
    part = functools.partial(_built, recipe)
    frontend: Frontend = part("frontend", form)
    encoder: Encoder = part("streams", functools.partial(part, "encoder"), frontend.form)
    return Embedder(frontend, encoder, part("temporal", encoder.dim, encoder.channels), augments)


def _built(recipe: Recipe, section: str, *supplied: Any) -> Any:
    return recipe.build(section, SECTIONS, *supplied)


def _assembled(
    part: Part, seed: int, training: Training, embedder: Embedder, build_embedder: Callable[[int], Embedder], store: CheckpointStore
) -> Components:
    """The embedder with everything that trains it and compares its embeddings."""
    sampler: Sampler = part("sampler", training.batch)
    trainer = Trainer(seed, training, functools.partial(part, "optimizer"), functools.partial(part, "schedule"), sampler, store)
    similarities: dict[str, Similarity] = part("similarity")
    for name, similarity in similarities.items():
        similarity.fits(name, embedder.streams)
    losses = Losses(part("loss", similarities))
    losses.fits(embedder.streams, sampler)
    return Components(embedder, part("whitening"), trainer, similarities, losses, part("scoring", similarities), build_embedder)


def _is_table(part: Any) -> bool:
    return isinstance(part, Mapping) and not any(isinstance(value, Similarity) for value in cast(Table, part).values())


def _by_name(given: Any) -> dict[str, Similarity]:
    """Similarities by name; those given without one are called as in the catalogue."""
    if isinstance(given, Mapping):
        return dict(cast(Mapping[str, Similarity], given))
    several: list[Any] = [given] if isinstance(given, Similarity) else list(given)
    names: dict[Any, str] = {part: name for name, part in SIMILARITIES.items()}
    return {names.get(type(one), type(one).__name__.lower()): one for one in several}


def _frontend(encoder: Encoder) -> Frontend:
    """The usual front-end for an encoder of this form."""
    if isinstance(encoder.form, Image):
        return Pixels(encoder.form)
    return LogMel(bands=encoder.form.bands) if isinstance(encoder.form, Spectrogram) else LogMel()


def _begun_anew(embedder: Embedder, seed: int) -> Embedder:
    """A copy with other initial weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        again = copy.deepcopy(embedder)
        for module in again.modules():
            if callable(reset := getattr(module, "reset_parameters", None)):
                reset()
        return again
