"""A comparison: counted from the predictions by hand, refused where there is nothing to compare."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from tests.report.compared import MELODIES, answered

from scratchlab.analysis import sides
from scratchlab.analysis.changes import flips
from scratchlab.analysis.comparison import Comparison, compare, differing
from scratchlab.analysis.contests import contests, joined
from scratchlab.checks import Problem
from scratchlab.cli import main
from scratchlab.experiment import SECTIONS
from scratchlab.report.compare import page, terminal
from scratchlab.store.run import Run


def changed(section: str, **settings: Any) -> dict[str, Any]:
    return {**MELODIES, section: {**MELODIES.get(section, {}), **settings}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compared")


@pytest.fixture(scope="module")
def pair(runs: Path) -> tuple[Run, Run]:
    """The same recipe but for the epochs; the second answers better."""
    heads = {"cosine": 2.0, "cosine+dtw": 3.0}
    return answered(runs, heads), answered(runs, {"cosine": 3.0}, changed("training", epochs=7), dice=1, noise=0.6)


@pytest.fixture(scope="module")
def found(runs: Path, pair: tuple[Run, Run]) -> Comparison:
    return compare(sides.side(runs, pair[0].folder.name), sides.side(runs, str(pair[1].folder)), SECTIONS, 3)


def rows(answers: list[tuple[str, str, int, int, str, str]]) -> pl.LazyFrame:
    return pl.LazyFrame(answers, schema=["id", "group", "session", "draw", "truth", "predicted"], orient="row")


# -- numbers ----------------------------------------------------------------------------------------------


def test_by_hand() -> None:
    """Three queries, two draws of session 1; z is new, and only of A. B gains x twice and loses y once."""
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
    together = joined(rows([*a, ("z", "z", 1, 0, "p", "p")]), rows(b), paired=True)
    assert (together.left_out, together.draws, together.last) == ((1, 0), (2, 2, 2), 1)
    of = contests(together, ("p", "q"))
    assert [(one.name, one.queries, one.both, one.only_a, one.only_b, one.neither) for one in of[1]] == [
        ("all classes", 2, 1, 1, 2, 0),
        ("base", 1, 0, 0, 2, 0),
        ("new", 1, 1, 1, 0, 0),
    ]
    assert [one.name for one in of[0]] == ["all classes"]
    whole = of[1][0]
    assert (whole.a, whole.b, whole.over_draws.value, whole.over_groups.value) == (0.5, 0.75, 0.25, 0.25)
    assert (whole.test.first, whole.test.second, whole.test.units) == (1, 1, 2)  # over both draws, y went to A and x to B
    assert "nothing was drawn" in of[0][0].over_draws.how
    won_a, won_b, number = flips(together, 5)
    assert number == (1, 1)
    assert (won_a[0].id, won_a[0].only_a, won_a[0].only_b, won_a[0].answers_b) == ("y", 1, 0, (("p", 1), ("r", 1)))
    assert (won_b[0].id, won_b[0].draws, won_b[0].answers_b) == ("x", 2, (("p", 2),))


def test_queries_of_one_speaker_count_as_one() -> None:
    a = [(f"q{i}", f"speaker {i % 3}", 0, -1, "p", "q") for i in range(30)]
    b = [(f"q{i}", f"speaker {i % 3}", 0, -1, "p", "p" if i % 3 else "q") for i in range(30)]
    (one,) = contests(joined(rows(a), rows(b), paired=True), ("p",))[0]
    assert (one.unit, one.test.units, one.test.second) == ("group", 3, 2)
    assert one.over_groups.how.startswith("bootstrap over 3 groups of the queries")


def test_every_number_is_counted_from_the_predictions(found: Comparison, pair: tuple[Run, Run]) -> None:
    tables = [run.table("predictions").filter(head="cosine").cast({"truth": pl.String, "predicted": pl.String}) for run in pair]
    plain = [
        {(row["id"], row["session"], row["draw"]): (row["truth"], row["predicted"]) for row in table.iter_rows(named=True)}
        for table in tables
    ]
    assert plain[0].keys() == plain[1].keys()
    base = set(list(found.arrivals)[:4])
    for number, of in found.sessions.items():
        for one in of:
            keys = [
                key
                for key, (truth, _) in plain[0].items()
                if key[1] == number and {"all classes": True, "base": truth in base, "new": truth not in base}[one.name]
            ]
            right = [[side[key][0] == side[key][1] for key in keys] for side in plain]
            assert one.both == sum(a and b for a, b in zip(*right, strict=True))
            assert one.only_b == sum(b and not a for a, b in zip(*right, strict=True))
            assert (one.a, one.b) == pytest.approx((np.mean(right[0]), np.mean(right[1])))
            assert one.over_groups.value == pytest.approx(np.mean(right[1]) - np.mean(right[0]))
    last = [key for key in plain[0] if key[1] == 2]
    for one in found.confusions.shifts(5):
        counts = [sum(side[key] == (one.truth, one.answer) for key in last) for side in plain]
        assert counts == [one.a, one.b]
        assert one.asked == sum(plain[0][key][0] == one.truth for key in last)
    for change in found.classes:
        own = [key for key in last if plain[0][key][0] == change.name]
        assert change.b == pytest.approx(np.mean([plain[1][key][0] == plain[1][key][1] for key in own]))
    moves = [abs(change.b - change.a) for change in found.classes]
    assert moves == sorted(moves, reverse=True)


def test_the_accuracies_are_those_of_the_summaries(found: Comparison) -> None:
    for side, name in ((found.a, "a"), (found.b, "b")):
        for session in side.summary["heads"][side.head]["sessions"]:
            whole = found.sessions[session["session"]][0]
            assert getattr(whole, name) == pytest.approx(session["accuracy"]["value"])


def test_the_same_shots_are_paired_and_other_shots_are_not(runs: Path, found: Comparison, pair: tuple[Run, Run]) -> None:
    assert found.found.paired
    assert "paired differences" in found.last[0].over_draws.how
    other = answered(runs, {"cosine": 2.0}, seed=1)
    unlike = compare(sides.side(runs, pair[0].folder.name), sides.side(runs, other.folder.name), SECTIONS, 2)
    assert not unlike.found.paired
    assert "Welch" in unlike.last[0].over_draws.how
    assert min(unlike.found.left_out) > 0
    assert f"left out: {unlike.found.left_out[0]} that only A was asked" in shown(unlike)
    assert "draw 1 of A has nothing to do with draw 1 of B" in shown(unlike)


def test_fewer_draws_leave_the_shots_paired(runs: Path, pair: tuple[Run, Run]) -> None:
    fewer = answered(runs, {"cosine": 2.0}, changed("protocol", draws=2))
    less = compare(sides.side(runs, pair[0].folder.name), sides.side(runs, fewer.folder.name), SECTIONS, 0)
    assert less.found.paired
    assert less.found.draws == (4, 2, 2)
    assert "A has 4 draws of the shots and B 2; the 2 that both have are compared." in shown(less)


def test_settings_that_differ(found: Comparison) -> None:
    assert found.settings == [("training.epochs", found.a.recipe["training"]["epochs"], 7)]
    a, b = {"seed": 0, "augment": {"noise": {"snr": 3}, "plain": {}}}, {"seed": 1, "augment": {}}
    assert differing(a, b) == [("seed", 0, 1), ("augment.noise.snr", 3, None), ("augment.plain", "", None)]


def test_maps_tell_the_better_embedding(found: Comparison) -> None:
    one, other = found.maps.drawn
    assert (one.knn.value or 0) > (other.knn.value or 1)
    assert one.places.shape == (len(found.maps.ids), 2)
    assert set(found.maps.ids) == set(found.found.session(0)["id"])


# -- sides and refusals -----------------------------------------------------------------------------------


def test_two_heads_of_one_run(runs: Path, pair: tuple[Run, Run]) -> None:
    name = pair[0].folder.name
    heads = compare(sides.side(runs, name), sides.side(runs, f"{name}:cosine+dtw"), SECTIONS, 1)
    assert heads.same_run
    assert heads.b.head == "cosine+dtw"
    assert len(heads.maps.drawn) == 1
    assert heads.settings == []
    assert page.place(runs, heads.a, heads.b).name == f"compare-{name}-{name}-cosine+dtw.html"


def refusal(runs: Path, a: str, b: str) -> str:
    with pytest.raises(Problem) as told:
        compare(sides.side(runs, a), sides.side(runs, b), SECTIONS, 1)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_what_cannot_be_compared_is_told(runs: Path, pair: tuple[Run, Run], tmp_path: Path) -> None:
    name = pair[0].folder.name
    assert f"Both sides are the cosine head of {name}; name two of its heads ({name}:cosine, {name}:cosine+dtw)" in refusal(
        runs, name, name
    )
    only = pair[1].folder.name
    assert refusal(runs, only, f"{only}:cosine").endswith("; name another run.")
    assert "has no head 'cosin'; its heads are: cosine, cosine+dtw. Did you mean 'cosine'?" in refusal(runs, name, f"{name}:cosin")
    more = answered(tmp_path, {"cosine": 1.0}, changed("data", classes=9))
    assert "Only B knows" in refusal(
        runs,
        name,
        str(answered(tmp_path, {"cosine": 1.0}, {**changed("protocol", sessions=3), "data": {**MELODIES["data"], "classes": 10}}).folder),
    )
    assert "was learned in session" in refusal(
        runs, name, str(answered(tmp_path, {"cosine": 1.0}, changed("protocol", base=2, sessions=3)).folder)
    )
    assert more.state() == "finished"
    shutil.copytree(pair[0].folder, tmp_path / "stopped")
    Run(tmp_path / "stopped").tell("epoch 2", state="failed")
    assert "is failed, and only finished runs can be compared; `scratchlab resume stopped`" in refusal(
        runs, name, str(tmp_path / "stopped")
    )


def test_no_common_query_and_other_labels_are_told() -> None:
    one = [("x", "x", 0, -1, "p", "p")]
    with pytest.raises(Problem, match="There is no common query among the 1 of A and the 1 of B"):
        joined(rows(one), rows([("y", "y", 0, -1, "p", "p")]), paired=True)
    with pytest.raises(Problem, match="1 of the common queries have another true class in B than in A \\(x: 'p' and 'q'\\)"):
        joined(rows(one), rows([("x", "x", 0, -1, "q", "p")]), paired=True)


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
    assert "is a folder; give --out a file" in " ".join(capsys.readouterr().err.split())
