"""The program's one application, where it prints, and the arguments that several commands share."""

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
    help="A lab bench for embeddings trained where supervision is scarce or shifting, and for why one run beats another.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class _Console(Console):
    """Goes silent when its reader goes away (`| head`): a run must not die of that; and shows what controls a terminal as a sign."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Notes, logs and names of files come from anywhere: none of them may hide a line or fill a clipboard."""
        for segment in super().render(renderable, options):
            harmful = not segment.control and _CONTROLS.search(segment.text)
            yield Segment(_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", segment.text), segment.style) if harmful else segment

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
    """A function of how much is done and how much there is; from its first call on it draws a bar, which goes when the work is done.

    Where errors go into a file or a pipe, nothing is drawn.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    errors = Console(stderr=True)
    bar = Progress(*columns, console=errors, transient=True, disable=not errors.is_interactive)
    try:
        task = bar.add_task(what, total=None)

        def told(done: int, total: int) -> None:
            if not bar.live.is_started and done < total:
                bar.start()
            bar.update(task, completed=done, total=total)

        yield told
    finally:
        bar.stop()
