"""Acceptance tests take minutes to hours, so they are run where they are asked for by name: `make acceptance`, `pytest -m acceptance`."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips them otherwise."""
    if "acceptance" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("acceptance"):
                item.add_marker(pytest.mark.skip(reason="an acceptance test takes minutes: ask for it with -m acceptance"))
