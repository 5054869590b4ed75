"""The note of one run: purpose, result, changed settings, charts and files."""

from __future__ import annotations

from collections.abc import Iterable

from scratchlab.checks import counted
from scratchlab.notebook.writing.cards import Card
from scratchlab.notebook.writing.markdown import code, embedded, front, line, link, quoted, table
from scratchlab.report.words import setting

EARLIER = 5  # earlier runs of the same recipe that are linked; the recipe's page lists all


def page(card: Card, earlier: list[Card], plots: Iterable[str]) -> str:
    """The generated part of the note; earlier: previous runs of the recipe, oldest first; plots: names of its charts."""
    lines = [
        front(
            {
                "date": card.begun.date(),
                "run": card.name,
                "recipe": card.recipe,
                "state": card.state,
                "headline": card.headline,
                "metric": card.metric or None,
                "value": _rounded(card.value),
                "seed": card.run.status.get("seed"),
                "note": " ".join(card.note.split()) or None,
                "folder": str(card.run.folder.resolve()),
            }
        ),
        f"# {line(card.name)}",
        "",
        *([*quoted(card.note), ""] if card.note else []),
        f"**{card.state}**: {card.headline}",
        "",
        f"{card.when()}, seed {card.run.status.get('seed', 'unknown')}. "
        f"{' and '.join(link('days', str(day)) for day in sorted(card.days))}, recipe {link('recipes', card.recipe)}.",
        "",
        *_changed(card),
        *[other for name in plots for other in (embedded("plots", f"{card.page}-{name}.svg"), "")],
    ]
    if earlier:
        more = len(earlier) - EARLIER
        lines += [f"## Earlier runs of {line(card.recipe)}", ""]
        lines += [
            f"- {link('runs', other.page)}, {other.begun.date()}, {other.state}: {other.headline}" for other in reversed(earlier[-EARLIER:])
        ]
        lines += [*([f"- {counted(more, 'earlier run')} on the recipe's page"] if more > 0 else []), ""]
    lines += ["## Files", "", f"- folder {code(str(card.run.folder.resolve()))}"]
    report = card.run.folder.resolve() / "report.html"
    lines += [f"- [report.html](<{report.as_uri()}>)" if report.exists() else "- no report yet: `scratchlab report` writes one"]
    return "\n".join(lines)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _changed(card: Card) -> list[str]:
    """The settings that differ from the recipe."""
    if card.changed is None:
        return ["The differences from the recipe were not recorded for this run.", ""]
    if not card.changed:
        return [f"All settings are as in the recipe {line(card.recipe)}.", ""]
    rows = [(code(path), "not set" if value is None else code(setting(value))) for path, value in card.changed.items()]
    return [f"## Differences from the recipe {line(card.recipe)}", "", *table(("setting", "value"), rows), ""]
