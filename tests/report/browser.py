"""Pages in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def opened(chromium: Any, path: Path, width: int = 1280, **more: Any) -> Iterator[Any]:
    """Opens a page from disk; fails if it makes a request, logs a message, or does not draw a chart."""
    tab, messages, requests = chromium.new_page(viewport={"width": width, "height": 800}, **more), [], []
    tab.on("console", lambda message: messages.append(message.text))
    tab.on("pageerror", lambda error: messages.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    address = path.resolve().as_uri()
    tab.goto(address)
    if tab.locator("[data-figure]").count():
        tab.wait_for_selector("html[data-drawn]", state="attached")
    yield tab
    assert messages == []
    assert [url for url in requests if url != address and not url.startswith("data:")] == []
    tab.close()
