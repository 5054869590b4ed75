"""The note of one run: why, what came of it, what was changed, its curves, and where all of it stands."""

from __future__ import annotations

from collections.abc import Iterable

from scratchlab.checks import counted
from scratchlab.notebook.writing.cards import Card
from scratchlab.notebook.writing.markdown import code, embedded, front, line, link, quoted, table
from scratchlab.report.words import setting

EARLIER = 5  # runs of the same recipe that are linked from a note; its recipe's page has all


def page(card: Card, earlier: list[Card], plots: Iterable[str]) -> str:
    """The generated part. earlier: runs of the same recipe, the last one last. plots: names of what is drawn."""
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
        *[one for name in plots for one in (embedded("plots", f"{card.page}-{name}.svg"), "")],
    ]
    if earlier:
        more = len(earlier) - EARLIER
        lines += [f"## Earlier runs of {line(card.recipe)}", ""]
        lines += [f"- {link('runs', one.page)}, {one.begun.date()}, {one.state}: {one.headline}" for one in reversed(earlier[-EARLIER:])]
        lines += [*([f"- and {counted(more, 'run')} before, on the page of the recipe"] if more > 0 else []), ""]
    lines += ["## Where it stands", "", f"- folder {code(str(card.run.folder.resolve()))}"]
    report = card.run.folder.resolve() / "report.html"
    lines += [f"- [report.html](<{report.as_uri()}>)" if report.exists() else "- no report yet: `scratchlab report` writes one"]
    return "\n".join(lines)


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _changed(card: Card) -> list[str]:
    """The settings that are not the recipe's own."""
    if card.changed is None:
        return ["What differs from the recipe was not recorded when this run was made.", ""]
    if not card.changed:
        return [f"All settings are those of the recipe {line(card.recipe)}.", ""]
    rows = [(code(path), "not set" if value is None else code(setting(value))) for path, value in card.changed.items()]
    return [f"## What differs from the recipe {line(card.recipe)}", "", *table(("setting", "here"), rows), ""]
