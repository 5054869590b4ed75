"""The command line: each command parses its arguments, calls one function and prints; it imports heavy libraries only when it runs."""

from __future__ import annotations

import io
import os
import sys

from rich.console import Console
from rich.text import Text

from scratchlab.checks import Problem
from scratchlab.cli import (
    activity,
    choosing,
    desk,
    enrolling,
    exporting,
    listening,
    looking,
    making,
    papers,
    pasting,
    predicting,
    projects,
    recall,
    writing,
)
from scratchlab.cli.program import app, console

__all__ = [
    "activity",
    "app",
    "choosing",
    "console",
    "desk",
    "enrolling",
    "exporting",
    "listening",
    "looking",
    "main",
    "making",
    "papers",
    "pasting",
    "predicting",
    "projects",
    "recall",
    "writing",
]


def main() -> None:
    """Runs the program; a Problem is printed as one sentence, with exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a character that the encoding lacks becomes a question mark
    try:
        app()
    except Problem as problem:
        if os.environ.get("RANK", "0") == "0":  # only one of several processes prints
            message = Text.assemble(("scratchlab: ", "bold red"), str(problem))
            Console(stderr=True).print(message, highlight=False, soft_wrap=True)
        sys.exit(2)
