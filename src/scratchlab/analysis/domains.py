"""The three model-selection rules of DomainBed for domain generalization, as columns of validation accuracies.

Source: Gulrajani & Lopez-Paz, "In Search of Lost Domain Generalization", ICLR 2021, arXiv 2007.01434, section 3.

- training-domain validation set: mean accuracy on the held-out parts of the training domains, at any step;
- leave-one-domain-out cross-validation: accuracy on the larger part of a further left-out domain, with the same settings, step and seed,
  averaged over all such domains; undefined if one of those runs is missing;
- test-domain validation set (oracle): accuracy on the held-out part of the test domain, at the last step only.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from scratchlab.checks import Problem, listing

RULES = ("training-domain validation set", "leave-one-domain-out cross-validation", "test-domain validation set (oracle)")
HELD = ["dataset", "algorithm", "trial_seed", "hparams_seed", "step"]
PLACE = ["dataset", "algorithm", "domain"]


def records(path: Path) -> pl.DataFrame:
    """DomainBed's records of a sweep; `left`: the test domains; `inside`, `outside`: accuracies on both parts of each domain `[domains]`.

    path: a CSV table with one row per record: run, step, dataset, algorithm, test_envs (a list), trial_seed, hparams_seed, and env0_in_acc,
    env0_out_acc, …: the accuracies on the larger and on the held-out part of each domain. Raises Problem for a missing column.
    """
    if not path.is_file():
        raise Problem(f"There is no table at {path}.")
    table = pl.read_csv(path)
    if missing := [name for name in ["run", "test_envs", *HELD] if name not in table.columns]:
        raise Problem(f"{path} has no column {listing(missing)}; it has: {listing(table.columns)}.")
    count = sum(name.startswith("env") and name.endswith("_in_acc") for name in table.columns)
    parts = {name: pl.concat_list(f"env{i}_{part}_acc" for i in range(count)) for name, part in (("inside", "in"), ("outside", "out"))}
    return table.select("run", *HELD, pl.col("test_envs").str.json_decode(pl.List(pl.Int64)).alias("left"), **parts)


def candidates(table: pl.DataFrame) -> pl.DataFrame:
    """One row per record with a single test domain (`domain`): the accuracy on its larger part (`test`), and a column for each rule."""
    left, own = pl.col("left"), pl.col("outside").list.get(pl.col("domain"))
    pairs = table.filter(left.list.len() == 2)
    two = pl.concat(pairs.with_columns(domain=left.list.get(i), other=left.list.get(1 - i)) for i in (0, 1)).group_by([*HELD, "domain"])
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
