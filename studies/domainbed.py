"""The tables that DomainBed prints of a sweep, made again from its records by each of its three rules of model selection.

    python studies/domainbed.py TABLE [--expected FILE]

TABLE: a row a record: run, step, dataset, algorithm, test_envs (a list), trial_seed, hparams_seed, and env0_in_acc, env0_out_acc, …: the
accuracy on the larger part of each domain and on the part held out of it. Records of runs with one test domain are candidates; what is
reported is the accuracy on the test domain's larger part. The rules (Gulrajani & Lopez-Paz, "In Search of Lost Domain Generalization",
ICLR 2021, arXiv 2007.01434, section 3), each as a column of validation:

- training-domain validation set: the mean accuracy on the held-out parts of the training domains, at any step;
- leave-one-domain-out cross-validation: with the same settings, step and seed and one domain more left out, the accuracy on the larger part
  of that domain, as a mean over all such domains; undefined where one of those runs is missing;
- test-domain validation set (oracle): the accuracy on the test domain's held-out part, at the last step alone.

For each test domain and trial seed the best setting and step is chosen; then mean ± standard error over trial seeds, with the plain
standard deviation (Σ/n), as printed. "Avg" is the mean of a line's unrounded cells; in the second table, domains are averaged within each
trial seed first, if none is missing. With --expected every line is held against the one printed there; where they differ, the study fails.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import page
import polars as pl

from scratchlab.analysis.selection import reached
from scratchlab.checks import Problem, listing
from scratchlab.metrics.repetitions import Mean, mean_and_error

DOMAINS = {"VLCS": "CLSV", "PACS": "ACPS", "OfficeHome": "ACPR"}
RULES = ("training-domain validation set", "leave-one-domain-out cross-validation", "test-domain validation set (oracle)")
HELD = ["dataset", "algorithm", "trial_seed", "hparams_seed", "step"]
NEEDED = ["run", "test_envs", *HELD]
NARROW, WIDE = 20, 25  # letters of a column
Cells = Mapping[tuple[str, str], Mean]  # (line, column)


def records(path: Path) -> pl.DataFrame:
    """The table, `test_envs` as a list, as are the accuracies on each domain: `inside`, `outside` `[domains]`."""
    if not path.is_file():
        raise Problem(f"There is no table at {path}.")
    table = pl.read_csv(path)
    if lacking := [name for name in NEEDED if name not in table.columns]:
        raise Problem(f"{path} has no column {listing(lacking)}; it has: {listing(table.columns)}.")
    count = sum(name.startswith("env") and name.endswith("_in_acc") for name in table.columns)
    parts = {name: pl.concat_list(f"env{i}_{part}_acc" for i in range(count)) for name, part in (("inside", "in"), ("outside", "out"))}
    return table.select(*NEEDED, pl.col("test_envs").str.json_decode(pl.List(pl.Int64)).alias("left"), **parts)


def candidates(table: pl.DataFrame) -> pl.DataFrame:
    """A row a record with one test domain (`domain`): what it reached there (`test`), and a column for each rule."""
    left = pl.col("left")
    crossed = (
        pl.concat(table.filter(left.list.len() == 2).with_columns(domain=left.list.get(i), other=left.list.get(1 - i)) for i in (0, 1))
        .group_by([*HELD, "domain"])
        .agg(crossed=pl.col("inside").list.get(pl.col("other")).mean(), others=pl.col("other").n_unique())
    )
    alone = table.filter(left.list.len() == 1).with_columns(domain=left.list.first())
    domains = pl.col("outside").list.drop_nulls().list.len()
    own = pl.col("outside").list.get(pl.col("domain"))
    return (
        alone.join(crossed, on=[*HELD, "domain"], how="left")
        .with_columns(
            ((pl.col("outside").list.sum() - own) / (domains - 1)).alias(RULES[0]),
            pl.when(pl.col("others") == domains - 1).then("crossed").alias(RULES[1]),
            pl.when(pl.col("step") == pl.col("step").max().over("run")).then(own).alias(RULES[2]),
            test=pl.col("inside").list.get(pl.col("domain")),
        )
        .sort("dataset", "algorithm", "domain", "trial_seed", "hparams_seed", "step")
    )


def printed(table: pl.DataFrame) -> Iterator[str]:
    """Every line as DomainBed prints it."""
    yield f"Total records: {table.height}"
    found = candidates(table)
    for rule in RULES:
        averages: dict[tuple[str, str], Mean] = {}
        for (dataset,), rows in found.group_by("dataset", maintain_order=True):
            names = DOMAINS.get(str(dataset), [f"env{i}" for i in range(1 + int(rows["domain"].max()))])  # type: ignore[arg-type]
            cells = reached(rows, ["algorithm", "domain"], "trial_seed", rule, "test", freedom=0)
            shown = {(one.place["algorithm"], names[one.place["domain"]]): one.mean for one in cells}
            yield from headed(f"Dataset: {dataset}, model selection method: {rule}", shown, NARROW)
            for algorithm, several in itertools.groupby(cells, key=lambda one: one.place["algorithm"]):
                values = [one.values for one in several]
                whole = [seed for seed in values[0] if all(seed in each for each in values)]
                means = [sum(each[seed] for each in values) / len(values) for seed in whole]
                averages[algorithm, str(dataset)] = mean_and_error(means, "trial", freedom=0)
        yield from headed(f"Averages, model selection method: {rule}", averages, WIDE)


def undefined(table: pl.DataFrame) -> Iterator[str]:
    """Why there is an X."""
    found = candidates(table)
    for rule in RULES:
        for one in reached(found, ["dataset", "algorithm", "domain"], "trial_seed", rule, "test"):
            if one.mean.value is None:
                yield f"X: {', '.join(f'{name} {value}' for name, value in one.place.items())}: {one.mean.how}."


def headed(title: str, cells: Cells, width: int) -> Iterator[str]:
    """One table: a line an algorithm, a column a domain or dataset, and the mean of its line."""
    lines, columns = (list(dict.fromkeys(key[i] for key in cells)) for i in (0, 1))
    yield ""
    yield f"-------- {title}"
    yield row(["Algorithm", *columns, "Avg"], width)
    for line in lines:
        means = [cells.get((line, column)) for column in columns]
        values = [mean.value for mean in means if mean is not None and mean.value is not None]
        average = f"{100 * sum(values) / len(values):.1f}" if len(values) == len(columns) else "X"
        yield row([line, *(written(mean) for mean in means), average], width)


def written(mean: Mean | None) -> str:
    """`78.3 +/- 0.4`; X where nothing could be chosen. One trial has an error of 0 there; here it has none."""
    if mean is None or mean.value is None:
        return "X"
    return f"{100 * mean.value:.1f} +/- " + ("–" if mean.error is None else f"{100 * mean.error:.1f}")


def row(words: list[str], width: int) -> str:
    """Columns of one width, two spaces between them and one at the end."""
    return "  ".join(f"{word[:width]:{width}}" for word in words) + " "


def main() -> None:
    """Prints the tables, and how each line compares."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("table", type=Path)
    asked.add_argument("--expected", type=Path, help="what DomainBed printed for the same records")
    words = asked.parse_args()
    table = records(words.table)
    lines = list(printed(table))
    if words.expected is None:
        print("\n".join([*lines, *undefined(table)]))
        return
    pairs = list(itertools.zip_longest(lines, words.expected.read_text(encoding="utf-8").splitlines()))
    for made, there in pairs:
        print(f"{'equal ' if made == there else 'OTHER '} {made if made is not None else '(no such line)'}".rstrip())
        if made != there:
            print(f"expect {there if there is not None else '(no such line)'}".rstrip())
    other = sum(made != there for made, there in pairs)
    print(f"\n{len(pairs) - other} of {len(pairs)} lines are equal to the last letter.")
    if other:
        sys.exit(1)


if __name__ == "__main__":
    page.spoken(main)
