"""The command line: parse, one call, print. Heavy imports wait until a command needs them."""

from __future__ import annotations

import io
import os
import sys

from rich.console import Console
from rich.text import Text

from scratchlab.checks import Problem
from scratchlab.cli import activity, choosing, desk, looking, making, papers, pasting, recall, writing
from scratchlab.cli.program import app, console

__all__ = ["activity", "app", "choosing", "console", "desk", "looking", "main", "making", "papers", "pasting", "recall", "writing"]


def main() -> None:
    """The program; a Problem ends it with one sentence and status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where the encoding has no dash, a question mark will do
    try:
        app()
    except Problem as problem:
        if os.environ.get("RANK", "0") == "0":  # of several processes one speaks
            said = Text.assemble(("scratchlab: ", "bold red"), str(problem))
            Console(stderr=True).print(said, highlight=False, soft_wrap=True)
        sys.exit(2)
