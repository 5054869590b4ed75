"""Helpers for studies, which are scripts over many runs that print tables: their command line and their Markdown page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from scratchlab.checks import Problem

BEGIN, END = "<!-- table -->\n", "<!-- end of table -->"


def options(doc: str | None) -> argparse.ArgumentParser:
    """The command line that every study has; the first line of `doc` is its description."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--root", default="", help="folder of the data: data.root of the recipe")
    parser.add_argument("--set", "-s", action="append", default=[], dest="settings", help="section.setting=value for every run")
    parser.add_argument("--page", type=Path, help="a Markdown file, in which the tables between two marks are replaced")
    return parser


def run(main: Callable[[], None]) -> None:
    """Runs a study; a Problem is printed as one sentence, as by the command line."""
    try:
        main()
    except Problem as problem:
        sys.exit(f"scratchlab: {problem}")


def publish(text: str, page: Path | None) -> None:
    """Prints the tables and writes them between the two marks of the page; a missing page is created with the tables alone."""
    sys.stdout.write(text)
    if page is None:
        return
    before = page.read_text(encoding="utf-8") if page.exists() else f"# {page.stem}\n\n{BEGIN}{END}\n"
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise Problem(f"{page} lacks the marks '{BEGIN.strip()}' and '{END}', between which the tables are written.")
    page.write_text(f"{head}{begin}\n{text.strip()}\n\n{end}{tail}", encoding="utf-8")
