"""What every test may ask for."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in what a shell runs in the background; what tests start would ignore Ctrl-C too
    signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine all is slow
settings.load_profile("unhurried")
BESIDE = Path(__file__).parents[2] / "shared" / "data"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips acceptance tests, which take minutes to hours, unless they are asked for by name: `make acceptance`, `pytest -m acceptance`."""
    if "acceptance" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("acceptance"):
                item.add_marker(pytest.mark.skip(reason="an acceptance test takes minutes: ask for it with -m acceptance"))


@pytest.fixture(autouse=True)
def _denormal_numbers_again() -> Iterator[None]:
    """A run made inside a test's process lets numbers too small to matter count as zero; Hypothesis draws them elsewhere."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or fills the cache, or the notebook, of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCRATCHLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path_factory.mktemp("notebook")))
        yield


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for this test alone."""
    monkeypatch.setenv("SCRATCHLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """The path of a real data set below $SCRATCHLAB_TEST_DATA; where it is not there, the test is skipped."""

    def path(name: str) -> Path:
        root = Path(os.environ.get("SCRATCHLAB_TEST_DATA", BESIDE))
        if not (root / name).exists():
            pytest.skip(f"needs the real data '{name}' in the folder that SCRATCHLAB_TEST_DATA names")
        return root / name

    return path


@pytest.fixture(scope="session")
def record() -> Callable[..., Path]:
    """Writes a recording of a tone and returns its path."""

    def written(
        path: Path, *, seconds: float = 0.1, rate: int = 16000, channels: int = 1, pitch: float = 440.0, subtype: str = "PCM_16"
    ) -> Path:
        tone = 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.repeat(tone[:, None], channels, axis=1), rate, subtype=subtype)
        return path

    return written
