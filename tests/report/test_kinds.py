"""The sections of each kind of evaluation: explanations of intervals, lines of charts, differences and counts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl
import pytest

from scratchlab.analysis.ledger import SIGNS
from scratchlab.evaluation.retrieval import BLOCK
from scratchlab.metrics.estimate import Estimate, over_draws, over_groups
from scratchlab.metrics.noise import pseudo_labels, selection
from scratchlab.report.run import noise, words
from scratchlab.report.run.contexts import curve
from scratchlab.report.run.kinds import retrieval as retrieved
from scratchlab.report.run.kinds.catalog import SECTIONS
from scratchlab.result import Head, Layout, Result, Row

HEADS = ("cosine", "untrained.cosine", "features.cosine", "a", "b", "c")


def episodes() -> Result:
    """Six heads in 1- and 5-shot episodes, with balanced and with imbalanced queries."""

    def head(place: int) -> Head:
        values = {(shot, queries): 0.9 - 0.1 * place + 0.01 * shot for queries in ("balanced", "dirichlet") for shot in (1, 5)}
        found = {context: over_draws([value - 0.02, value, value + 0.01], "episode") for context, value in values.items()}
        rows = tuple(Row({"shot": shot, "queries": queries}, {}, {"accuracy": one}) for (shot, queries), one in found.items())
        return Head({f"accuracy_{shot}_shot_{queries}": one for (shot, queries), one in found.items()}, rows)

    differences = [
        {
            "head": HEADS[0],
            "against": other,
            "shot": shot,
            "queries": queries,
            **asdict(Estimate(0.1, 0.05, 0.15, 3, "mean over 3 episodes")),
        }
        for other in HEADS[1:]
        for queries in ("balanced", "dirichlet")
        for shot in (1, 5)
    ]
    heads = {name: head(place) for place, name in enumerate(HEADS)}
    return Result("episodes", "", heads, Layout("episode", "accuracy", ("shot", "queries")), facts={"differences": differences})


def retrieval() -> Result:
    values, groups = np.array([0.2, 0.4, 0.9]), np.array(["a", "a", "b"])
    found = over_groups(values, groups, unit="identities", block=BLOCK)
    counts: dict[str, int] = dict.fromkeys(retrieved.COUNTED, 3)
    head = Head({"mAP": found}, (Row({}, counts, {"mAP": found}),))
    units = pl.DataFrame({"id": ["x", "y", "z"], "group": groups, "head": "cosine", "value": values, "rank": [2, 3, 1]})
    layout = Layout("probe", "average precision", block="identity")
    return Result("retrieval", "", {"cosine": head}, layout, facts={"counts": counts}, scan=units.lazy)


@pytest.mark.parametrize(
    ("result", "said", "not_said"),
    [(episodes(), "Each episode is one value", "each draw"), (retrieval(), "Whole identities, each with all its probes,", "speakers")],
    ids=lambda one: one.kind if isinstance(one, Result) else "",
)
def test_intervals_are_explained_for_each_kind(result: Result, said: str, not_said: str) -> None:
    section = SECTIONS[result.kind](result, [])
    for one in result.estimates:
        meaning = words.meaning(one.how, section.meanings)
        assert said in meaning
        assert not_said not in meaning


def test_a_line_joins_contexts_that_differ_in_their_first_column_alone() -> None:
    drawn = curve(episodes(), "accuracy", 400, ["accuracy"])["data"]
    lines = [trace for trace in drawn if trace["mode"] == "lines+markers"]
    bands = [trace for trace in drawn if trace["mode"] == "lines"]
    assert [line["x"] for line in lines] == [[0, 1, None, 2, 3]] * len(HEADS)
    assert {len(line[name]) for line in lines for name in ("y", "customdata")} == {5}
    assert [band["x"] for band in bands] == [[0, 1, 1, 0], [2, 3, 3, 2]] * len(HEADS)


def test_no_two_of_six_heads_look_alike() -> None:
    drawn = curve(episodes(), "accuracy", 400, ["accuracy"])["data"]
    lines = [trace for trace in drawn if trace["mode"] == "lines+markers"]
    for where, what in (("line", "color"), ("line", "dash"), ("marker", "symbol")):
        assert len({line[where][what] for line in lines}) == len(HEADS)


def test_differences_have_a_row_per_head_and_a_column_per_context() -> None:
    found: Any = SECTIONS["episodes"](episodes(), []).about["differences"]
    assert list(found) == list(HEADS[1:])
    assert {tuple(cells) for cells in found.values()} == {
        ("1 shot, balanced", "5 shot, balanced", "1 shot, dirichlet", "5 shot, dirichlet")
    }


def test_every_head_has_a_curve_also_those_added_after_the_evaluation() -> None:
    result = retrieval().with_heads_of(retrieval(), "last", ["cosine"])
    drawn = SECTIONS["retrieval"](result, []).figures["cmc"]["data"]
    assert [trace["name"] for trace in drawn] == list(result.heads) == ["cosine", "last.cosine"]
    assert [trace["y"] for trace in drawn] == [pytest.approx([1 / 3, 2 / 3, 1])] * 2


def test_every_count_of_retrieval_is_explained() -> None:
    result = retrieval()
    counts: Any = SECTIONS["retrieval"](result, []).about["counts"]
    assert [(name, count) for name, count, _ in counts] == list(result.facts["counts"].items())
    assert all(meaning for _, _, meaning in counts)


def test_every_score_of_the_ledger_has_a_meaning() -> None:
    flags = np.array([True, False])
    found = {f"auroc_{column}" for column in SIGNS}
    found |= {*selection(flags, ~flags), *pseudo_labels(np.array([0, 1]), np.array([0, 1]), flags)}
    assert set(noise.MEANINGS) == found
