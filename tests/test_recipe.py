"""Recipes: settings are read from signatures and checked, and their values determine the key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.pipeline import with_shorter_warmup
from scratchlab.recipe import AnyOf, Fixed, OneOf, changes, differences, flat, overridden, read, resolve, settings


class Lens:
    """Looks."""

    def __init__(
        self,
        given: str,
        *,
        width: Annotated[int, Field(ge=1, description="how wide")] = 4,
        gain: float = 1.0,
        kind: Literal["thin", "thick"] = "thin",
        span: tuple[float, float] = (0.0, 1.0),
        rates: dict[str, float] = {},
    ) -> None:
        self.given, self.width, self.gain, self.kind, self.span, self.rates = given, width, gain, kind, span, rates


class Mirror:
    """Reflects."""

    def __init__(self, given: str, *, depth: int) -> None:
        self.given, self.depth = given, depth


SECTIONS = {"lens": OneOf({"lens": Lens, "mirror": Mirror}, "lens"), "extra": AnyOf({"mirror": Mirror}), "always": Fixed(Lens)}


def resolved(**raw: Any) -> Any:
    return resolve(raw, SECTIONS, "test")


def test_defaults_are_filled_in_and_parts_constructed() -> None:
    recipe = resolved(lens={"width": 7}, extra={"mirror": {"depth": 2}})
    assert recipe.values["lens"] == {"name": "lens", "width": 7, "gain": 1.0, "kind": "thin", "span": [0.0, 1.0], "rates": {}}
    assert recipe.build("lens", SECTIONS, "glass").width == 7
    assert recipe.build("extra", SECTIONS, "tin")["mirror"].depth == 2
    assert recipe.build("always", SECTIONS, "x").given == "x"


def test_the_key_depends_on_all_values() -> None:
    keys = {
        resolved(**raw).key
        for raw in ({}, {"seed": 1}, {"lens": {"width": 5}}, {"always": {"gain": 2.0}}, {"extra": {"mirror": {"depth": 1}}})
    }
    assert len(keys) == 5
    assert resolved(lens={"width": 4}).key == resolved().key  # an explicit default does not change the key
    assert resolved(title="words").key == resolved().key


@given(
    width=st.integers(1, 10**6),
    gain=st.floats(-1e6, 1e6, allow_subnormal=False),
    rates=st.dictionaries(st.text("ab.é-", min_size=1), st.floats(0, 1e9, allow_subnormal=False)),
    seed=st.integers(0, 99),
)
def test_a_recipe_written_as_toml_has_the_same_key(width: int, gain: float, rates: dict[str, float], seed: int) -> None:
    recipe = resolved(seed=seed, lens={"width": width, "gain": gain, "rates": rates})
    assert resolve(tomllib.loads(recipe.toml()), SECTIONS, "test").key == recipe.key


def test_assignments() -> None:
    raw = overridden({"lens": {"width": 2, "gain": 3.0}}, ["lens.width=9", "always.rates.body=0.5", "lens.kind=thick", "lens.span=[1, 2]"])
    recipe = resolve(raw, SECTIONS, "test")
    assert recipe.values["lens"] == {"name": "lens", "width": 9, "gain": 3.0, "kind": "thick", "span": [1.0, 2.0], "rates": {}}
    assert recipe.values["always"]["rates"] == {"body": 0.5}


def test_another_part_drops_the_settings_of_the_first() -> None:
    raw = overridden({"lens": {"name": "lens", "width": 2}}, ["lens.name=mirror", "lens.depth=3"])
    assert resolve(raw, SECTIONS, "test").values["lens"] == {"name": "mirror", "depth": 3}


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"lens": {"widht": 3}}, r"lens\.widht is not a setting of lens; its settings are: width, gain, .*Did you mean 'width'\?"),
        ({"lens": {"width": 0}}, r"lens\.width = 0 does not fit: it should be greater than or equal to 1\."),
        ({"lens": {"width": "3"}}, r"lens\.width = '3' does not fit: it should be a valid integer\."),
        ({"lens": {"width": True}}, r"lens\.width = True does not fit"),
        ({"lens": {"kind": "wide"}}, r"lens\.kind = 'wide' does not fit: it should be 'thin' or 'thick'\."),
        ({"lens": {"name": "mirror"}}, r"lens\.depth must be given: mirror has no default for it\."),
        ({"lens": {"name": "mirro"}}, r"There is no lens named 'mirro'; there are: lens, mirror\. Did you mean 'mirror'\?"),
        ({"lense": {}}, r"\[lense\] is not a section of a recipe; .* Did you mean 'lens'\?"),
        ({"lens": 3}, r"lens must be a table of settings, as in \[lens\]; it is 3\."),
        (
            {"lens": {"lens": {"width": 3}, "mirror": {"depth": 1}}},
            r"The recipe has \[lens.lens\] and \[lens.mirror\], but \[lens\] selects one part: .* name = \"lens\" or another\.",
        ),
        ({"lens": {"mirror": {"depth": 1}}}, r"The recipe has \[lens.mirror\], but .* in \[lens\], with name = \"mirror\"\."),
        ({"extra": {"mirror": True}}, r"extra\.mirror = True does not fit: .*write \[extra\.mirror\], or -s 'extra\.mirror=\{\}'"),
        ({"seed": 1.5}, r"seed = 1\.5 does not fit"),
    ],
)
def test_errors_for_wrong_settings(raw: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        resolved(**raw)


def test_descriptions_of_settings() -> None:
    first, *_ = settings(Lens)
    assert (first.name, first.type, first.default, first.meaning) == ("width", "int", "4", "how wide")
    assert [setting.name for setting in settings(Mirror)] == ["depth"]
    assert settings(Mirror)[0].default == "required"


def test_errors_for_an_empty_file_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("# nothing yet\n")
    with pytest.raises(Problem, match=r"mine.toml is empty; a recipe must at least name its data"):
        read(tmp_path / "mine.toml")
    with pytest.raises(Problem, match="is a folder; a recipe is a TOML file"):
        read(tmp_path)


def test_two_recipes_are_compared_setting_by_setting() -> None:
    one = {"seed": 3, "lens": {"width": 7, "rates": {"body": 0.1}}, "extra": {"mirror": {}}, "always": {}}
    other = {"lens": {"width": 4, "rates": {"body": 0.1}, "gain": None}, "extra": {}}
    assert flat(one) == {"seed": 3, "lens.width": 7, "lens.rates.body": 0.1, "extra.mirror": {}, "always": {}}
    assert changes(one, other) == {"seed": (3, 0), "lens.width": (7, 4), "extra.mirror": ({}, None), "lens.gain": (None, None)}
    assert differences(one, other) == {"seed": 3, "lens.width": 7, "extra.mirror": {}, "lens.gain": None}
    assert changes(one, one) == {}


# -- the warm-up of a shorter training -----------------------------------------------------------------


def shortened(original: dict[str, Any], *assignments: str) -> tuple[float, str]:
    tables, sentence = with_shorter_warmup(overridden(original, assignments), original)
    return tables["schedule"]["warmup"], sentence


def test_a_recipes_warmup_shrinks_with_the_epochs_and_says_so() -> None:
    original = {"training": {"epochs": 60}, "schedule": {"name": "cosine", "warmup": 5.0}}
    assert shortened(original, "training.epochs=5") == (0.417, "schedule.warmup = 5 of 60 epochs is shortened to 0.417 of 5.")
    assert shortened(original, "training.epochs=6")[1] == ""  # it fits
    assert shortened(original, "training.epochs=3", "schedule.warmup=4.0") == (4.0, "")  # asked for, and refused later
    assert shortened(original, "training.epochs=0") == (5.0, "")
