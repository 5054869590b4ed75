"""What correlations amount to, in words that the page and the terminal share."""

from __future__ import annotations

from collections.abc import Iterable

from scratchlab.analysis.correlate import Cell, Correlations
from scratchlab.checks import counted, listing
from scratchlab.report.words import chance, interval_of_numbers, number

MEANINGS = [
    (
        "r",
        "Pearson's correlation over all runs whose two values are finite: 1 and −1 lie on a line; 0 has no slope, but perhaps a curve.",
    ),
    (
        "interval",
        "95 %, by a jackknife over configurations with Student's t: all seeds of a configuration are left out together, for they are "
        "alike. As if independent: Fisher's interval, the one usually printed, which counts every run as independent: too "
        "narrow for what configurations share, too wide for what varies within them.",
    ),
    ("Spearman", "Rank correlation: whether one grows with the other, linearly or not."),
    ("within groups", "Pearson's r after subtracting each group's mean: what is left when the group is known."),
    ("between seeds", "The same inside configurations: whether of two runs that differ in nothing but chance the one with more has more."),
    (
        "p, corrected",
        "The p-value over configurations, corrected for the number of comparisons (Holm): at 0.05, one table in twenty would show such a "
        "cell if nothing were correlated.",
    ),
    (
        "left out",
        "Runs where one of the two is not a finite number (diverged, failed or not measured). They are counted, and not part of r.",
    ),
]


def sure(cell: Cell) -> bool:
    """Whether 0 lies outside the interval and p, corrected, below 0.05; or one determines the other."""
    r, p = cell.found.r, cell.found.adjusted
    if determined(cell):
        return True
    return r.low is not None and not r.contains(0) and p is not None and p < 0.05


def determined(cell: Cell) -> bool:
    """Whether r is 1 or −1, as of two names for one quantity."""
    return cell.found.r.value is not None and abs(cell.found.r.value) > 1 - 1e-9


def reasons(cells: Iterable[Cell]) -> list[str]:
    """Why some of these have no r or no interval, each reason once."""
    return list(dict.fromkeys(cell.found.r.how for cell in cells if cell.found.r.low is None))


def ordered(found: Correlations) -> list[Cell]:
    """The strongest first; what is undefined last."""
    return sorted(found.cells, key=lambda cell: -abs(cell.found.r.value) if cell.found.r.value is not None else 1.0)


def facts(found: Correlations) -> list[str]:
    """What was compared: runs, configurations, comparisons, and what was left out."""
    configurations = len(set(found.clusters.tolist()))
    alike = f" in {counted(configurations, 'configuration')} ({listing(found.configuration)})" if found.configuration else ""
    told = [f"{counted(found.runs, 'run')}{alike}, {counted(len(found.cells), 'comparison')}."]
    if found.endings:
        told.append(f"Of the runs {listing(f'{count} {state}' for state, count in found.endings.items())}.")
    if not found.configuration:
        told.append("Every run counts as its own configuration; if some are repetitions of each other, say so with --configuration.")
    most = max((cell.found.left_out for cell in found.cells), default=0)
    if most:
        verb = "is" if most == 1 else "are"
        told.append(f"Up to {counted(most, 'run')} {verb} left out of a comparison, because a value is missing or not finite.")
    if found.words:
        plain = ("no", "yes")
        coded = [f"{name}: {no} is 0, {yes} is 1" for name, (no, yes) in found.words.items() if (no, yes) != plain]
        coded += ["no is 0, yes is 1"] if plain in found.words.values() else []
        told.append(f"Words that stand as numbers: {'; '.join(coded)}.")
    if found.skipped:
        told.append(f"Not compared: {'; '.join(_reasons(found.skipped))}.")
    return told


def _reasons(skipped: dict[str, str]) -> list[str]:
    """Each reason once, after all columns of which it is true."""
    alike: dict[str, list[str]] = {}
    for name, why in skipped.items():
        alike.setdefault(why, []).append(name)
    return [f"{listing(names)}, {'each ' if len(names) > 1 else ''}because {why}" for why, names in alike.items()]


def told(cell: Cell) -> str:
    """One cell in a few words, for the pointer."""
    one = cell.found
    if one.r.value is None:
        return f"{cell.x} and {cell.y}: {one.r.how}"
    parts = [f"{cell.x} and {cell.y}: r {number(one.r.value)} {interval_of_numbers(one.r)}".strip()]
    parts += [f"as if independent {interval_of_numbers(one.naive)}"] if one.naive.low is not None else []
    parts += [f"Spearman {number(one.rho.value)}"] if one.rho.value is not None else []
    parts += [f"within groups {number(one.within.value)}"] if one.within.value is not None else []
    parts += [f"between seeds {number(one.seeds.value)}"] if one.seeds.value is not None else []
    parts += [f"corrected {chance(one.adjusted)}"] if one.adjusted is not None else []
    return "; ".join([*parts, counted(one.runs, "run") + (f", {one.left_out} left out" if one.left_out else "")])
