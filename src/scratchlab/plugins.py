"""Parts from other installed packages, which offer them as entry points in their pyproject.toml.

[project.entry-points."scratchlab.encoders"]
my_net = "my_package.nets:MyNet"

Names come from the metadata of installed packages; a package is imported only when one of its parts is named.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from scratchlab.checks import Problem, listing, nearest

GROUPS = {  # what a part is -> the group of its entry points, after "scratchlab."
    "data": "sources",
    "noise": "noises",
    "protocol": "protocols",
    "augment": "augments",
    "frontend": "frontends",
    "encoder": "encoders",
    "temporal": "temporals",
    "whitening": "whitenings",
    "similarity": "similarities",
    "loss": "losses",
    "sampler": "samplers",
    "optimizer": "optimizers",
    "schedule": "schedules",
    "method": "methods",
    "engine": "engines",
    "logger": "loggers",
}


@dataclass(frozen=True)
class Origin:
    """Identifies the package that offers a part. place: `module:name` in the package."""

    package: str
    version: str
    place: str

    def __str__(self) -> str:
        return f"{self.package} {self.version} ({self.place})"


def origin(entry: EntryPoint) -> Origin:
    """Returns the package, version and place of an entry point."""
    return Origin(entry.dist.name if entry.dist else "?", entry.dist.version if entry.dist else "?", entry.value)


@functools.cache
def installed() -> list[EntryPoint]:
    """The entry points of installed packages in groups `scratchlab.…`, read once."""
    found = entry_points()
    return [entry for group in sorted(found.groups) if group.startswith("scratchlab.") for entry in found.select(group=group)]


def misplaced() -> list[str]:
    """A sentence for every entry point in a group `scratchlab.…` that is not read."""
    known = [f"scratchlab.{group}" for group in GROUPS.values()]
    return [
        f"'{entry.name}' of {origin(entry)} is in the group {entry.group} of entry points, which is not read.{nearest(entry.group, known)}"
        for entry in installed()
        if entry.group not in known
    ]


class OpenCatalog(Mapping[str, Callable[..., Any]]):
    """A catalogue, and the parts of its kind that other packages offer, which are imported when they are looked up.

    interface: a base class of what the parts construct, or a Protocol whose members it has. Looking up a part raises Problem where two
    packages offer its name, or where it cannot be imported.
    """

    def __init__(self, kind: str, own: Mapping[str, Callable[..., Any]], interface: Any) -> None:
        self.kind, self.own, self.interface = kind, own, interface
        self.group = f"scratchlab.{GROUPS[kind]}"

    def _offered(self) -> list[EntryPoint]:
        return [entry for entry in installed() if entry.group == self.group]

    def _names(self) -> dict[str, None]:
        return dict.fromkeys([*self.own, *(entry.name for entry in self._offered())])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if (entry := self._entry(name)) is None:
            return self.own[name]
        try:
            part = entry.load()
        except Exception as error:
            raise Problem(f"{self._about(entry)} cannot be imported: {type(error).__name__}: {error}") from error
        if not inspect.isclass(part) and not inspect.isfunction(part):
            raise Problem(f"{self._about(entry)} is {part!r:.80}, not a class, nor a function that constructs an object.")
        return part

    def _entry(self, name: str) -> EntryPoint | None:
        """The entry point of a part; None for one of scratchlab's own, or for no part."""
        found = [entry for entry in self._offered() if entry.name == name]
        givers = ["scratchlab"] * (name in self.own) + [str(origin(entry)) for entry in found]
        if len(givers) > 1:
            raise Problem(
                f"The {self.kind} '{name}' is offered by {' and by '.join(givers)}; uninstall one, or give its part another name."
            )
        return found[0] if found else None

    def _about(self, entry: EntryPoint) -> str:
        return f"The {self.kind} '{entry.name}' of {origin(entry)}"

    def origin(self, name: str) -> Origin | None:
        """Returns the package, version and place of a part; None for one of scratchlab's own."""
        entry = self._entry(name)
        return entry and origin(entry)

    def build(self, name: str, supplied: tuple[Any, ...], values: Mapping[str, Any]) -> Any:
        """Constructs a part. Raises Problem for one of another package that is constructed otherwise, or lacks part of the interface."""
        part = self[name]
        if entry := self._entry(name):
            try:
                inspect.signature(part).bind(*supplied, **values)
            except TypeError as error:
                given = ", ".join(type(value).__name__ for value in supplied)
                raise Problem(f"{self._about(entry)} cannot be constructed from ({given}) and its settings: {error}.") from None
        return self.checked(name, part(*supplied, **values))

    def checked(self, name: str, built: Any) -> Any:
        """Returns `built` unchanged. Raises Problem if it is of another package and lacks members of the interface."""
        if entry := self._entry(name):
            expected = f"{self.interface.__module__}.{self.interface.__qualname__}"
            if not getattr(self.interface, "_is_protocol", False) and not isinstance(built, self.interface):
                raise Problem(f"{self._about(entry)} constructs a {type(built).__name__}; it must be an instance of {expected}.")
            if lacking := _lacking(built, self.interface):
                raise Problem(f"{self._about(entry)} lacks {listing(lacking)}, which every {expected} has.")
        return built


def _lacking(built: Any, interface: Any) -> list[str]:
    """Returns the names of missing members: required by the interface, and absent, or inherited from a class of ours that only raises."""
    cls = cast("type[object]", built if inspect.isclass(built) else type(built))
    bases: list[type] = [base for base in (*interface.__mro__, *cls.__mro__) if base.__module__.startswith("scratchlab.")]
    names = dict.fromkeys(name for base in bases for name in (*vars(base), *inspect.get_annotations(base)))

    def absent(name: str) -> bool:
        if not hasattr(cls, name):
            return not hasattr(built, name)
        code = getattr(inspect.getattr_static(cls, name), "__code__", None)
        return code is not None and "NotImplementedError" in code.co_names  # still the base class's, which only raises it

    return [name for name in names if (name == "__call__" or not name.startswith("_")) and absent(name)]
