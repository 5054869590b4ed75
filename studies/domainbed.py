"""Reproduces the tables that DomainBed prints for a sweep from its records, for each of its three model-selection rules.

    python studies/domainbed.py TABLE [--expected FILE]      (seconds)

TABLE has one row per record (`scratchlab.analysis.domains`, which defines the rules). The tables show the accuracy on the larger part of
the test domain. For each test domain and trial seed the best setting and step is selected; then mean ± standard error over trial seeds,
with the population standard deviation (Σ/n), as DomainBed prints it. "Avg" is the mean of a line's unrounded cells; in the second table,
domains are averaged within each trial seed first, if none is missing. With --expected every line is compared with that file; the study
fails if they differ.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from scratchlab.analysis.domains import PLACE, RULES, candidates, records
from scratchlab.analysis.selection import Selected, select_and_test
from scratchlab.metrics.repetitions import Mean, mean_and_error
from scratchlab.report import study

DOMAINS = {"VLCS": "CLSV", "PACS": "ACPS", "OfficeHome": "ACPR"}
NARROW, WIDE = 20, 25  # characters of a column


def printed(rows: pl.DataFrame) -> Iterator[str]:
    """The tables from candidates, as DomainBed prints them."""
    for rule in RULES:
        averages: dict[tuple[str, str], Mean] = {}
        cells = select_and_test(rows, PLACE, "trial_seed", rule, "test", freedom=0)
        for dataset, of in itertools.groupby(cells, key=lambda one: str(one.cell["dataset"])):
            of_dataset = list(of)
            names = DOMAINS.get(dataset) or [f"env{i}" for i in range(1 + max(one.cell["domain"] for one in of_dataset))]
            shown = {(one.cell["algorithm"], names[one.cell["domain"]]): one.mean for one in of_dataset}
            yield from headed(f"Dataset: {dataset}, model selection method: {rule}", shown, NARROW)
            for algorithm, several in itertools.groupby(of_dataset, key=lambda one: one.cell["algorithm"]):
                averages[algorithm, dataset] = averaged(list(several))
        yield from headed(f"Averages, model selection method: {rule}", averages, WIDE)


def averaged(domains: list[Selected]) -> Mean:
    """The mean over trial seeds of the mean over domains."""
    whole = [seed for seed in domains[0].values if all(seed in each.values for each in domains)]
    return mean_and_error([sum(each.values[seed] for each in domains) / len(domains) for seed in whole], "trial", freedom=0)


def headed(title: str, cells: Mapping[tuple[str, str], Mean], width: int) -> Iterator[str]:
    """One table: a line per algorithm, a column per domain or dataset, and the mean of each line; X without a candidate."""
    lines, columns = (list(dict.fromkeys(key[i] for key in cells)) for i in (0, 1))
    rows = [["Algorithm", *columns, "Avg"]]
    for line in lines:
        means = [cells.get((line, column), Mean(None, None, 0, "")) for column in columns]
        values = [mean.value for mean in means if mean.value is not None]
        errors = ["–" if mean.error is None else f"{100 * mean.error:.1f}" for mean in means]
        words = ["X" if mean.value is None else f"{100 * mean.value:.1f} +/- {error}" for mean, error in zip(means, errors, strict=True)]
        rows.append([line, *words, f"{100 * sum(values) / len(values):.1f}" if len(values) == len(columns) else "X"])
    yield from ("", f"-------- {title}", *("  ".join(f"{word[:width]:{width}}" for word in row) + " " for row in rows))


def undefined(rows: pl.DataFrame) -> Iterator[str]:
    """The reason for each X."""
    for one in (one for rule in RULES for one in select_and_test(rows, PLACE, "trial_seed", rule, "test") if one.mean.value is None):
        yield f"X: {', '.join(f'{name} {value}' for name, value in one.cell.items())}: {one.mean.how}."


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--expected", type=Path, help="what DomainBed printed for the same records")
    given = parser.parse_args()
    rows = candidates(table := records(given.table))
    lines = [f"Total records: {table.height}", *printed(rows)]
    if given.expected is None:
        print("\n".join([*lines, *undefined(rows)]))
        return
    pairs = list(itertools.zip_longest(lines, given.expected.read_text(encoding="utf-8").splitlines(), fillvalue="(no such line)"))
    for made, there in pairs:
        print(f"equal  {made}".rstrip() if made == there else f"OTHER  {made}\nexpect {there}")
    other = sum(made != there for made, there in pairs)
    print(f"\n{len(pairs) - other} of {len(pairs)} lines are identical.")
    sys.exit(1 if other else 0)


if __name__ == "__main__":
    study.run(main)
