"""How studies are asked and what they leave: arguments in, Markdown tables out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.metrics.estimate import Estimate
from scratchlab.report import words


def asked(doc: str | None) -> argparse.ArgumentParser:
    """What every study may be asked."""
    found = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    found.add_argument("--root", default="", help="where the data are: data.root of the recipe")
    found.add_argument("--set", "-s", action="append", default=[], dest="settings", help="section.setting=value for every run")
    found.add_argument("--page", type=Path, help="a Markdown file: the tables between its two marks are replaced")
    return found


def parser(doc: str | None, recipe: str) -> argparse.ArgumentParser:
    """And what one that varies a recipe."""
    found = asked(doc)
    found.add_argument("--recipe", default=recipe, help="the plain baseline, whose data and training all runs share")
    found.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    return found


def of_runs(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """And where a study makes runs."""
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs; those that are there are not made again")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time, one thread each")
    return parser


def of_plan(parser: argparse.ArgumentParser, plan: str) -> argparse.ArgumentParser:
    """And where these are the runs of a plan."""
    parser.add_argument("--plan", default=plan, help="a plan of the same settings; its name or file")
    parser.add_argument("--repeated", type=int, help="how many seeds, rather than those of the plan")
    return of_runs(parser)


def folded(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """And where it may repeat each seed."""
    parser.add_argument("--folds", nargs="+", default=[""], help="settings each seed is repeated under, as in protocol.test=['theo']")
    return parser


def spoken(main: Callable[[], None]) -> None:
    """Does the study; what does not fit is one sentence, as on the command line."""
    try:
        main()
    except Problem as problem:
        sys.exit(f"scratchlab: {problem}")


def leave(text: str, page: Path | None) -> None:
    """Prints the tables, and puts them between the page's two marks; a page that is not there yet is made of nothing else."""
    sys.stdout.write(text)
    if page is None:
        return
    there = page.read_text(encoding="utf-8") if page.exists() else f"# {page.stem}\n\n<!-- table -->\n<!-- end of table -->\n"
    before, begin, rest = there.partition("<!-- table -->\n")
    _, end, after = rest.partition("<!-- end of table -->")
    if not begin or not end:
        raise Problem(f"{page} has no lines '<!-- table -->' and '<!-- end of table -->' to write between.")
    page.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}", encoding="utf-8")


def percent(estimate: Estimate) -> str:
    """`72.1 [70.5, 73.7]`, in per cent; why it is undefined, if it is."""
    if estimate.value is None:
        return estimate.how
    return f"{100 * estimate.value:.1f} {words.interval(estimate)}".strip()


def points(estimate: Estimate) -> str:
    """A difference in points, with its sign: `+3.2 [+1.1, +5.0]`."""
    return estimate.how if estimate.value is None else f"{words.points(estimate.value)} {words.span(estimate)}".strip()


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
