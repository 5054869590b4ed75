"""Our folder in the vault: a note a run, a page a day and a page a recipe, made again from the runs' folders.

    VAULT/scratchlab/runs/digits-1a2b3c4d.md      VAULT/scratchlab/days/2026-11-28.md
    VAULT/scratchlab/recipes/digits.md            VAULT/scratchlab/plots/digits-1a2b3c4d-loss.svg

It is the only place that is written without asking.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook.settings import Own, Settings
from scratchlab.notebook.vault.own import HOME
from scratchlab.notebook.writing import day_page, disk, own_pages, plots, recipe_page, run_page
from scratchlab.notebook.writing.backups import Backups
from scratchlab.notebook.writing.cards import Card, cards
from scratchlab.notebook.writing.markdown import filed
from scratchlab.notebook.writing.own_pages import Page
from scratchlab.store.run import Run


def home(settings: Settings, own: Own) -> Path:
    """Our folder in the first vault. Raises Problem where none is named."""
    if not settings.vault:
        raise Problem(f'{own.file} names no vault; write vault = ["~/diary"] into it, with the folder of your notes.')
    return settings.vault[0].resolve() / HOME


class Diary:
    """Our folder and all runs that are known: those of some folders, and those that have a note here already."""

    def __init__(self, home: Path, own: Own, folders: Sequence[Path]) -> None:
        self.home, self.backups, self.folders = home, Backups(own.kept), folders

    def of_day(self, day: date, jobs: Sequence[str] | None = None) -> list[Page]:
        """Makes the day's page, with the notes of its runs and the pages of their recipes; the day's page comes last.

        jobs: a line of Markdown each; those that the page tells of already, if not given.
        """
        with self.backups.alone():
            known = self._known()
            return [*self._runs([card for card in known if day in card.days], known), self._day(day, known, jobs)]

    def of_run(self, run: Run) -> list[Page]:
        """Makes the note of one run, which comes first, those of other runs of its days that have none yet, and the days' pages."""
        with self.backups.alone():
            known = self._known()
            own = [card for card in known if card.run.folder == run.folder.resolve()]
            days = sorted({day for card in own for day in card.days})
            others = [card for card in known if card.days & set(days) and card not in own and not self._note(card).exists()]
            return [*self._runs([*own, *others], known), *(self._day(day, known) for day in days)]

    def _known(self) -> list[Card]:
        """The runs as they are now: to be read alone, else of two runs that end at once one would be missing."""
        return cards([*self.folders, *_remembered(self.home)])

    def _note(self, card: Card) -> Path:
        return self.home / "runs" / f"{card.page}.md"

    def _runs(self, runs: list[Card], known: list[Card]) -> list[Page]:
        pages: list[Page] = []
        for card in runs:
            pictures = plots.drawn(card.run)
            for name, picture in pictures.items():
                _picture(self.home / "plots" / f"{card.page}-{name}.svg", picture)
            earlier = [one for one in known if one.recipe == card.recipe and one.begun < card.begun]
            pages.append(own_pages.write(self._note(card), run_page.page(card, earlier, pictures)))
        for recipe in sorted({card.recipe for card in runs}):
            made = recipe_page.page(recipe, [card for card in known if card.recipe == recipe])
            pages.append(own_pages.write(self.home / "recipes" / f"{filed(recipe)}.md", made))
        return pages

    def _day(self, day: date, known: list[Card], jobs: Sequence[str] | None = None) -> Page:
        path = self.home / "days" / f"{day}.md"
        if jobs is None:
            jobs = day_page.jobs_of(path.read_text(encoding="utf-8", errors="replace")) if path.exists() else ()
        return own_pages.write(path, day_page.page(day, [card for card in known if day in card.days], jobs))


def _remembered(home: Path) -> set[Path]:
    """The folders of runs that have notes here; a run made elsewhere stays on its day's page."""
    found: set[Path] = set()
    for note in (home / "runs").glob("*.md"):
        head = note.read_text(encoding="utf-8", errors="replace").split("\n---", 1)[0]
        for line in head.splitlines():
            if line.startswith("folder: "):
                with contextlib.suppress(ValueError):
                    found.add(Path(json.loads(line.removeprefix("folder: "))).parent)
    return found


def _picture(path: Path, text: str) -> None:
    """A picture, written only where it is another; a person has no words in it."""
    with contextlib.suppress(disk.Changed):  # the next time will do
        if not path.exists():
            disk.created(path, text.encode())
        elif (old := disk.read(path)) != text.encode():
            disk.replaced(path, old, text.encode())
