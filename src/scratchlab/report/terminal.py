"""Tables for the terminal."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.checks import Problem
from scratchlab.metrics.estimate import Estimate
from scratchlab.recipe import Fixed, Sections, Setting, Several, settings
from scratchlab.store.query import overview
from scratchlab.store.run import Run

COLUMNS = ("accuracy", "balanced", "base", "new", "harmonic")


def outcome(run: Run) -> RenderableType:
    """One table a head: sessions down, accuracies across, intervals beside them; and what the intervals mean."""
    summary = run.json("summary")
    if summary is None:
        raise Problem(f"{run.folder} has no result yet; it is {run.state()} ({run.status.get('where', 'not started')}).")
    parts: list[RenderableType] = []
    hows: list[str] = []
    for head, found in summary["heads"].items():
        table = Table(
            "session",
            "classes",
            *COLUMNS,
            title=f"{head} head",
            title_justify="left",
            title_style="bold",
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
        )
        for column in table.columns:
            column.justify, column.overflow = "right", "fold"  # in a narrow terminal rather on two lines than cut
        for row in found["sessions"]:
            cells = [Estimate(**row[name]) for name in COLUMNS]
            hows += [cell.how for cell in cells if cell.low is not None]
            table.add_row(str(row["session"]), str(row["classes"]), *(_cell(cell) for cell in cells))
        parts.append(table)
        if len(found["sessions"]) > 1:
            parts.append(Text(f"average {Estimate(**found['average'])}, performance drop {_points(Estimate(**found['drop']))}\n"))
    meaning = "Accuracies are joint: every answer is chosen among all classes seen so far; 'balanced' weighs classes alike. "
    parts.append(Text(meaning + "95 % intervals: " + "; ".join(dict.fromkeys(hows)) + ".", style="dim"))
    return Group(*parts)


def _cell(estimate: Estimate) -> Text:
    if estimate.value is None:
        return Text("–", style="dim")
    if estimate.low is None or estimate.high is None:
        return Text(f"{estimate.value:.1%}")
    return Text.assemble((f"{estimate.value:.1%}", "bold"), (f" {_short(estimate.low)}–{_short(estimate.high)}", "dim"))


def _short(share: float) -> str:
    """A bound in per cent, without the decimals of 100."""
    return f"{100 * share:.1f}".replace("100.0", "100")


def _points(estimate: Estimate) -> str:
    """A difference of accuracies, in points."""
    return str(estimate).replace("%", "") + (" points" if estimate.value is not None else "")


def runs(found: list[Run]) -> RenderableType:
    """One row a run."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("run", no_wrap=True)
    for column in ("state", "begun", "base", "last session", "where"):
        table.add_column(column, justify="right" if column in ("base", "last session") else "left")
    for run in found:
        row = overview(run)
        cells = [_cell(Estimate(**row[name])) if name in row else Text("") for name in ("base", "last")]
        style = {"finished": "green", "running": "cyan", "failed": "red", "killed": "red"}.get(row["state"], "")
        where = "" if row["state"] == "finished" else row["where"]
        table.add_row(row["name"], Text(row["state"], style=style), row["created"].replace("T", " ")[:16], *cells, where)
    return table


def parts(sections: Sections, wanted: str = "") -> RenderableType:
    """Everything a recipe can name: by section, each part with its first sentence and its settings."""
    shown: list[RenderableType] = []
    for section, kind in sections.items():
        catalog: dict[str, Any] = {section: kind.part} if isinstance(kind, Fixed) else dict(kind.parts)
        for name, part in catalog.items():
            if wanted not in ("", section, name):
                continue
            how = (
                f"[{section}]"
                if isinstance(kind, Fixed)
                else f"[{section}.{name}]"
                if isinstance(kind, Several)
                else f'[{section}] name = "{name}"'
            )
            doc = (part.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
            shown += [Text.assemble((how, "bold cyan"), "  ", " ".join(doc.split())), _settings(settings(part)), Text("")]
    if not shown:
        every = [*sections, *(name for kind in sections.values() if not isinstance(kind, Fixed) for name in kind.parts)]
        raise Problem(f"There is no section or part '{wanted}'; there are: {', '.join(every)}.")
    return Group(*shown)


def _settings(rows: list[Setting]) -> RenderableType:
    if not rows:
        return Text("    no settings", style="dim")
    table = Table(box=None, padding=(0, 2, 0, 4), show_header=False)
    for row in rows:
        table.add_row(Text(row.name, style="bold"), row.default, Text(row.meaning), Text(row.type, style="dim"))
    return table
