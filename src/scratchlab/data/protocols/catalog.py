"""The protocols a recipe can name in [protocol]."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol as Interface

from scratchlab.data.protocols.closed_set import ClosedSet
from scratchlab.data.protocols.sessions import Sessions
from scratchlab.types import Samples, Stage


class Protocol(Interface):
    """Decides by row numbers alone who may see what: the base stage, then the later ones of each of `draws` draws."""

    draws: int

    def base(self, samples: Samples) -> Stage:
        """The stage that training starts with."""
        ...

    def later(self, samples: Samples, draw: int) -> Iterator[Stage]:
        """The stages that follow it in one draw."""
        ...


PROTOCOLS: dict[str, Callable[..., Protocol]] = {
    "closed_set": ClosedSet,
    "sessions": Sessions,
}
