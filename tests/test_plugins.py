"""Parts from other packages: found by entry points, imported when named, checked, recorded by runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import torch

from scratchlab import plugins, recipe
from scratchlab.checks import Problem
from scratchlab.learn.checkpoints import NullStore
from scratchlab.loggers import catalog as loggers
from scratchlab.models.interface import Encoder
from scratchlab.models.mixing import mixed
from scratchlab.pipeline import SECTIONS, assemble
from scratchlab.sweeps.engines import catalog as engines

PARTS = '''
import dataclasses
from typing import Annotated

import numpy as np
import torch
from pydantic import Field

import scratchlab as sl
from scratchlab.data.augment.flip import Flip
from scratchlab.data.noise.symmetric import Symmetric
from scratchlab.data.samplers.shuffled import Shuffled
from scratchlab.learn.losses.interface import Loss
from scratchlab.learn.whitening import WithinClass
from scratchlab.loggers.mlflow import Mlflow
from scratchlab.models.interface import Encoder
from scratchlab.models.temporal.frames import Frames
from scratchlab.similarity.vector import VectorSimilarity
from scratchlab.sweeps.engines.local import Local


class Blobs:
    """Noisy copies of one random image per class."""

    def __init__(self, *, classes: Annotated[int, Field(ge=2, description="number of classes")] = 5) -> None:
        self.classes, self.form = classes, sl.Image(1, 8, 8)

    def read(self):
        rng, labels = np.random.default_rng(0), np.arange(self.classes).repeat(16)
        return sl.data.from_arrays((rng.random((self.classes, 1, 8, 8))[labels] + rng.random((len(labels), 1, 8, 8))) / 2, labels)


class Flat(Encoder):
    """A linear map of the pixels."""

    def __init__(self, form: sl.Image, *, dim: Annotated[int, Field(ge=1, description="length of the vector")] = 8) -> None:
        super().__init__()
        self.form, self.dim, self.channels = form, dim, dim
        self.map = torch.nn.Linear(form.channels * form.height * form.width, dim)

    def forward(self, features, lengths):
        x = self.map(features.flatten(1))
        return sl.Embeddings(x, x[:, None], torch.ones_like(lengths))


class Length(Loss):
    """A share of the vector's squared length."""

    def __init__(self, similarities, *, share: Annotated[float, Field(ge=0, description="share")] = 0.01) -> None:
        super().__init__()
        self.share = share

    def of_batch(self, batch):
        return self.share * batch.embeddings.vector.square().sum(1)


class L1(VectorSimilarity):
    """Negative city-block distance of the vectors."""

    def vectors(self, queries, references):
        return -torch.cdist(queries, references, p=1)


class Plain(sl.methods.Prototypes):
    """Prototypes under another name."""


def lion(groups, *, momentum: float = 0.5) -> torch.optim.Optimizer:
    return torch.optim.SGD(groups, momentum=momentum)


def halved(epochs: int):
    return lambda position: 0.5


class OwnNoise(Symmetric): ...
class OwnSessions(sl.protocols.Sessions): ...
class OwnFlip(Flip): ...
class OwnPixels(sl.frontends.Pixels): ...
class OwnFrames(Frames): ...
class OwnShuffled(Shuffled): ...
class OwnWhitening(WithinClass): ...
class OwnLogger(Mlflow): ...
class OwnEngine(Local): ...
'''
WRONG = """
from scratchlab.models.interface import Encoder
from scratchlab.similarity.vector import VectorSimilarity

NUMBER = 3
class Stranger:
    def __init__(self, form): ...
class Unfinished(Encoder):
    def __init__(self, form):
        super().__init__()
        self.dim = 3
class Alone(Encoder):
    def __init__(self, *, dim: int = 3): ...
class Untyped(Encoder):
    def __init__(self, form, *, dim=3): ...
class NoScores(VectorSimilarity): ...
class Half:
    def __init__(self, components): ...
    def learn(self, view): ...
class Elsewhere:
    kind = "detection"
    def __init__(self, seed): ...
    def plan(self, samples): ...
def nothing(seed): ...
"""
OWN = {
    "sources": {"blobs": "Blobs"},
    "encoders": {"flat": "Flat"},
    "losses": {"length": "Length"},
    "similarities": {"l1": "L1"},
    "methods": {"plain": "Plain"},
    "optimizers": {"lion": "lion"},
    "schedules": {"halved": "halved"},
    "noises": {"own": "OwnNoise"},
    "protocols": {"own": "OwnSessions"},
    "augments": {"own": "OwnFlip"},
    "frontends": {"own": "OwnPixels"},
    "temporals": {"own": "OwnFrames"},
    "whitenings": {"own": "OwnWhitening"},
    "samplers": {"own": "OwnShuffled"},
    "loggers": {"own": "OwnLogger"},
    "engines": {"own": "OwnEngine"},
}
RECIPE = """
data = {name = "blobs"}
noise = {name = "own", rate = 0.1}
protocol = {name = "own", base = 3, way = 1, shot = 2, sessions = 2, draws = 2}
augment = {own = {}}
frontend = {name = "own"}
encoder = {name = "flat", dim = 6}
temporal = {name = "own"}
whitening = {name = "own"}
similarity = {cosine = {}, l1 = {}}
loss = {cross_entropy = {}, length = {}}
method = {name = "plain"}
training = {epochs = 2, batch = 8}
sampler = {name = "own"}
optimizer = {name = "lion"}
schedule = {name = "halved"}
"""


def install(folder: Path, package: str, version: str, groups: Mapping[str, Mapping[str, str]], **modules: str) -> None:
    """What pip leaves of a package in a folder of installed packages; entry points are `module:name`, or a name in `parts`."""
    module = package.replace("-", "_")
    (folder / module).mkdir(parents=True)
    for name, text in {"__init__": "", **modules}.items():
        (folder / module / f"{name}.py").write_text(text)
    about = folder / f"{module}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    lines: list[str] = []
    for group, parts in groups.items():
        places = {name: where if ":" in where else f"parts:{where}" for name, where in parts.items()}
        lines += [f"[scratchlab.{group}]", *(f"{name} = {module}.{where}" for name, where in places.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages: one that works, and two whose parts are wrong in every way."""
    folder = tmp_path_factory.mktemp("site")
    install(folder, "own-parts", "1.2", OWN, parts=PARTS)
    wrong = {
        "encoders": {
            "conv4": "Stranger",
            "twice": "Stranger",
            "broken": "broken:Net",
            "number": "NUMBER",
            "stranger": "Stranger",
            "unfinished": "Unfinished",
            "alone": "Alone",
            "untyped": "Untyped",
        },
        "encoder": {"misplaced": "Stranger"},
        "similarities": {"no_scores": "NoScores"},
        "methods": {"half": "Half"},
        "protocols": {"elsewhere": "Elsewhere", "nothing": "nothing"},
        "loggers": {"stranger": "Stranger"},
        "engines": {"stranger": "Alone"},
    }
    install(folder, "wrong-parts", "0.1", wrong, parts=WRONG, broken="import a_library_that_is_not_there")
    install(folder, "other-parts", "0.2", {"encoders": {"twice": "Stranger"}}, parts=WRONG)
    return folder


@pytest.fixture
def inside(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """These packages are installed for this process."""
    monkeypatch.syspath_prepend(site)
    plugins.installed.cache_clear()
    yield
    plugins.installed.cache_clear()


def scratchlab(folder: Path, site: Path | None, *words: str) -> subprocess.CompletedProcess[str]:
    paths = [*([str(site)] if site else []), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {**os.environ, "COLUMNS": "400", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, env=environment, timeout=240)


@pytest.fixture(scope="module")
def run(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run all of whose parts that may come from another package do."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "own.toml").write_text(RECIPE)
    done = scratchlab(folder, site, "-m", "scratchlab", "run", "own.toml")
    assert done.returncode == 0, done.stderr
    assert "l1 head" in done.stdout
    return next((folder / "runs").iterdir())


def test_a_run_names_parts_of_another_package_and_records_it(run: Path) -> None:
    sections = {section for section, group in plugins.GROUPS.items() if group in OWN} - {"logger", "engine"}
    package = json.loads((run / "environment.json").read_text())["plugins"]["own-parts"]
    assert package["version"] == "1.2"
    assert {path.split(".")[0] for path in package["parts"]} == sections
    assert package["parts"]["encoder.flat"] == "own_parts.parts:Flat"
    assert "<dt>Parts of own-parts\N{NO-BREAK SPACE}1.2</dt>" in (run / "report.html").read_text(encoding="utf-8")


def test_without_the_package_its_run_is_shown_but_not_continued(run: Path) -> None:
    folder = run.parent.parent
    assert scratchlab(folder, None, "-m", "scratchlab", "report", "last").returncode == 0
    pair = scratchlab(folder, None, "-m", "scratchlab", "pair", "last", "0", "1")
    assert pair.returncode == 2
    assert pair.stderr.strip().endswith("was made with data.blobs of own-parts 1.2, which is not installed here; install it.")
    assert "There is no data named 'blobs'" in scratchlab(folder, None, "-m", "scratchlab", "run", "own.toml", "--again").stderr


def test_packages_are_imported_only_for_the_parts_that_are_named(site: Path, tmp_path: Path) -> None:
    code = """
import sys, scratchlab
assert "scratchlab.plugins" not in sys.modules
from scratchlab import shelf, pipeline, recipe
loaded = lambda: {name for name in sys.modules if name.endswith("_parts")}
pipeline.check(recipe.resolve(shelf.read(shelf.find("digits")), {**pipeline.SECTIONS}, "digits"))
"""
    names = code + "assert not loaded(), loaded()\n"
    clash = scratchlab(tmp_path, site, "-c", names)  # digits names conv4, which a package offers too
    assert "Problem: The encoder 'conv4' is offered by scratchlab and by wrong-parts 0.1 (wrong_parts.parts:Stranger)" in clash.stderr
    names = names.replace('shelf.read(shelf.find("digits"))', '{"frontend": {"name": "pixels"}, "encoder": {"name": "mlp"}}')
    assert scratchlab(tmp_path, site, "-c", names).stderr == ""
    named = scratchlab(tmp_path, site, "-c", names.replace('"mlp"', '"flat"'))
    assert "AssertionError: {'own_parts'}" in named.stderr


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("encoder.name=conv4", r"'conv4' is offered by scratchlab and by wrong-parts 0\.1 \(wrong_parts\.parts:Stranger\); uninstall one"),
        ("encoder.name=twice", r"'twice' is offered by (wrong-parts 0\.1|other-parts 0\.2) .* and by (wrong-parts 0\.1|other-parts 0\.2) "),
        (
            "encoder.name=broken",
            r"'broken' of wrong-parts 0\.1 \(wrong_parts\.broken:Net\) cannot be imported: ModuleNotFoundError: No module named",
        ),
        ("encoder.name=number", r"'number' of wrong-parts 0\.1 \(.*\) is 3, not a class, nor a function"),
        ("encoder.name=stranger", r"constructs a Stranger; it must be an instance of scratchlab\.models\.interface\.Encoder"),
        ("encoder.name=unfinished", r"lacks forward, channels, which every scratchlab\.models\.interface\.Encoder has"),
        ("encoder.name=alone", r"cannot be constructed from \(Image\) and its settings: too many positional arguments"),
        ("encoder.name=untyped", r"settings of wrong_parts\.parts\.Untyped cannot be read .*'dim'.*needs a type"),
        ("encoder.name=flt", r"There is no encoder named 'flt'; there are: bc_resnet, .*, flat, .*Did you mean 'flat'"),
        ("similarity={no_scores={}}", r"The similarity 'no_scores' of wrong-parts 0\.1 \(.*\) lacks vectors"),
        (
            "method.name=half",
            r"The method 'half' .* lacks phases, .*episodes, which every scratchlab\.learn\.methods\.interface\.Method has",
        ),
        ("protocol.name=nothing", r"The protocol 'nothing' .* lacks plan, kind, which every"),
        ("protocol.name=elsewhere", r"The protocol 'elsewhere' has the kind 'detection'; the kinds of evaluation are: closed_set"),
    ],
)
@pytest.mark.usefixtures("inside")
def test_a_part_that_does_not_fit_is_named_with_its_package(settings: str, sentence: str) -> None:
    raw = {"data": {"name": "sklearn_digits"}, "frontend": {"name": "pixels"}, "encoder": {"name": "mlp"}}
    with pytest.raises(Problem, match=sentence):
        assemble(recipe.resolve(recipe.overridden(raw, [settings]), SECTIONS, "test"), NullStore())


@pytest.mark.usefixtures("inside")
def test_loggers_and_engines_of_other_packages() -> None:
    assert loggers.LOGGERS["own"].__name__ == "OwnLogger"
    with pytest.raises(Problem, match=r"The logger 'stranger' of wrong-parts 0\.1 .* lacks check_installed, address, sync"):
        loggers.chosen("stranger")
    assert type(engines.chosen("own", 1)).__name__ == "OwnEngine"
    with pytest.raises(Problem, match=r"The engine 'stranger' of wrong-parts 0\.1 .* cannot be constructed from \(int\)"):
        engines.chosen("stranger", 1)


def test_an_encoder_may_leave_out_where_inputs_are_mixed() -> None:
    one = torch.zeros(1, dtype=torch.long)
    with (
        pytest.raises(Problem, match="Encoder has no `halfway`, the module at whose output this method mixes inputs"),
        mixed(Encoder(), one, one),
    ):
        pass


def test_parts_tells_where_each_comes_from(site: Path, tmp_path: Path) -> None:
    shown = scratchlab(tmp_path, site, "-m", "scratchlab", "parts", "encoder").stdout
    assert '[encoder] name = "flat"  A linear map of the pixels.  from own-parts 1.2 (own_parts.parts:Flat)' in shown
    assert "length of the vector" in shown
    assert "The encoder 'broken' of wrong-parts 0.1 (wrong_parts.broken:Net) cannot be imported" in shown
    assert '[encoder] name = "resnet"' in shown
    assert "'misplaced' of wrong-parts 0.1 (wrong_parts.parts:Stranger) is in the group scratchlab.encoder of entry points" in shown
    assert "Did you mean 'scratchlab.encoders'?" in shown


def test_every_group_is_in_the_guide_and_belongs_to_the_section_of_its_name() -> None:
    guide = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    catalogs = {section: kind.parts for section, kind in SECTIONS.items() if not isinstance(kind, recipe.Fixed)}
    for kind, group in plugins.GROUPS.items():
        assert f"`scratchlab.{group}`" in guide
        assert kind in ("logger", "engine") or getattr(catalogs[kind], "kind", None) == kind
    assert {section for section, parts in catalogs.items() if not isinstance(parts, plugins.OpenCatalog)} == {"observe"}


def test_none_of_our_own_classes_would_be_refused_as_unfinished() -> None:
    """A method that raises NotImplementedError counts as missing, so that no finished part may have one left."""
    for catalog in (kind.parts for kind in SECTIONS.values() if not isinstance(kind, recipe.Fixed)):
        for part in catalog.own.values() if isinstance(catalog, plugins.OpenCatalog) else ():
            if isinstance(part, type):
                assert [name for name in plugins._lacking(part, catalog.interface) if hasattr(part, name)] == [], part
