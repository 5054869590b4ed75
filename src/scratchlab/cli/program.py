"""The Typer application, its console, and the arguments that several commands share."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

app = typer.Typer(
    help="A lab bench for embeddings trained with scarce, shifting or wrong supervision, and a lab notebook.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class _Console(Console):
    """A console that goes silent when its pipe closes (`| head`), so that a run continues, and replaces terminal control characters."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Segments without control characters: those in notes, logs or file names could hide lines or write to the clipboard."""
        for segment in super().render(renderable, options):
            harmful = not segment.control and _CONTROLS.search(segment.text)
            yield Segment(_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", segment.text), segment.style) if harmful else segment

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


WIDE = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160  # output to a file or a pipe is not cut to a terminal's width
console = _Console(highlight=False, markup=False, width=WIDE)  # brackets in labels, names and paths are not markup

RunsFolder = Annotated[Path, typer.Option("--runs", envvar="SCRATCHLAB_RUNS", help="folder of the runs")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="a run's name, the beginning or end of its name, its folder, or 'last'")]


def print_link(title: str, path: Path) -> None:
    """Prints a title and the file:// address of a page, which terminals make clickable."""
    console.print(Text.assemble(f"{title}: ", (path.resolve().as_uri(), "bold")), soft_wrap=True)


@contextlib.contextmanager
def progress(title: str) -> Generator[Callable[[int, int], None]]:
    """Yields a function `update(done, total)` that draws a progress bar; the bar disappears at the end of the block.

    Nothing is drawn when stderr is not a terminal.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    errors = Console(stderr=True)
    bar = Progress(*columns, console=errors, transient=True, disable=not errors.is_interactive)
    try:
        task = bar.add_task(title, total=None)

        def update(done: int, total: int) -> None:
            if not bar.live.is_started and done < total:
                bar.start()
            bar.update(task, completed=done, total=total)

        yield update
    finally:
        bar.stop()
