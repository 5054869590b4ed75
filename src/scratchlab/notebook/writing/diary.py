"""The notebook's folder in the vault: a note per run, a page per day and a page per recipe, generated from the runs' folders.

    VAULT/scratchlab/runs/digits-1a2b3c4d.md      VAULT/scratchlab/days/2026-11-28.md
    VAULT/scratchlab/recipes/digits.md            VAULT/scratchlab/plots/digits-1a2b3c4d-loss.svg

Only this folder is written without asking.
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
    """The notebook's folder in the first vault. Raises Problem if no vault is set."""
    if not settings.vault:
        raise Problem(f'{own.file} sets no vault; add vault = ["~/diary"], with the folder of your notes.')
    return settings.vault[0].resolve() / HOME


class Diary:
    """The notebook's folder and the known runs: those in the given folders, and those that already have a note here."""

    def __init__(self, home: Path, own: Own, folders: Sequence[Path]) -> None:
        self.home, self.backups, self.folders = home, Backups(own.kept), folders

    def of_day(self, day: date, jobs: Sequence[str] | None = None) -> list[Page]:
        """Writes the notes of the day's runs, the pages of their recipes, and last the day's page.

        jobs: one line of Markdown each (default: those already on the page).
        """
        with self.backups.exclusive():
            known = self._known()
            return [*self._runs([card for card in known if day in card.days], known), self._day(day, known, jobs)]

    def of_run(self, run: Run) -> list[Page]:
        """Writes first the run's note, then notes of other runs of the same days that have none yet, and the pages of these days."""
        with self.backups.exclusive():
            known = self._known()
            own = [card for card in known if card.run.folder == run.folder.resolve()]
            days = sorted({day for card in own for day in card.days})
            others = [card for card in known if card.days & set(days) and card not in own and not self._note(card).exists()]
            return [*self._runs([*own, *others], known), *(self._day(day, known) for day in days)]

    def _known(self) -> list[Card]:
        """The current runs; read with the lock held, as otherwise one of two runs ending at once could be missed."""
        return cards([*self.folders, *_remembered(self.home)])

    def _note(self, card: Card) -> Path:
        return self.home / "runs" / f"{card.page}.md"

    def _runs(self, runs: list[Card], known: list[Card]) -> list[Page]:
        pages: list[Page] = []
        for card in runs:
            pictures = plots.charts(card.run)
            for name, picture in pictures.items():
                _picture(self.home / "plots" / f"{card.page}-{name}.svg", picture)
            earlier = [other for other in known if other.recipe == card.recipe and other.begun < card.begun]
            pages.append(own_pages.write(self._note(card), run_page.page(card, earlier, pictures)))
        for recipe in sorted({card.recipe for card in runs}):
            page_text = recipe_page.page(recipe, [card for card in known if card.recipe == recipe])
            pages.append(own_pages.write(self.home / "recipes" / f"{filed(recipe)}.md", page_text))
        return pages

    def _day(self, day: date, known: list[Card], jobs: Sequence[str] | None = None) -> Page:
        path = self.home / "days" / f"{day}.md"
        if jobs is None:
            jobs = day_page.jobs_of(path.read_text(encoding="utf-8", errors="replace")) if path.exists() else ()
        return own_pages.write(path, day_page.page(day, [card for card in known if day in card.days], jobs))


def _remembered(home: Path) -> set[Path]:
    """The parent folders of the runs that have notes here, so that runs made elsewhere stay on their days' pages."""
    found: set[Path] = set()
    for note in (home / "runs").glob("*.md"):
        head = note.read_text(encoding="utf-8", errors="replace").split("\n---", 1)[0]
        for line in head.splitlines():
            if line.startswith("folder: "):
                with contextlib.suppress(ValueError):
                    found.add(Path(json.loads(line.removeprefix("folder: "))).parent)
    return found


def _picture(path: Path, text: str) -> None:
    """Writes a picture if it has changed; it contains nothing of the user's."""
    with contextlib.suppress(disk.Changed):  # the next update writes it
        if not path.exists():
            disk.create(path, text.encode())
        elif (old := disk.read(path)) != text.encode():
            disk.replace(path, old, text.encode())
