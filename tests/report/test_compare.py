"""A comparison: numbers counted from the predictions by hand, and errors for runs that cannot be compared."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from tests.report.compared import MELODIES, answered

from scratchlab.analysis.changes import flips
from scratchlab.analysis.compared import compared_run
from scratchlab.analysis.comparison import Comparison, compare
from scratchlab.analysis.paired import PairedTest, PairedUnits, pair_units, paired_tests
from scratchlab.checks import Problem
from scratchlab.cli import main
from scratchlab.pipeline import SECTIONS
from scratchlab.report.compare import figures, page, terminal, words
from scratchlab.result import Layout
from scratchlab.store.run import Run


def changed(section: str, **settings: Any) -> dict[str, Any]:
    return {**MELODIES, section: {**MELODIES.get(section, {}), **settings}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compared")


@pytest.fixture(scope="module")
def pair(runs: Path) -> tuple[Run, Run]:
    """Two runs whose recipes differ in the number of epochs; the second has better predictions."""
    heads = {"cosine": 2.0, "cosine+dtw": 3.0}
    return answered(runs, heads), answered(runs, {"cosine": 3.0}, changed("training", epochs=7), answer_seed=1, noise=0.6)


@pytest.fixture(scope="module")
def found(runs: Path, pair: tuple[Run, Run]) -> Comparison:
    return compare(compared_run(runs, pair[0].folder.name), compared_run(runs, str(pair[1].folder)), SECTIONS, 3)


LAYOUT = Layout("query", "accuracy", ("session",), "draw", "part", "speaker")
CONTEXTS: list[dict[str, int | str]] = [{"session": 0}, {"session": 1}, {"session": 2}]


def rows(answers: list[tuple[str, str, int, int, str, str]], base: str = "pq") -> pl.LazyFrame:
    frame = pl.LazyFrame(answers, schema=["id", "group", "session", "draw", "truth", "answer"], orient="row")
    part = pl.when(pl.col("truth").is_in(list(base))).then(pl.lit("base")).otherwise(pl.lit("new"))
    return frame.with_columns(value=(pl.col("truth") == pl.col("answer")).cast(pl.Float64), part=part)


def by_session(units: PairedUnits) -> dict[int | str, list[PairedTest]]:
    return {context["session"]: tests for context, tests in paired_tests(units)}


# -- numbers ----------------------------------------------------------------------------------------------


def test_by_hand() -> None:
    """Three queries, two draws of session 1; z is only in A. B gains x twice and loses y once."""
    a = [
        ("x", "x", 0, -1, "p", "q"),
        ("x", "x", 1, 0, "p", "q"),
        ("y", "y", 1, 0, "r", "r"),
        ("x", "x", 1, 1, "p", "r"),
        ("y", "y", 1, 1, "r", "r"),
    ]
    b = [
        ("x", "x", 0, -1, "p", "p"),
        ("x", "x", 1, 0, "p", "p"),
        ("y", "y", 1, 0, "r", "p"),
        ("x", "x", 1, 1, "p", "p"),
        ("y", "y", 1, 1, "r", "r"),
    ]
    together = pair_units(rows([*a, ("z", "z", 1, 0, "p", "p")]), rows(b), LAYOUT, CONTEXTS, paired=True)
    assert (together.left_out, together.draws, together.headline) == ((1, 0), (2, 2, 2), {"session": 1})
    of = by_session(together)
    assert [(one.name, one.units, one.better_a, one.better_b, one.equal) for one in of[1]] == [
        ("all queries", 2, 1, 2, 1),
        ("base", 1, 0, 2, 0),
        ("new", 1, 1, 0, 1),
    ]
    assert [one.name for one in of[0]] == ["all queries"]
    whole = of[1][0]
    assert (whole.a, whole.b, whole.over_draws.value, whole.over_groups.value) == (0.5, 0.75, 0.25, 0.25)
    assert (whole.test.first, whole.test.second, whole.test.units) == (1, 1, 2)  # over both draws, A is better on y and B on x
    assert "there are no draws" in of[0][0].over_draws.how
    better_a, better_b, number = flips(together, 5)
    assert number == (1, 1)
    assert (better_a[0].id, better_a[0].better_a, better_a[0].better_b, better_a[0].answers_b) == ("y", 1, 0, (("p", 1), ("r", 1)))
    assert (better_b[0].id, better_b[0].draws, better_b[0].answers_b) == ("x", 2, (("p", 2),))


def test_values_without_predicted_classes_are_compared() -> None:
    """Average precisions of four probes: no classes, no draws, no parts."""
    layout = Layout("probe", "average precision")
    a, b = (
        pl.LazyFrame({"id": list("wxyz"), "group": list("wxyz"), "value": values})
        for values in ([0.2, 0.5, 0.75, 1.0], [0.4, 0.5, 0.5, 1.0])
    )
    found = pair_units(a, b, layout, [{}], paired=True)
    ((context, (whole,)),) = paired_tests(found)
    assert context == {}
    assert (whole.name, whole.better_a, whole.better_b, whole.equal) == ("all probes", 1, 1, 2)
    assert whole.over_groups.value == pytest.approx(-0.0125)
    better_a, better_b, _ = flips(found, 3)
    assert (better_a[0].id, better_a[0].a, better_a[0].b, better_a[0].answers_a) == ("y", 0.75, 0.5, ())
    assert better_b[0].id == "w"


EPISODES = [{"shot": shot, "queries": queries} for queries in ("balanced", "dirichlet") for shot in (1, 5)]


def of_episodes(values: Sequence[float]) -> pl.LazyFrame:
    return pl.concat(
        [
            pl.LazyFrame({"id": list("wxyz"), "group": list("wxyz"), "value": values}).with_columns(
                **{n: pl.lit(v) for n, v in one.items()}
            )
            for one in EPISODES
        ]
    )


def test_the_context_of_the_headline_metric_comes_first() -> None:
    layout = Layout("episode", "accuracy", ("shot", "queries"), headline={"shot": 1, "queries": "balanced"})
    a, b = of_episodes([0.2, 0.5, 0.75, 1.0]), of_episodes([0.4, 0.5, 0.5, 1.0])
    found = pair_units(a, b, layout, EPISODES, paired=True)
    assert found.headline == EPISODES[0]
    assert pair_units(a, b, layout, EPISODES[1:], paired=True).headline == EPISODES[-1]
    assert pair_units(a, b, replace(layout, headline={}), EPISODES, paired=True).headline == EPISODES[-1]


def test_differences_of_unlike_contexts_are_not_joined_by_a_line() -> None:
    layout = Layout("episode", "accuracy", ("shot", "queries"))
    found = pair_units(of_episodes([0.2, 0.5, 0.75, 1.0]), of_episodes([0.4, 0.5, 0.5, 1.0]), layout, EPISODES, paired=True)
    (line,) = figures.differences(paired_tests(found))["data"]
    assert line["x"] == [0, 1, None, 2, 3]
    assert {len(line["error_y"][end]) for end in ("array", "arrayminus")} == {5}
    assert all(line["error_y"]["array"][place] > 0 for place in (0, 1, 3, 4))


def test_queries_of_one_speaker_count_as_one_unit() -> None:
    a = [(f"q{i}", f"speaker {i % 3}", 0, -1, "p", "q") for i in range(30)]
    b = [(f"q{i}", f"speaker {i % 3}", 0, -1, "p", "p" if i % 3 else "q") for i in range(30)]
    found = pair_units(rows(a), rows(b), LAYOUT, CONTEXTS, paired=True)
    (one,) = by_session(found)[0]
    assert (found.independent, one.test.units, one.test.second) == ("speaker", 3, 2)
    assert one.over_groups.how.startswith("bootstrap over 3 speakers")


@pytest.mark.parametrize(
    ("speakers", "gained", "said"),
    [
        (3, 3, "which does not contain 0, but the exact test finds no significant difference. 3 speakers are too few for this interval."),
        (250, 4, "which does not contain 0, but the exact test finds no significant difference."),
        (12, 12, "B is significantly better with the weights trained here."),
    ],
)
def test_an_interval_alone_decides_nothing_that_the_exact_test_leaves_open(
    found: Comparison, speakers: int, gained: int, said: str
) -> None:
    """p = 0.25 for three speakers of three, 0.125 for four of 250."""
    a = [(f"q{i}", f"speaker {i // 2}", 0, -1, "p", "q") for i in range(2 * speakers)]
    b = [(*row[:5], "p" if i < 2 * gained else "q") for i, row in enumerate(a)]
    units = pair_units(rows(a), rows(b), LAYOUT, CONTEXTS, paired=True)
    made = replace(found, units=units, tests=paired_tests(units))
    (sentence,) = [line for line in words.verdict(made) if line.startswith("95 % interval")]
    assert sentence.endswith(said)
    assert words.significant(made.headline[0]) is ("significantly better" in said)


def test_every_number_is_counted_from_the_units(found: Comparison, pair: tuple[Run, Run]) -> None:
    tables = [run.table("units").filter(head="cosine").cast({"truth": pl.String, "answer": pl.String}) for run in pair]
    plain = [
        {(row["id"], row["session"], row["draw"]): (row["truth"], row["answer"]) for row in table.iter_rows(named=True)} for table in tables
    ]
    assert plain[0].keys() == plain[1].keys()
    base = {name for name, part in found.classes.items() if part == "base"}
    assert len(base) == 4
    for context, tests in found.tests:
        for one in tests:
            keys = [
                key
                for key, (truth, _) in plain[0].items()
                if key[1] == context["session"] and {"all queries": True, "base": truth in base, "new": truth not in base}[one.name]
            ]
            right = [[side[key][0] == side[key][1] for key in keys] for side in plain]
            assert one.equal == sum(a == b for a, b in zip(*right, strict=True))
            assert one.better_b == sum(b and not a for a, b in zip(*right, strict=True))
            assert (one.a, one.b) == pytest.approx((np.mean(right[0]), np.mean(right[1])))
            assert one.over_groups.value == pytest.approx(np.mean(right[1]) - np.mean(right[0]))
    last = [key for key in plain[0] if key[1] == 2]
    assert found.confusion
    for one in found.confusion.shifts(5):
        counts = [sum(side[key] == (one.truth, one.answer) for key in last) for side in plain]
        assert counts == [one.a, one.b]
        assert one.total == sum(plain[0][key][0] == one.truth for key in last)
    for change in found.changes:
        own = [key for key in last if plain[0][key][0] == change.name]
        assert change.b == pytest.approx(np.mean([plain[1][key][0] == plain[1][key][1] for key in own]))
    moves = [abs(change.b - change.a) for change in found.changes]
    assert moves == sorted(moves, reverse=True)


def test_the_values_are_those_of_the_results(found: Comparison) -> None:
    for side, name in ((found.a, "a"), (found.b, "b")):
        for row, (context, tests) in zip(side.head.rows, found.tests, strict=True):
            assert row.context == context
            assert getattr(tests[0], name) == pytest.approx(row.metrics["accuracy"].value)


def test_the_same_shots_are_paired_and_other_shots_are_not(runs: Path, found: Comparison, pair: tuple[Run, Run]) -> None:
    assert found.units.paired
    assert "paired differences" in found.headline[0].over_draws.how
    other = answered(runs, {"cosine": 2.0}, seed=1)
    unlike = compare(compared_run(runs, pair[0].folder.name), compared_run(runs, other.folder.name), SECTIONS, 2)
    assert not unlike.units.paired
    assert "Welch" in unlike.headline[0].over_draws.how
    assert min(unlike.units.left_out) > 0
    assert f"left out: {unlike.units.left_out[0]} only in A" in shown(unlike)
    assert "so draws of A and B are not paired" in shown(unlike)


def test_fewer_draws_leave_the_shots_paired(runs: Path, pair: tuple[Run, Run]) -> None:
    fewer = answered(runs, {"cosine": 2.0}, changed("protocol", draws=2))
    less = compare(compared_run(runs, pair[0].folder.name), compared_run(runs, fewer.folder.name), SECTIONS, 0)
    assert less.units.paired
    assert less.units.draws == (4, 2, 2)
    assert "A has 4 draws and B 2; the 2 common ones are compared." in shown(less)


def test_settings_that_differ(found: Comparison) -> None:
    assert found.settings == {"training.epochs": (found.a.recipe["training"]["epochs"], 7)}


def test_maps_show_the_better_embedding(found: Comparison) -> None:
    one, other = found.maps.drawn
    assert (one.knn.value or 0) > (other.knn.value or 1)
    assert one.places.shape == (len(found.maps.ids), 2)
    assert set(found.maps.ids) == set(found.units.at({"session": 0})["id"])


# -- heads and errors -------------------------------------------------------------------------------------


def test_without_draws_no_sentence_mentions_draws(tmp_path: Path) -> None:
    """Differing data or seeds are named, because training rows and references may then differ as well."""
    closed = {**MELODIES, "protocol": {"name": "closed_set", "test": 0.5}}
    one, other = (answered(tmp_path, {"cosine": 2.0}, closed, seed=seed, answer_seed=seed) for seed in (0, 1))
    found = compare(compared_run(tmp_path, str(one.folder)), compared_run(tmp_path, str(other.folder)), SECTIONS, 3)
    assert found.differing == ["seed"]
    assert not found.graded
    told = " ".join([*words.verdict(found), *(text for pair in words.meanings(found) for text in pair)])
    assert "A and B differ in seed, so training rows and references may differ as well" in told
    assert "draw" not in told
    assert "over draws" not in terminal_text(found)


def terminal_text(found: Comparison) -> str:
    console = Console(width=150, file=io.StringIO())
    with console.capture() as captured:
        console.print(terminal.comparison(found))
    return captured.get()


def test_two_heads_of_one_run(runs: Path, pair: tuple[Run, Run]) -> None:
    name = pair[0].folder.name
    heads = compare(compared_run(runs, name), compared_run(runs, f"{name}:cosine+dtw"), SECTIONS, 1)
    assert heads.same_run
    assert heads.b.name == "cosine+dtw"
    assert len(heads.maps.drawn) == 1
    assert heads.settings == {}
    assert page.place(runs, heads.a, heads.b).name == f"compare-{name}-{name}-cosine+dtw.html"


def refusal(runs: Path, a: str, b: str) -> str:
    with pytest.raises(Problem) as told:
        compare(compared_run(runs, a), compared_run(runs, b), SECTIONS, 1)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_runs_that_cannot_be_compared_are_reported(runs: Path, pair: tuple[Run, Run], tmp_path: Path) -> None:
    name = pair[0].folder.name
    assert f"A and B are both the cosine head of {name}; name two of its heads ({name}:cosine, {name}:cosine+dtw)" in refusal(
        runs, name, name
    )
    only = pair[1].folder.name
    assert refusal(runs, only, f"{only}:cosine").endswith("; name another run.")
    assert "has no head 'cosin'; its heads are: cosine, cosine+dtw. Did you mean 'cosine'?" in refusal(runs, name, f"{name}:cosin")
    more = answered(tmp_path, {"cosine": 1.0}, changed("data", classes=9))
    assert "Only B has the classes" in refusal(
        runs,
        name,
        str(answered(tmp_path, {"cosine": 1.0}, {**changed("protocol", sessions=3), "data": {**MELODIES["data"], "classes": 10}}).folder),
    )
    assert "belongs to base in A and to session 1 in B" in refusal(
        runs, name, str(answered(tmp_path, {"cosine": 1.0}, changed("protocol", base=2, sessions=3)).folder)
    )
    assert more.state() == "finished"
    shutil.copytree(pair[0].folder, tmp_path / "stopped")
    Run(tmp_path / "stopped").update_status("epoch 2", state="failed")
    assert "is failed, and only finished runs can be compared; `scratchlab resume stopped`" in refusal(
        runs, name, str(tmp_path / "stopped")
    )


def test_no_common_query_and_different_labels_are_reported() -> None:
    one = [("x", "x", 0, -1, "p", "p")]
    with pytest.raises(Problem, match="There are no common queries among the 1 of A and the 1 of B"):
        pair_units(rows(one), rows([("y", "y", 0, -1, "p", "p")]), LAYOUT, CONTEXTS, paired=True)
    with pytest.raises(Problem, match="1 of the common queries have different true classes in A and B \\(x: 'p' and 'q'\\)"):
        pair_units(rows(one), rows([("x", "x", 0, -1, "q", "p")]), LAYOUT, CONTEXTS, paired=True)


# -- the command ------------------------------------------------------------------------------------------


def shown(found: Comparison) -> str:
    console = Console(width=160, file=io.StringIO(), record=True)
    console.print(terminal.comparison(found))
    return console.export_text()


def test_the_command_writes_a_page_and_says_where(
    runs: Path, pair: tuple[Run, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = (run.folder.name for run in pair)
    monkeypatch.setattr(sys, "argv", ["scratchlab", "compare", a, b, "--runs", str(runs), "--samples", "1"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().out
    assert not ended.value.code
    assert (runs / f"compare-{a}-{b}.html").resolve().as_uri() in told
    assert (runs / f"compare-{a}-{b}.html").exists()
    assert "training.epochs" in told
    elsewhere = tmp_path / "new" / "page.html"
    monkeypatch.setattr(sys, "argv", ["scratchlab", "compare", a, b, "--runs", str(runs), "--out", str(elsewhere)])
    with pytest.raises(SystemExit):
        main()
    assert elsewhere.exists()
    monkeypatch.setattr(sys, "argv", ["scratchlab", "compare", a, b, "--runs", str(runs), "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "is a folder; give a file with --out" in " ".join(capsys.readouterr().err.split())
