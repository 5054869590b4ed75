"""The program's one application, where it prints, and the arguments that several commands share."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

app = typer.Typer(
    help="A lab bench for embeddings trained where supervision is scarce or shifting, and for why one run beats another.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class _Console(Console):
    """Goes silent when its reader goes away (`| head`): a run must not die of that."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


WIDE = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160  # a file or a pipe has no width that would cut tables
console = _Console(highlight=False, markup=False, width=WIDE)  # brackets in people's labels, names and paths are theirs

RunsFolder = Annotated[Path, typer.Option("--runs", envvar="SCRATCHLAB_RUNS", help="folder of the runs")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="a run's name, the beginning or end of one, its folder, or 'last'")]


def lead_to(what: str, path: Path) -> None:
    """The address of a page, for a click."""
    console.print(Text.assemble(f"{what}: ", (path.resolve().as_uri(), "bold")), soft_wrap=True)


@contextlib.contextmanager
def progress(what: str) -> Generator[Callable[[int, int], None]]:
    """A function of how much is done and how much there is; it draws a bar from its first call on, which goes when the work is done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    try:
        task = bar.add_task(what, total=None)

        def told(done: int, total: int) -> None:
            if not bar.live.is_started and done < total:
                bar.start()
            bar.update(task, completed=done, total=total)

        yield told
    finally:
        bar.stop()
