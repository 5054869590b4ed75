"""A study is a script over many runs that prints tables: its command line, and the page of Markdown that has its tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from scratchlab.checks import Problem

BEGIN, END = "<!-- table -->\n", "<!-- end of table -->"


def options(doc: str | None) -> argparse.ArgumentParser:
    """The command line of every study; doc: of which the first line describes it."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--root", default="", help="where the data are: data.root of the recipe")
    parser.add_argument("--set", "-s", action="append", default=[], dest="settings", help="section.setting=value for every run")
    parser.add_argument("--page", type=Path, help="a Markdown file: the tables between its two marks are replaced")
    return parser


def run(main: Callable[[], None]) -> None:
    """Does a study; wrong input is one sentence, as on the command line."""
    try:
        main()
    except Problem as problem:
        sys.exit(f"scratchlab: {problem}")


def publish(text: str, page: Path | None) -> None:
    """Prints the tables, and puts them between the page's two marks; a page that is not there yet is made of nothing else."""
    sys.stdout.write(text)
    if page is None:
        return
    before = page.read_text(encoding="utf-8") if page.exists() else f"# {page.stem}\n\n{BEGIN}{END}\n"
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise Problem(f"{page} has no lines '{BEGIN.strip()}' and '{END}' to write between.")
    page.write_text(f"{head}{begin}\n{text.strip()}\n\n{end}{tail}", encoding="utf-8")
