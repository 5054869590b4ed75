"""Recipes: all settings of a run, resolved and checked before any data are read.

The settings of a part are the keyword-only parameters of its constructor; the pipeline supplies its positional
parameters. There is no separate schema: types, defaults and descriptions are read from the signature
(`width: Annotated[float, Field(gt=0, description="...")] = 1`).
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
import re
import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Union, cast

import pydantic
import tomli_w
from pydantic.fields import FieldInfo

from scratchlab.checks import Problem, listing, nearest
from scratchlab.plugins import OpenCatalog, Origin

Catalog = Mapping[str, Callable[..., Any]]
Values = dict[str, Any]


@dataclass(frozen=True)
class OneOf:
    """A section that selects one part of a catalogue by `name = "..."`; `default` if it has no name."""

    parts: Catalog
    default: str


@dataclass(frozen=True)
class AnyOf:
    """A section that selects any number of parts, one table for each (`[augment.noise]`, `[augment.shift]`); `default` if it has none.

    A table is named like its part, or sets `name` to the part: `[similarity.second]` with `name = "cosine"`.
    """

    parts: Catalog
    default: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fixed:
    """A section with a single part, which is always used: `[training]`."""

    part: Callable[..., Any]


Sections = Mapping[str, OneOf | AnyOf | Fixed]


@dataclass(frozen=True)
class Setting:
    """One setting of a part: name, type, default (as JSON, or "required") and description."""

    name: str
    type: str
    default: str
    meaning: str


def _type_name(annotation: Any) -> str:
    """A type as it would be written: `float`, `list[str]`, `float or list[str]`, without the constraints of its parts."""
    if typing.get_origin(annotation) is Annotated:
        return _type_name(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (Union, types.UnionType):
        return " or ".join(_type_name(part) for part in typing.get_args(annotation))
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(repr(value) for value in typing.get_args(annotation))
    if parts := typing.get_args(annotation):
        return f"{typing.get_origin(annotation).__name__}[{', '.join(_type_name(part) for part in parts)}]"
    return getattr(annotation, "__name__", str(annotation))


@functools.cache
def _model(part: Callable[..., Any]) -> type[pydantic.BaseModel]:
    """The keyword-only parameters of a part as a strict pydantic model."""
    annotated: Any = part  # hints of a dataclass are on the class, so that those inherited are resolved in the parent's module
    if inspect.isclass(annotated) and not dataclasses.is_dataclass(annotated):
        annotated = annotated.__init__
    try:
        hints = typing.get_type_hints(inspect.unwrap(annotated), include_extras=True)
        fields: dict[str, Any] = {
            name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
            for name, parameter in inspect.signature(part).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        }
        config = pydantic.ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
        return pydantic.create_model(part.__name__, __config__=config, **fields)
    except (KeyError, NameError, pydantic.errors.PydanticUserError) as error:
        raise Problem(
            f"The settings of {part.__module__}.{part.__qualname__} cannot be read ({type(error).__name__}: {str(error).splitlines()[0]}): "
            "every keyword-only parameter of its constructor needs a type that TOML can express, as in `width: float = 1`."
        ) from error


def settings(part: Callable[..., Any]) -> list[Setting]:
    """The settings of a part, in the order of its constructor."""

    def format_default(field: FieldInfo) -> str:
        return "required" if field.is_required() else json.dumps(field.get_default(call_default_factory=True))

    return [
        Setting(name, _type_name(field.annotation), format_default(field), field.description or "")
        for name, field in _model(part).model_fields.items()
    ]


def _resolved(part: Callable[..., Any], given: Values, where: str, part_name: str) -> Values:
    """The settings `given`, checked against those of the part, with all defaults filled in."""
    model = _model(part)
    for name in given:
        if name not in model.model_fields:
            valid = list(model.model_fields)
            available = f"its settings are: {', '.join(valid)}" if valid else "it has no settings"
            raise Problem(f"{where}.{name} is not a setting of {part_name}; {available}.{nearest(name, valid)}")
    try:
        return model.model_validate_json(json.dumps(given, default=str)).model_dump(mode="json")
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        path = ".".join([where, *(str(step) for step in first["loc"][:2] if str(step).isidentifier())])
        if first["type"] == "missing" and len(first["loc"]) == 1:
            raise Problem(f"{path} must be given: {part_name} has no default for it.") from None
        reason = re.sub(r"^(Input|List|Tuple|Dictionary|String) should", "it should", first["msg"]).replace(" after validation", "")
        raise Problem(f"{path} = {first['input']!r} does not fit: {reason}.") from None


def _find_part(section: str, parts: Catalog, name: Any) -> Callable[..., Any]:
    """The part of this name. Raises Problem that lists the names."""
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
    """The resolved settings of one run, `values[section][setting]`, including all defaults.

    plugins: where its parts from other packages come from, by path, `encoder.my_net`; not part of the key.
    """

    name: str
    seed: int
    values: Mapping[str, Values]
    plugins: Mapping[str, Origin] = field(default_factory=dict[str, Origin])

    @property
    def key(self) -> str:
        """A hash of all resolved values and the seed, in eight hexadecimal digits."""
        text = json.dumps({"seed": self.seed, **self.values}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def toml(self) -> str:
        """The resolved recipe as TOML; a recipe read from it has the same key."""
        return tomli_w.dumps({"seed": self.seed, **self.values})

    def build(self, section: str, sections: Sections, *supplied: Any) -> Any:
        """Constructs the part of a section (for `AnyOf`, a dict of parts by table) from positional arguments and its settings."""
        kind, values = sections[section], self.values[section]
        if isinstance(kind, Fixed):
            return kind.part(*supplied, **values)
        if isinstance(kind, AnyOf):
            return {table: _construct(kind.parts, given.get("name", table), supplied, given) for table, given in values.items()}
        return _construct(kind.parts, values["name"], supplied, values)


def _construct(parts: Catalog, name: str, supplied: tuple[Any, ...], values: Values) -> Any:
    settings = {setting: value for setting, value in values.items() if setting != "name"}
    return parts.build(name, supplied, settings) if isinstance(parts, OpenCatalog) else parts[name](*supplied, **settings)


def _check_one(section: str, kind: OneOf, given: Values) -> None:
    """Raises Problem for tables named like parts, `[sampler.episodes]`, in a section that names one part."""
    if found := [name for name, value in given.items() if name in kind.parts and isinstance(value, dict)]:
        tables = " and ".join(f"[{section}.{name}]" for name in found)
        raise Problem(
            f"The recipe has {tables}, but [{section}] selects one part: write its settings in [{section}], "
            f'with name = "{found[0]}"{" or another" if len(found) > 1 else ""}.'
        )


def _resolve_tables(section: str, kind: AnyOf, tables: Values) -> Values:
    """The resolved tables of a section with any number of parts, in the order of the recipe."""
    resolved: Values = {}
    for table, given in (tables or {name: {} for name in kind.default}).items():
        if not isinstance(given, dict):
            name = given if isinstance(given, str) and given in kind.parts else next(iter(kind.parts))
            raise Problem(
                f"{section}.{table} = {given!r} does not fit: [{section}] has a table for each of its parts, and so several; write "
                f"[{section}.{name}], or -s '{section}.{name}={{}}'."
            )
        where, given = f"{section}.{table}", _table(f"{section}.{table}", given)
        part = given.pop("name", table)
        name = {"name": part} if part != table else {}
        resolved[table] = {**name, **_resolved(_find_part(section, kind.parts, part), given, where, str(part))}
    return resolved


def resolve(raw: Values, sections: Sections, name: str) -> Recipe:
    """Checks the tables of a TOML file and fills in defaults. Raises Problem, listing what is valid, for wrong names and values."""
    raw = {key: value for key, value in raw.items() if key != "title"}
    seed = raw.pop("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise Problem(f"seed = {seed!r} does not fit: it must be an integer from 0 to 2^63 - 1.")
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
        elif isinstance(kind, AnyOf):
            values[section] = _resolve_tables(section, kind, given)
        else:
            part = given.pop("name", kind.default)
            _check_one(section, kind, given)
            values[section] = {"name": part, **_resolved(_find_part(section, kind.parts, part), given, section, str(part))}
    return Recipe(name, seed, values, dict(_origins(values, sections)))


def _origins(values: Mapping[str, Values], sections: Sections) -> Iterator[tuple[str, Origin]]:
    """Path and origin of every part that another package offers."""
    for section, kind in sections.items():
        if not isinstance(kind, Fixed) and isinstance(kind.parts, OpenCatalog):
            tables = values[section].items()
            for name in (given.get("name", table) for table, given in tables) if isinstance(kind, AnyOf) else (values[section]["name"],):
                if origin := kind.parts.origin(name):
                    yield f"{section}.{name}", origin


def flat(tables: Values, prefix: str = "") -> dict[str, Any]:
    """Flattens nested tables to values by path, `training.rates.body`. An empty table is kept as {}."""
    values: dict[str, Any] = {}
    for name, value in tables.items():
        path = f"{prefix}.{name}" if prefix else name
        values |= flat(cast(Values, value), path) if isinstance(value, dict) and value else {path: value}
    return values


def changes(tables: Values, other: Values) -> dict[str, tuple[Any, Any]]:
    """The settings in which two recipes differ, by path: the values in `tables` and in `other`, None where a setting is missing.

    A named part without settings has the value {}. An empty section counts as missing.
    """

    def flattened(recipe: Values) -> dict[str, Any]:
        return {path: value for path, value in {"seed": 0, **flat(recipe)}.items() if value != {} or "." in path}

    first, second = flattened(tables), flattened(other)
    paths = [path for path in {**first, **second} if path not in first or path not in second or first[path] != second[path]]
    return {path: (first.get(path), second.get(path)) for path in paths}


def differences(tables: Values, other: Values) -> dict[str, Any]:
    """The settings of `tables` that differ from `other`, by path; None for a setting that only `other` has."""
    return {path: value for path, (value, _) in changes(tables, other).items()}


def overridden(raw: Values, assignments: Iterable[str]) -> Values:
    """The tables with `section.setting=value` assignments applied; values are parsed as TOML, or else taken as text."""
    return assigned(raw, [_parse_assignment(text) for text in assignments])


def _parse_assignment(assignment: str) -> tuple[str, Any]:
    """Splits `section.setting=value` into the path and the parsed value."""
    path, equals, text = assignment.partition("=")
    if not equals or not all(path.strip().split(".")):
        raise Problem(f"-s {assignment} does not fit: write -s section.setting=value, as in -s encoder.width=2.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if not isinstance(value, (str, int, float, list, dict)):  # a folder named 2024-01-01 is not a date
        value = text
    return path.strip(), cast(Any, value)


def assigned(raw: Values, values: Iterable[tuple[str, Any]]) -> Values:
    """The tables with values set by path, `section.setting`."""
    result = json.loads(json.dumps(raw, default=str))
    for path, value in sorted(values, key=lambda item: not item[0].endswith(".name")):  # names of parts first, then their settings
        keys = path.split(".")
        table: Values = result
        for key in keys[:-1]:
            table = table.setdefault(key, {})
            if type(table) is not dict:
                raise Problem(f"{path} = {value!r} does not fit: {key} is a value, not a table of settings.")
        if keys[-1] == "name" and table.get("name", value) != value:
            table.clear()  # the settings of another part do not apply
        table[keys[-1]] = value
    return result


def merged(base: Values, overrides: Values) -> Values:
    """The tables of `base` updated recursively with `overrides`; a table that names another part replaces the one in `base`."""
    result = {key: value for key, value in base.items() if key not in overrides}
    for key, value in overrides.items():
        base_value = base.get(key)
        if isinstance(value, dict) and isinstance(base_value, dict):
            table, base_table = cast(Values, value), cast(Values, base_value)
            other_part = "name" in table and base_table.get("name", table["name"]) != table["name"]
            result[key] = table if other_part else merged(base_table, table)
        else:
            result[key] = value
    return result


def read(path: Path) -> Values:
    """Reads the tables of a recipe file. Raises Problem for a missing, unreadable or empty file."""
    if path.is_dir():
        raise Problem(f"{path} is a folder; a recipe is a TOML file.")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise Problem(f"There is no recipe at {path}; `scratchlab recipes` lists the available ones.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Problem(f"{path} is not readable as TOML: {error}.") from None
    if not tables:
        raise Problem(f'{path} is empty; a recipe must at least name its data: [data] name = "mnist".')
    return tables
