"""Sentences about correlations, shared by page and terminal."""

from __future__ import annotations

from collections.abc import Iterable

from scratchlab.analysis.correlate import Cell, Correlations
from scratchlab.checks import counted, listing
from scratchlab.report.words import chance, interval_of_numbers, number

MEANINGS = [
    (
        "r",
        "Pearson's correlation over all runs with two finite values. 1 or −1: all points are on a line; 0: no linear relation.",
    ),
    (
        "interval",
        "95 %, by a jackknife over configurations with Student's t: all seeds of a configuration are left out together, because they are "
        "not independent. As if independent: Fisher's interval, which is usually reported and treats every run as independent; it is too "
        "narrow for effects shared by the runs of a configuration, and too wide for effects that vary within them.",
    ),
    ("Spearman", "Rank correlation: monotonic relations, linear or not."),
    ("within groups", "Pearson's r after subtracting each group's mean, which removes differences between groups."),
    ("between seeds", "The same within configurations: the relation between runs that differ only in their seed."),
    (
        "p, corrected",
        "The p-value over configurations, corrected for the number of comparisons (Holm): at 0.05, one table in twenty would have a "
        "significant cell if nothing were correlated.",
    ),
    (
        "left out",
        "Runs in which one of the two values is not finite (diverged, failed or not measured). They are not part of r.",
    ),
]


def significant(cell: Cell) -> bool:
    """Whether the interval excludes 0 and the corrected p is below 0.05, or |r| is 1."""
    r, p = cell.correlation.r, cell.correlation.adjusted
    if determined(cell):
        return True
    return r.low is not None and not r.contains(0) and p is not None and p < 0.05


def determined(cell: Cell) -> bool:
    """Whether r is 1 or −1, as for two columns that hold the same quantity."""
    return cell.correlation.r.value is not None and abs(cell.correlation.r.value) > 1 - 1e-9


def reasons(cells: Iterable[Cell]) -> list[str]:
    """The reasons why cells have no r or no interval, each once."""
    return list(dict.fromkeys(cell.correlation.r.how for cell in cells if cell.correlation.r.low is None))


def by_strength(correlations: Correlations) -> list[Cell]:
    """The cells sorted by |r|, largest first; undefined ones come last."""
    return sorted(correlations.cells, key=lambda cell: -abs(cell.correlation.r.value) if cell.correlation.r.value is not None else 1.0)


def summary(correlations: Correlations) -> list[str]:
    """Sentences on the numbers of runs, configurations and comparisons, and on what was left out."""
    configurations = len(set(correlations.clusters.tolist()))
    grouped = (
        f" in {counted(configurations, 'configuration')} ({listing(correlations.configuration)})" if correlations.configuration else ""
    )
    sentences = [f"{counted(correlations.runs, 'run')}{grouped}, {counted(len(correlations.cells), 'comparison')}."]
    if correlations.endings:
        sentences.append(f"States of the runs: {listing(f'{count} {state}' for state, count in correlations.endings.items())}.")
    if not correlations.configuration:
        sentences.append(
            "Every run counts as its own configuration; if some are repetitions of each other, name the columns of settings with "
            "--configuration."
        )
    most = max((cell.correlation.left_out for cell in correlations.cells), default=0)
    if most:
        verb = "is" if most == 1 else "are"
        sentences.append(f"Up to {counted(most, 'run')} {verb} left out of a comparison, because a value is missing or not finite.")
    if correlations.words:
        plain = ("no", "yes")
        coded = [f"{name}: {no} is 0, {yes} is 1" for name, (no, yes) in correlations.words.items() if (no, yes) != plain]
        coded += ["no is 0, yes is 1"] if plain in correlations.words.values() else []
        sentences.append(f"Words coded as numbers: {'; '.join(coded)}.")
    if correlations.skipped:
        sentences.append(f"Columns left out: {'; '.join(_reasons(correlations.skipped))}.")
    return sentences


def _reasons(skipped: dict[str, str]) -> list[str]:
    """Each reason once, after the columns to which it applies."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in skipped.items():
        by_reason.setdefault(reason, []).append(name)
    return [f"{listing(names)}, {'each ' if len(names) > 1 else ''}because {reason}" for reason, names in by_reason.items()]


def tooltip(cell: Cell) -> str:
    """The values of one cell, for its tooltip."""
    result = cell.correlation
    if result.r.value is None:
        return f"{cell.x} and {cell.y}: {result.r.how}"
    parts = [f"{cell.x} and {cell.y}: r {number(result.r.value)} {interval_of_numbers(result.r)}".strip()]
    parts += [f"as if independent {interval_of_numbers(result.naive)}"] if result.naive.low is not None else []
    parts += [f"Spearman {number(result.rho.value)}"] if result.rho.value is not None else []
    parts += [f"within groups {number(result.within.value)}"] if result.within.value is not None else []
    parts += [f"between seeds {number(result.seeds.value)}"] if result.seeds.value is not None else []
    parts += [f"corrected {chance(result.adjusted)}"] if result.adjusted is not None else []
    return "; ".join([*parts, counted(result.runs, "run") + (f", {result.left_out} left out" if result.left_out else "")])
