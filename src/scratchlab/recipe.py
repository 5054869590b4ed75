"""A recipe: every setting of a run, resolved, checked and named before any data is read.

A part's settings are the keyword-only parameters of its constructor; what stands before them, the lab
supplies. There is no second schema: types, defaults and meanings are read from the signature
(`width: Annotated[float, Field(gt=0, description="...")] = 1`).
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
import tomllib
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pydantic
import tomli_w
from pydantic.fields import FieldInfo

from scratchlab.checks import Problem, listing, nearest

Catalog = Mapping[str, Callable[..., Any]]
Values = dict[str, Any]


@dataclass(frozen=True)
class One:
    """A section that names one part of a catalogue (`name = "..."`), `default` if it names none."""

    parts: Catalog
    default: str


@dataclass(frozen=True)
class Several:
    """A section with one table for each part that is wanted: `[augment.noise]`, `[augment.shift]`; `default` if there is none.

    A table is called as its part; one with another name says which part it means: `[similarity.second]` with `name = "cosine"`.
    """

    parts: Catalog
    default: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fixed:
    """A section that is always there and has nothing to choose from: `[training]`."""

    part: Callable[..., Any]


Sections = Mapping[str, One | Several | Fixed]


@dataclass(frozen=True)
class Setting:
    """One setting of a part, as its constructor tells it."""

    name: str
    type: str
    default: str
    meaning: str


@functools.cache
def _model(part: Callable[..., Any]) -> type[pydantic.BaseModel]:
    """The keyword-only parameters of a part as a strict pydantic model."""
    written: Any = part  # a dataclass has its hints as a class, each in the module of the class that gives it
    if inspect.isclass(written) and not dataclasses.is_dataclass(written):
        written = written.__init__
    hints = typing.get_type_hints(inspect.unwrap(written), include_extras=True)
    fields: dict[str, Any] = {
        name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(part).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    return pydantic.create_model(part.__name__, __config__=pydantic.ConfigDict(extra="forbid", strict=True, allow_inf_nan=False), **fields)


def settings(part: Callable[..., Any]) -> list[Setting]:
    """The settings a recipe may give this part, in the order of its constructor."""

    def shown(field: FieldInfo) -> str:
        kind = field.annotation
        return kind.__name__ if isinstance(kind, type) and not typing.get_args(kind) else str(kind).replace("typing.", "")

    return [
        Setting(
            name, shown(f), "required" if f.is_required() else json.dumps(f.get_default(call_default_factory=True)), f.description or ""
        )
        for name, f in _model(part).model_fields.items()
    ]


def _resolved(part: Callable[..., Any], given: Values, where: str, called: str) -> Values:
    """`given` checked against the part's settings, with every default filled in."""
    model = _model(part)
    for name in given:
        if name not in model.model_fields:
            valid = list(model.model_fields)
            has = f"its settings are: {', '.join(valid)}" if valid else "it has no settings"
            raise Problem(f"{where}.{name} is not a setting of {called}; {has}.{nearest(name, valid)}")
    try:
        return model.model_validate_json(json.dumps(given, default=str)).model_dump(mode="json")
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join([where, *(str(step) for step in first["loc"][:2] if str(step).isidentifier())])
        if first["type"] == "missing" and len(first["loc"]) == 1:
            raise Problem(f"{place} must be given: {called} has no default for it.") from None
        raise Problem(f"{place} = {first['input']!r} does not fit: {first['msg'].replace('Input should', 'it should')}.") from None


def _chosen(section: str, parts: Catalog, name: Any) -> Callable[..., Any]:
    if not isinstance(name, str) or name not in parts:
        raise Problem(f"There is no {section} named {name!r}; there are: {listing(parts, 40)}.{nearest(str(name), parts)}")
    return parts[name]


def _table(where: str, given: Any) -> Values:
    """A copy of a table of settings."""
    if not isinstance(given, dict):
        raise Problem(f"{where} must be a table of settings, as in [{where}]; it is {given!r}.")
    return dict(cast(Values, given))


@dataclass(frozen=True)
class Recipe:
    """The resolved settings of one run: `values[section][setting]`, nothing left to a default."""

    name: str
    seed: int
    values: Mapping[str, Values]

    @property
    def key(self) -> str:
        """Eight hexadecimal digits that stand for all resolved values, the seed included."""
        text = json.dumps({"seed": self.seed, **self.values}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def toml(self) -> str:
        """The resolved recipe as TOML; reading it again gives the same key."""
        return tomli_w.dumps({"seed": self.seed, **self.values})

    def build(self, section: str, sections: Sections, *supplied: Any) -> Any:
        """The part (a dict of parts for `Several`) of this section, constructed from what the lab supplies and its settings."""
        kind, values = sections[section], self.values[section]
        if isinstance(kind, Fixed):
            return kind.part(*supplied, **values)
        if isinstance(kind, Several):
            return {table: _built(kind.parts[given.get("name", table)], supplied, given) for table, given in values.items()}
        return _built(kind.parts[values["name"]], supplied, values)


def _built(part: Callable[..., Any], supplied: tuple[Any, ...], values: Values) -> Any:
    return part(*supplied, **{setting: value for setting, value in values.items() if setting != "name"})


def _several(section: str, kind: Several, tables: Values) -> Values:
    """The resolved tables of a section with several parts, in the order of the recipe."""
    resolved: Values = {}
    for table, given in (tables or {name: {} for name in kind.default}).items():
        where, given = f"{section}.{table}", _table(f"{section}.{table}", given)
        part = given.pop("name", table)
        own = {"name": part} if part != table else {}
        resolved[table] = {**own, **_resolved(_chosen(section, kind.parts, part), given, where, str(part))}
    return resolved


def resolve(raw: Values, sections: Sections, name: str) -> Recipe:
    """A recipe from the tables of a TOML file, every value checked. Raises Problem that lists what is valid."""
    raw = {key: value for key, value in raw.items() if key != "title"}
    seed = raw.pop("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise Problem(f"seed = {seed!r} does not fit: it is a whole number from 0 to 2^63 - 1.")
    for section in raw:
        if section not in sections:
            raise Problem(
                f"[{section}] is not a section of a recipe; there are: title, seed, {', '.join(sections)}.{nearest(section, sections)}"
            )
    values: dict[str, Values] = {}
    for section, kind in sections.items():
        given = _table(section, raw.get(section, {}))
        if isinstance(kind, Fixed):
            values[section] = _resolved(kind.part, given, section, section)
        elif isinstance(kind, Several):
            values[section] = _several(section, kind, given)
        else:
            part = given.pop("name", kind.default)
            values[section] = {"name": part, **_resolved(_chosen(section, kind.parts, part), given, section, str(part))}
    return Recipe(name, seed, values)


def flat(value: Values, above: str = "") -> dict[str, Any]:
    """Values of nested tables by their paths: `training.rates.body`. A table without settings is kept, as {}."""
    found: dict[str, Any] = {}
    for name, inner in value.items():
        path = f"{above}.{name}" if above else name
        found |= flat(cast(Values, inner), path) if isinstance(inner, dict) and inner else {path: inner}
    return found


def changes(tables: Values, other: Values) -> dict[str, tuple[Any, Any]]:
    """The settings in which two recipes differ, by their paths: the value in `tables` and in `other`, None where one has no such setting.

    A part without settings is {} where it is named. A section that names no part counts as left out.
    """
    own, its = ({path: value for path, value in {"seed": 0, **flat(one)}.items() if value != {} or "." in path} for one in (tables, other))
    paths = [path for path in {**own, **its} if path not in own or path not in its or own[path] != its[path]]
    return {path: (own.get(path), its.get(path)) for path in paths}


def differences(tables: Values, other: Values) -> dict[str, Any]:
    """What `tables` say where they differ from `other`, by the paths of the settings; None for one that only `other` has."""
    return {path: own for path, (own, _) in changes(tables, other).items()}


def overridden(raw: Values, assignments: Iterable[str]) -> Values:
    """The tables with `section.setting=value` assignments applied; a value is read as TOML, else as text."""
    return assigned(raw, [_assignment(one) for one in assignments])


def _assignment(told: str) -> tuple[str, Any]:
    path, equals, text = told.partition("=")
    if not equals or not all(path.strip().split(".")):
        raise Problem(f"-s {told} does not fit: write -s section.setting=value, as in -s encoder.width=2.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if not isinstance(value, (str, int, float, list, dict)):  # a folder named 2024-01-01 is not a date
        value = text
    return path.strip(), cast(Any, value)


def assigned(raw: Values, values: Iterable[tuple[str, Any]]) -> Values:
    """The tables with values put in by their paths, `section.setting`."""
    result = json.loads(json.dumps(raw, default=str))
    for path, value in sorted(values, key=lambda one: not one[0].endswith(".name")):  # parts first, then their settings
        keys = path.split(".")
        table: Values = result
        for key in keys[:-1]:
            table = table.setdefault(key, {})
            if type(table) is not dict:
                raise Problem(f"{path} = {value!r} does not fit: {key} is a value, not a table of settings.")
        if keys[-1] == "name" and table.get("name", value) != value:
            table.clear()  # another part: the settings of the one it replaces mean nothing to it
        table[keys[-1]] = value
    return result


def laid_over(under: Values, over: Values) -> Values:
    """The tables of `under` with those of `over` on top; a table that names another part begins anew."""
    result = {key: value for key, value in under.items() if key not in over}
    for key, value in over.items():
        below = under.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            above, beneath = cast(Values, value), cast(Values, below)
            another = "name" in above and beneath.get("name", above["name"]) != above["name"]
            result[key] = above if another else laid_over(beneath, above)
        else:
            result[key] = value
    return result


def read(path: Path) -> Values:
    """The tables of a recipe file. Raises Problem where there are none."""
    if path.is_dir():
        raise Problem(f"{path} is a folder; a recipe is a TOML file in one.")
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise Problem(f"There is no recipe at {path}; `scratchlab recipes` lists the ones at hand.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Problem(f"{path} is not readable as TOML: {error}.") from None
    if not found:
        raise Problem(f'{path} is empty; a recipe names its data, at the least: [data] name = "mnist".')
    return found
