"""The three rules by which a model is selected when it must work on a domain that it was not trained on, as columns of validation.

Source: Gulrajani & Lopez-Paz, "In Search of Lost Domain Generalization", ICLR 2021, arXiv 2007.01434, section 3.

- training-domain validation set: the mean accuracy on the held-out parts of the training domains, at any step;
- leave-one-domain-out cross-validation: with the same settings, step and seed and one domain more left out, the accuracy on the larger part
  of that domain, as a mean over all such domains; undefined where one of those runs is missing;
- test-domain validation set (oracle): the accuracy on the test domain's held-out part, at the last step alone.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from scratchlab.checks import Problem, listing

RULES = ("training-domain validation set", "leave-one-domain-out cross-validation", "test-domain validation set (oracle)")
HELD = ["dataset", "algorithm", "trial_seed", "hparams_seed", "step"]
PLACE = ["dataset", "algorithm", "domain"]


def records(path: Path) -> pl.DataFrame:
    """DomainBed's records of a sweep; `left`: the test domains; `inside`, `outside`: the accuracies on each domain `[domains]`.

    path: a table of CSV, a row a record: run, step, dataset, algorithm, test_envs (a list), trial_seed, hparams_seed, and env0_in_acc,
    env0_out_acc, …: the accuracy on the larger part of each domain and on the part held out of it. Raises Problem for a missing column.
    """
    if not path.is_file():
        raise Problem(f"There is no table at {path}.")
    table = pl.read_csv(path)
    if lacking := [name for name in ["run", "test_envs", *HELD] if name not in table.columns]:
        raise Problem(f"{path} has no column {listing(lacking)}; it has: {listing(table.columns)}.")
    count = sum(name.startswith("env") and name.endswith("_in_acc") for name in table.columns)
    parts = {name: pl.concat_list(f"env{i}_{part}_acc" for i in range(count)) for name, part in (("inside", "in"), ("outside", "out"))}
    return table.select("run", *HELD, pl.col("test_envs").str.json_decode(pl.List(pl.Int64)).alias("left"), **parts)


def candidates(table: pl.DataFrame) -> pl.DataFrame:
    """A row a record with one test domain (`domain`): the accuracy on its larger part (`test`), and a column for each rule."""
    left, own = pl.col("left"), pl.col("outside").list.get(pl.col("domain"))
    both = table.filter(left.list.len() == 2)
    two = pl.concat(both.with_columns(domain=left.list.get(i), other=left.list.get(1 - i)) for i in (0, 1)).group_by([*HELD, "domain"])
    crossed = two.agg(crossed=pl.col("inside").list.get(pl.col("other")).mean(), others=pl.col("other").n_unique())
    alone = table.filter(left.list.len() == 1).with_columns(
        domain=left.list.first(), training=pl.col("outside").list.drop_nulls().list.len() - 1
    )
    rules = [
        ((pl.col("outside").list.sum() - own) / pl.col("training")).alias(RULES[0]),
        pl.when(pl.col("others") == pl.col("training")).then("crossed").alias(RULES[1]),
        pl.when(pl.col("step") == pl.col("step").max().over("run")).then(own).alias(RULES[2]),
    ]
    rows = alone.join(crossed, on=[*HELD, "domain"], how="left").with_columns(*rules, test=pl.col("inside").list.get(pl.col("domain")))
    return rows.sort(*PLACE, "trial_seed", "hparams_seed", "step")
