"""Evaluation of episodes: accuracies, AUROC and one row per episode, from scores."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import polars as pl
import pytest
from tests.properties.sample_data import nested

from scratchlab import recipe, result
from scratchlab.analysis.warnings import warnings
from scratchlab.checks import Problem
from scratchlab.data.protocols.episodes import Episodes, EpisodesPlan
from scratchlab.evaluation import episodes
from scratchlab.evaluation.catalog import EVALUATIONS
from scratchlab.pipeline import SECTIONS
from scratchlab.report.run.kinds.episodes import section
from scratchlab.report.run.page import page
from scratchlab.store.run import Run
from scratchlab.types import Batch, Rows, Samples

T = TypeVar("T")
Answering = Callable[[Rows, Rows], np.ndarray]
SETTINGS: dict[str, Any] = {"way": 3, "shots": [1, 2], "query": 2, "episodes": 40, "test": 0.5}


class Silent:
    def over(self, items: Sequence[T], name: str) -> Iterator[T]:
        del name
        return iter(items)


class Asked:
    """A method whose scores are given functions; it records the shapes of its inputs."""

    def __init__(self, **heads: Answering) -> None:
        self.heads, self.shapes = heads, list[tuple[tuple[int, ...], tuple[int, ...]]]()

    def episodes(self, support: Rows, query: Rows, load: Callable[[Rows], Batch]) -> dict[str, np.ndarray]:
        assert len(load(query[0]).values) == query.shape[1]
        self.shapes.append((support.shape, query.shape))
        return {name: answer(support, query).astype(np.float32) for name, answer in self.heads.items()}


def knowing(samples: Samples) -> Answering:
    """1 for the right class, 0 for the others."""
    return lambda support, query: samples.labels[query][:, :, None] == samples.labels[support[:, :, 0]][:, None]


def guessing(support: Rows, query: Rows) -> np.ndarray:
    """Arbitrary scores, computed from row numbers."""
    return np.sin(query[:, :, None] * 12.9898 + support[:, None, :, 0] * 78.233)


def evaluated(plan: EpisodesPlan, samples: Samples, method: Asked, baselines: Asked | None = None) -> result.Result:
    asker: Any = SimpleNamespace(episodes=method.episodes, baselines=baselines or Asked())
    return EVALUATIONS["episodes"](plan, asker, samples, Silent())


def test_accuracies_by_shots_and_distribution_of_queries() -> None:
    samples = nested()
    plan = Episodes(0, **SETTINGS).plan(samples)
    method = Asked(right=knowing(samples), guess=guessing)
    outcome = evaluated(plan, samples, method, Asked(**{"untrained.l2": guessing}))
    assert list(outcome.heads) == ["right", "guess", "untrained.l2"]
    keys = ["accuracy_1_shot", "accuracy_2_shot", "accuracy_1_shot_dirichlet", "accuracy_2_shot_dirichlet"]
    assert list(outcome.head.metrics) == keys
    assert [one.value for one in outcome.head.metrics.values()] == [1.0] * 4
    assert outcome.heads["guess"] == outcome.heads["untrained.l2"]
    assert method.shapes == [((40, 3, 1), (40, 12)), ((40, 3, 2), (40, 12))]
    assert outcome.headline == "right head: 3-way 1-shot 100.0% [100.0%, 100.0%], 2-shot 100.0% [100.0%, 100.0%] over 40 episodes"
    chance = [warning for warning in warnings(outcome, []) if "at chance" in warning]
    assert len(chance) == 1
    assert re.fullmatch(r"The guess head is at chance: .* accuracy, where guessing gives 33\.3%\.", chance[0])


def test_metrics_are_means_of_the_units() -> None:
    samples = nested()
    plan = Episodes(0, **SETTINGS, unknown=1).plan(samples)
    outcome = evaluated(plan, samples, Asked(guess=guessing, right=knowing(samples)))
    table = outcome.units.collect()
    assert outcome.layout == result.Layout("episode", "accuracy", ("shot", "queries"), headline={"shot": 1, "queries": "balanced"})
    assert outcome.head.headline in outcome.head.rows[0].metrics.values()
    assert outcome.head.rows[0].context == outcome.layout.headline
    assert not outcome.head.detailed
    assert table.height == 2 * 2 * 2 * 40
    assert table["id"].n_unique() == 40
    assert table["id"][12] == table["group"][12]
    assert re.fullmatch(r"episode-00012-[0-9a-f]{8}", table["id"][12])
    for head, one in outcome.heads.items():
        assert list(one.metrics)[4:] == ["AUROC_1_shot", "AUROC_2_shot", "AUROC_1_shot_dirichlet", "AUROC_2_shot_dirichlet"]
        for row in one.rows:
            shot, queries = row.context["shot"], row.context["queries"]
            own = table.filter(pl.col("head") == head, pl.col("shot") == shot, pl.col("queries") == queries)
            kind = "" if queries == "balanced" else f"_{queries}"
            for metric, column in (("accuracy", "value"), ("AUROC", "auroc")):
                assert row.metrics[metric] == one.metrics[f"{metric}_{shot}_shot{kind}"]
                assert row.metrics[metric].value == pytest.approx(own[column].mean())
            assert row.counts == {"episodes": 40, "classes": 3}
    assert outcome.heads["right"].metrics["AUROC_1_shot"].value == 1.0
    assert any("and 2 of unknown classes" in note for note in outcome.notes)


def test_a_query_is_scored_by_its_own_episode() -> None:
    """The first class is always predicted: the accuracy of an episode is the fraction of its queries of that class."""
    samples = nested()
    plan = Episodes(0, **SETTINGS, dirichlet=0.5).plan(samples)
    first = evaluated(plan, samples, Asked(first=lambda support, query: np.eye(3)[np.zeros(query.shape, int)])).units.collect()
    for name, queries in plan.queries_by.items():
        own = first.filter(pl.col("shot") == 1, pl.col("queries") == name)["value"].to_numpy()
        assert np.allclose(own, (queries.target == 0).mean(axis=1))


def test_differences_are_paired_by_episode() -> None:
    samples = nested()
    plan = Episodes(0, **SETTINGS, dirichlet=0.0).plan(samples)
    outcome = evaluated(plan, samples, Asked(right=knowing(samples), guess=guessing))
    (first, _) = outcome.facts["differences"]
    assert (first["head"], first["against"], first["shot"], first["queries"]) == ("right", "guess", 1, "balanced")
    assert first["value"] == pytest.approx(1 - (outcome.heads["guess"].headline.value or 0))
    assert first["how"] == "mean over 40 episodes, Student's t interval of the paired differences"


def test_ids_of_episodes_depend_on_their_samples_not_only_on_their_number() -> None:
    """Otherwise different episodes of runs with different seeds would be paired."""
    samples = nested()

    def ids(seed: int, **changed: Any) -> set[str]:
        plan = Episodes(seed, **{**SETTINGS, **changed}).plan(samples)
        return set(evaluated(plan, samples, Asked(guess=guessing)).units.collect()["id"])

    assert ids(0) == ids(0)
    assert not ids(0) & ids(1)
    assert ids(0) != ids(0, dirichlet=0.5)
    assert ids(0, episodes=10) < ids(0)


def test_tiling_does_not_change_results(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = nested()
    plan = Episodes(0, **SETTINGS, unknown=1).plan(samples)
    whole = evaluated(plan, samples, Asked(guess=guessing))
    monkeypatch.setattr(episodes, "SCORES", 3 * 16 * 7)
    method = Asked(guess=guessing)
    tiled = evaluated(plan, samples, method)
    assert len(method.shapes) == 12
    assert tiled == whole
    assert tiled.units.collect().equals(whole.units.collect())


def test_scores_that_are_not_finite_raise_problem() -> None:
    samples = nested()
    with pytest.raises(Problem, match="The broken head gives scores that are not finite in 1-shot episodes"):
        evaluated(Episodes(0, **SETTINGS).plan(samples), samples, Asked(broken=lambda s, q: np.full((len(q), q.shape[1], 3), np.nan)))


def test_the_page_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Saved and loaded, a result fills a page, whose code snippet computes the headline."""
    samples = nested()
    outcome = evaluated(Episodes(0, **SETTINGS, unknown=1).plan(samples), samples, Asked(guess=guessing, right=knowing(samples)))
    run = Run.create(tmp_path, recipe.resolve({"protocol": {"name": "episodes", **SETTINGS}}, SECTIONS, "episodes"))
    with run.writing():
        run.save_result(outcome)
        run.update_status("finished", state="finished")
    again = run.result()
    assert again is not None
    assert again == outcome
    text = page(run)
    assert "Accuracy of <bdi>guess</bdi> minus accuracy of the other head" in text
    assert "episode_auroc" in text
    monkeypatch.chdir(run.folder)
    exec(section(again, []).snippet, {})
    assert capsys.readouterr().out.strip() == str(outcome.head.headline)
