"""Retrieval against a slow reference that sorts, a case computed by hand, and fast-reid's code where its rules agree."""

from __future__ import annotations

import importlib
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchlab.checks import Problem
from scratchlab.metrics import ranks
from scratchlab.metrics.estimate import over_groups
from scratchlab.metrics.ranking import TIE_RULES, Retrieval, Rules, Ties, retrieval

Ints = list[int]


class Case(typing.NamedTuple):
    distances: np.ndarray
    query_ids: np.ndarray
    gallery_ids: np.ndarray
    query_cameras: np.ndarray
    gallery_cameras: np.ndarray


def slow(case: Case, rules: Rules) -> list[dict[str, Any] | None]:
    """Reference implementation: sorts every row, probe by probe."""
    result: list[dict[str, Any] | None] = []
    for i, (identity, camera) in enumerate(zip(case.query_ids, case.query_cameras, strict=True)):
        columns = []
        ignored = 0
        for j, (other, its_camera) in enumerate(zip(case.gallery_ids, case.gallery_cameras, strict=True)):
            if other in rules.junk:
                continue
            if other == identity and its_camera == camera and rules.same_camera == "ignore":
                ignored += 1
                continue
            last = {"gallery_order": 0, "optimistic": int(other != identity), "pessimistic": int(other == identity)}[rules.ties]
            columns.append((case.distances[i, j], last, j))
        columns.sort()
        places = [rank for rank, (_, _, j) in enumerate(columns, 1) if case.gallery_ids[j] == identity]
        if not places:
            result.append(None)
            continue
        precisions = [number / rank for number, rank in enumerate(places, 1)]
        result.append(
            {
                "ap": sum(precisions) / len(places),
                "inp": len(places) / places[-1],
                "first": places[0],
                "nearest": columns[0][2],
                "ignored": ignored,
            }
        )
    return result


def fast(case: Case, rules: Rules) -> Retrieval:
    cameras = (None, None) if rules.same_camera == "none" else (case.query_cameras, case.gallery_cameras)
    return retrieval(case.distances, case.query_ids, case.gallery_ids, *cameras, rules)


def equal(result: Retrieval, slow_retrieval: list[dict[str, Any] | None]) -> None:
    matched = [i for i, one in enumerate(slow_retrieval) if one is not None]
    assert result.rows.tolist() == matched
    assert result.unmatched == len(slow_retrieval) - len(matched)
    for name in ("ap", "inp"):
        assert getattr(result, name) == pytest.approx([one[name] for one in slow_retrieval if one], abs=1e-12)
    for name in ("first", "nearest"):
        assert getattr(result, name).tolist() == [one[name] for one in slow_retrieval if one]
    assert [result.ignored[i] for i in matched] == [one["ignored"] for one in slow_retrieval if one]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Few distinct distances, hence many ties; identities without a probe, without a gallery row, and with a single one."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    probes, gallery, names = draw(st.integers(0, 6)), draw(st.integers(1, 300)), draw(st.integers(1, 12))
    values = rng.integers(0, draw(st.sampled_from([2, 5, 1000])), (probes, gallery)) - 1
    distances = (values / 4).astype(draw(st.sampled_from([np.float32, np.float64])))
    return Case(
        distances,
        rng.integers(-1, names, probes),
        rng.integers(-1, names, gallery),
        rng.integers(0, 3, probes),
        rng.integers(0, 3, gallery),
    )


RULES = st.builds(
    Rules,
    same_camera=st.sampled_from(["ignore", "keep", "none"]),
    ties=st.sampled_from(typing.get_args(Ties)),
    junk=st.sampled_from([(), (-1,), (-1, 0)]),
)


@settings(max_examples=150)
@given(case=cases(), rules=RULES)
def test_counting_equals_sorting(case: Case, rules: Rules) -> None:
    if np.isin(case.gallery_ids, rules.junk).all():
        with pytest.raises(Problem, match="no row but junk"):
            fast(case, rules)
        return
    equal(fast(case, rules), slow(case, rules))


@pytest.mark.parametrize("ties", typing.get_args(Ties))
@pytest.mark.parametrize("levels", [3, 10**6])
def test_probes_with_many_matches_equal_sorting_too(ties: Ties, levels: int) -> None:
    rng = np.random.default_rng(5)
    probes, gallery = 4, 700
    case = Case(
        rng.integers(0, levels, (probes, gallery)).astype(np.float32),
        np.array([0, 1, 0, 7]),
        rng.choice([0, 0, 1, 2], gallery),
        rng.integers(0, 2, probes),
        rng.integers(0, 2, gallery),
    )
    rules = Rules("ignore", ties)
    result = fast(case, rules)
    assert sorted(result.matches > ranks.MOST_MATCHES) == [False, True, True]
    equal(result, slow(case, rules))


def test_a_case_by_hand() -> None:
    """Ann (camera 1) against: ann in camera 1 at .1 (ignored), bob .2, ann .3, junk .35, cat .4, ann .5. Ranks of ann: 2 and 4.
    AP = (1/2 + 2/4)/2 = .5; INP = 2/4; first 2. Dan has no row."""
    distances = np.array([[0.1, 0.2, 0.3, 0.35, 0.4, 0.5], [0.5, 0.4, 0.35, 0.3, 0.2, 0.1]])
    rules = Rules("ignore", junk=("junk",))
    result = retrieval(distances, ["ann", "dan"], ["ann", "bob", "ann", "junk", "cat", "ann"], [1, 1], [1, 1, 2, 1, 1, 3], rules)
    assert (result.rows.tolist(), result.unmatched, result.ignored.tolist()) == ([0], 1, [1, 0])
    assert (result.ap.tolist(), result.inp.tolist(), result.first.tolist()) == ([0.5], [0.5], [2])
    assert (result.mean_ap, result.minp, result.cmc(1), result.cmc(2), result.gallery) == (0.5, 0.5, 0.0, 1.0, 5)
    assert result.nearest.tolist() == [1]
    assert "same camera: gallery rows with the identity and the camera of the probe are ignored" in str(rules)


def test_ties_by_hand() -> None:
    """All at equal distance, the match is the second of three rows."""
    distances, ids = np.zeros((1, 3)), ["bob", "ann", "bob"]
    for ties, first in (("optimistic", 1), ("gallery_order", 2), ("pessimistic", 3)):
        assert retrieval(distances, ["ann"], ids, rules=Rules("none", ties)).first.tolist() == [first]


def test_metrics_without_a_match_are_none_not_zero() -> None:
    result = retrieval(np.zeros((2, 3)), ["x", "y"], ["a", "b", "c"])
    assert (result.mean_ap, result.minp, result.cmc(1), result.unmatched) == (None, None, None, 2)


def test_similarities_are_negated_distances() -> None:
    rng = np.random.default_rng(0)
    values, probes, gallery = rng.random((5, 200), dtype=np.float32), rng.integers(0, 9, 5), rng.integers(0, 9, 200)
    one, other = retrieval(values, probes, gallery), retrieval(-values, probes, gallery, similarities=True)
    assert one.ap.tolist() == other.ap.tolist()
    assert one.ap.tolist() != retrieval(values, probes, gallery, similarities=True).ap.tolist()


@pytest.mark.parametrize("change", [np.asfortranarray, lambda x: x[:, ::1].astype(np.float64), lambda x: np.repeat(x, 2, 1)[:, ::2]])
def test_the_memory_layout_does_not_matter(change: Callable[[np.ndarray], np.ndarray]) -> None:
    rng = np.random.default_rng(1)
    values, probes, gallery = rng.random((300, 150), dtype=np.float32), rng.integers(0, 9, 300), rng.integers(0, 9, 150)
    assert retrieval(change(values), probes, gallery).ap.tolist() == retrieval(values, probes, gallery).ap.tolist()


def test_distances_may_be_memory_mapped(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    values, probes, gallery = rng.random((300, 150), dtype=np.float32), rng.integers(0, 9, 300), rng.integers(0, 9, 150)
    np.save(tmp_path / "d.npy", values)
    mapped = np.load(tmp_path / "d.npy", mmap_mode="r")
    assert retrieval(mapped, probes, gallery).ap.tolist() == retrieval(values, probes, gallery).ap.tolist()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("junk", [(), (0,)])
def test_values_that_are_not_finite_are_reported_with_their_position(tmp_path: Path, value: float, junk: tuple[int, ...]) -> None:
    values = np.zeros((600, 40), np.float32)
    values[513, 27] = value
    np.savez(tmp_path / "d.npz", distances=values)
    stored = np.load(tmp_path / "d.npz")["distances"]
    with pytest.raises(Problem, match=rf"hold {value} at row 513 \(probe\), column 27 \(gallery\)"):
        retrieval(stored, np.zeros(600), np.arange(40) // 20, rules=Rules("none", junk=junk))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"distances": np.zeros((2, 4))}, r"must be \[probes, gallery\], here \[2, 3\]; their shape is \[2, 4\]"),
        ({"distances": np.zeros(3)}, r"their shape is \[3\]"),
        ({"distances": np.zeros((2, 3), np.complex64)}, "must be numbers of 64 bits or less; these are of type complex64"),
        ({"query_cameras": [0, 0]}, "rule 'ignore' needs cameras of probes and gallery"),
        ({"query_cameras": [0], "gallery_cameras": [0, 0, 0]}, "2 probes but 1 cameras"),
        ({"query_cameras": [0, 0], "gallery_cameras": [0, 0, 0], "rules": Rules("none")}, "Cameras are given, but .* is 'none'"),
        ({"distances": np.zeros((2, 0)), "gallery_ids": []}, "The gallery holds no row; there is nothing to rank"),
    ],
)
def test_wrong_input_raises_problem(changed: dict[str, Any], sentence: str) -> None:
    given = {"distances": np.zeros((2, 3)), "query_ids": [0, 1], "gallery_ids": [0, 1, 2], **changed}
    with pytest.raises(Problem, match=sentence):
        retrieval(**given)


def test_ranks_begin_with_1() -> None:
    with pytest.raises(Problem, match="Ranks begin with 1"):
        retrieval(np.zeros((1, 1)), [0], [0]).cmc(0)


def test_every_tie_rule_has_a_number() -> None:
    assert TIE_RULES.keys() == set(typing.get_args(Ties))


def test_the_interval_of_mean_ap_is_over_identities() -> None:
    """Twelve different identities of 30 probes each: the interval over identities is far wider than one over probes."""
    rng = np.random.default_rng(0)
    ap = np.clip(np.repeat(rng.normal(0.6, 0.15, 12), 30) + rng.normal(0, 0.01, 360), 0, 1)
    ids = np.repeat([f"person {i}" for i in range(12)], 30)
    result = over_groups(ap, ids, unit="probes", block="identities")
    alone = over_groups(ap, np.arange(360).astype(str), unit="probes", block="identities")
    assert result.value == pytest.approx(ap.mean())
    assert (result.high or 0) - (result.low or 0) > 3 * ((alone.high or 0) - (alone.low or 0))
    assert (result.how, alone.how) == ("bootstrap over 12 identities", "bootstrap over 360 probes")


# -- fast-reid 1.4.0: its rank.py, and its rank_cy.pyx where it is compiled. benchmarks/retrieval.py says how to get both.


@pytest.fixture(scope="module")
def peer() -> Any:
    return pytest.importorskip("rank_cy", reason="fast-reid's rank_cy.pyx is not compiled here; benchmarks/retrieval.py says how")


def without_ties(seed: int, identities: int = 20) -> Case:
    """Distances without ties, whose order is undefined in fast-reid."""
    rng = np.random.default_rng(seed)
    probes, gallery = 60, 500
    distances = np.stack([rng.permutation(gallery) for _ in range(probes)]).astype(np.float32)
    return Case(
        distances,
        rng.integers(0, identities + 5, probes),  # the last five have no gallery row
        np.where(rng.random(gallery) < 0.3, 10**6 + np.arange(gallery), rng.integers(0, identities, gallery)),  # a third are distractors
        rng.integers(0, 6, probes),
        rng.integers(0, 6, gallery),
    )


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_fast_reid_with_junk_and_cameras(peer: Any, seed: int) -> None:
    """Its compiled code computes AP in float32, so values agree to float32 precision; with float64 sums, to 1e-9."""
    case = without_ties(seed)
    result = fast(case, Rules("ignore"))
    _, ap, inp = peer.evaluate_cy(*case, 50)
    assert result.ap == pytest.approx(ap, abs=1e-6)
    assert result.inp == pytest.approx(inp, abs=1e-7)
    wide = importlib.import_module("rank_cy_double")
    cmc, ap, inp = wide.evaluate_cy(*case, 50)
    assert result.unmatched > 0
    assert result.ap == pytest.approx(ap, abs=1e-9)
    assert result.inp == pytest.approx(inp, abs=1e-9)
    assert [result.cmc(k) for k in range(1, 51)] == pytest.approx(cmc, abs=1e-9)


def test_where_the_rules_of_fast_reid_differ(peer: Any) -> None:
    case = without_ties(9)
    junk = np.where(np.arange(500) % 7 == 0, -1, case.gallery_ids)
    with_junk = case._replace(gallery_ids=junk)
    _, ap, _ = peer.evaluate_cy(*with_junk, 50)
    assert fast(with_junk, Rules("ignore")).ap == pytest.approx(ap, abs=1e-6)  # fast-reid counts junk ids as wrong
    assert fast(with_junk, Rules("ignore", junk=(-1,))).mean_ap > ap.mean() + 1e-3  # ignoring them raises AP

    relabelled = case._replace(
        query_cameras=case.query_cameras + 100
    )  # cameras numbered separately for queries and gallery, as its loaders may do
    _, ap, _ = peer.evaluate_cy(*relabelled, 50)
    assert fast(case, Rules("keep")).ap == pytest.approx(ap, abs=1e-6)  # then its camera rule removes nothing

    tied = case._replace(distances=np.floor(case.distances / 50))
    _, ap, _ = peer.evaluate_cy(*tied, 50)
    low, high = (fast(tied, Rules("ignore", ties)).mean_ap for ties in ("pessimistic", "optimistic"))
    assert low < ap.mean() < high  # its order of ties is undefined, within these bounds

    few = Case(np.array([[0.0], [1.0]], np.float32).T.repeat(2, 0), np.array([0, 1]), np.array([0, 2]), np.zeros(2, int), np.ones(2, int))
    assert fast(few, Rules("ignore")).unmatched == 1
    assert len(peer.evaluate_cy(*few, 1)[1]) == 1  # excluded from the mean, and not counted
