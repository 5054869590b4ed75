"""Sources of logs: a file, standard input, the clipboard, or a growing file."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from scratchlab.notebook.logs import clipboard, terminal
from scratchlab.notebook.logs.card import card
from scratchlab.notebook.logs.follow import Tail, text_lines
from scratchlab.notebook.logs.log import Log
from scratchlab.notebook.logs.reader import Reader

if TYPE_CHECKING:
    from rich.console import Console

EVERY = 1.0  # seconds between two updates from a growing file


def lines(file: Path | None) -> Iterable[str]:
    """The lines of a file; of standard input (for `-`, or without a file if something is piped in); else of the clipboard.

    Raises Problem if the file or the clipboard cannot be read.
    """
    if file is not None and str(file) != "-":
        return text_lines(file)
    if file is None and sys.stdin.isatty():
        return clipboard.text().split("\n")
    piped = sys.stdin.buffer.read()
    if file is None and not piped:  # nothing piped in: started without a terminal
        return clipboard.text().split("\n")
    return piped.decode(errors="replace").removesuffix("\n").split("\n")


def follow(file: Path, metric: str, console: Console) -> Log:
    """Shows the card of a file and updates it as the file grows, until Ctrl-C; returns the log read until then."""
    from rich.live import Live

    tail = Tail(file)
    reader, restarts = Reader(), 0
    log = reader.feed(tail.new())
    with Live(terminal.picture(card(log)), console=console, auto_refresh=False) as live:
        try:
            while True:
                live.update(terminal.picture(card(log, metric if log.rows else "")), refresh=True)
                time.sleep(EVERY)
                new = list(tail.new())
                if tail.restarts != restarts:
                    reader, restarts = Reader(), tail.restarts
                if new:
                    log = reader.feed(new)
        except KeyboardInterrupt:
            pass
    return log
