"""Everything that reads results supports every kind: one small real run of each, with every consumer."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console, RenderableType

from scratchlab.analysis.compared import compared_run
from scratchlab.analysis.comparison import compare
from scratchlab.analysis.confusion import confusions
from scratchlab.analysis.correlate import correlate
from scratchlab.evaluation.catalog import EVALUATIONS
from scratchlab.experiment import perform
from scratchlab.learn.checkpoints import NullStore
from scratchlab.loggers import facts
from scratchlab.notebook.index.sources.of_run import of_run
from scratchlab.notebook.writing.cards import card
from scratchlab.notebook.writing.plots import charts
from scratchlab.observe.progress import ProgressBar
from scratchlab.pipeline import SECTIONS, assemble
from scratchlab.recipe import resolve
from scratchlab.report import terminal as lists
from scratchlab.report import words
from scratchlab.report.compare import page as compare_page
from scratchlab.report.compare import terminal as compare_terminal
from scratchlab.report.run import page, terminal
from scratchlab.report.run.kinds.catalog import SECTIONS as PAGE_SECTIONS
from scratchlab.result import Result
from scratchlab.store.run import Run
from scratchlab.sweeps.sweep import result_columns

SMALL: dict[str, Any] = {
    "data": {"name": "sklearn_digits"},
    "frontend": {"name": "pixels"},
    "encoder": {"name": "mlp", "hidden": [16]},
    "similarity": {"cosine": {}, "l2": {}},
    "training": {"epochs": 2, "batch": 100},
}
PROTOCOLS: dict[str, dict[str, Any]] = {
    "closed_set": {},
    "sessions": {"base": 6, "way": 2, "sessions": 2, "draws": 3, "order": "source"},
    "episodes": {"test": ["6", "7", "8", "9"], "valid": 0.0, "way": 3, "shots": [1, 2], "query": 4, "episodes": 30},
    "retrieval": {"test": ["6", "7", "8", "9"], "valid": 0.0, "probes": 5, "camera": "", "same_camera": "none"},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A finished run of each kind."""
    folder, runs = tmp_path_factory.mktemp("kinds"), dict[str, Run]()
    for kind, settings in PROTOCOLS.items():
        recipe = resolve({**SMALL, "protocol": {"name": kind, **settings}}, SECTIONS, kind)
        runs[kind] = Run.create(folder, recipe, f"A run of {kind}")
        perform(recipe, runs[kind], Console(quiet=True))
    return runs


def printed(what: RenderableType) -> str:
    console = Console(width=250, file=io.StringIO(), record=True)
    console.print(what)
    return console.export_text()


def result_of(run: Run) -> Result:
    result = run.result()
    assert result
    return result


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_predictions_are_compared_with_true_labels(kind: str) -> None:
    """Changing the given labels of queries or gallery does not change the result."""
    pipeline = assemble(resolve({**SMALL, "protocol": {"name": kind, **PROTOCOLS[kind]}}, SECTIONS, kind), NullStore())
    pipeline.trainer.settings.configure_process()
    samples = pipeline.source.read()
    plan = pipeline.protocol.plan(samples)
    pipeline.method.learn(plan.split.view(samples))
    used = np.concatenate([rows for split in plan.splits for rows in (split.train, split.valid, split.reference)])
    evaluated, given = np.setdiff1d(plan.rows, used), samples.labels.copy()
    given[evaluated] = (given[evaluated] + 1) % len(samples.classes)
    assert len(evaluated)
    bar = ProgressBar(Console(quiet=True))
    one, other = (EVALUATIONS[kind](plan, pipeline.method, rows, bar) for rows in (samples, replace(samples, given=given)))
    assert one.values() == other.values()
    assert one.units.collect().equals(other.units.collect())


def test_every_kind_is_covered() -> None:
    assert PROTOCOLS.keys() == EVALUATIONS.keys() == PAGE_SECTIONS.keys()


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_lists_and_tables(kind: str, runs: dict[str, Run]) -> None:
    run, result = runs[kind], result_of(runs[kind])
    assert result.kind == kind
    value = f"{result.head.headline.value:.1%}"
    for text in (printed(lists.runs([run])), printed(terminal.outcome(run))):
        assert value in text
        assert words.name(result.metric) in text
    for note in result.notes:
        assert note.split(". ")[0][:60] in " ".join(printed(terminal.outcome(run)).split())


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_the_page(kind: str, runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    text = page.page(runs[kind])
    result = result_of(runs[kind])
    assert words.percent(result.head.headline.value or 0) in text
    for head in result.heads:
        assert head in text
    monkeypatch.chdir(runs[kind].folder)
    found: dict[str, Any] = {}
    exec(PAGE_SECTIONS[kind](result, confusions(result)).snippet, found)
    assert found["headline"].value == pytest.approx(result.head.headline.value)


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_two_heads_are_compared(kind: str, runs: dict[str, Run]) -> None:
    run, result = runs[kind], result_of(runs[kind])
    one, other = list(result.heads)[:2]
    found = compare(*(compared_run(run.folder.parent, f"{run.folder}:{head}") for head in (one, other)), SECTIONS, 2)
    assert len(found.tests) == len(result.head.rows)
    for (context, tests), row in zip(found.tests, result.head.rows, strict=True):
        assert context == row.context
        assert tests[0].a is not None
    assert "None" not in printed(compare_terminal.comparison(found))
    assert found.a.name in compare_page.page(found)


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_tables_of_many_runs(kind: str, runs: dict[str, Run]) -> None:
    run, result = runs[kind], result_of(runs[kind])
    found = result_columns(run)
    assert found[f"test.{result.leading}"] == result.head.headline.value
    table = pl.DataFrame([{**found, "rate": rate, f"test.{result.leading}": rate + 0.1} for rate in (0.1, 0.2, 0.3, 0.4, 0.5)])
    (cell,) = correlate(table, ["rate"], [f"test.{result.leading}"], [], []).cells
    assert cell.correlation.r.value == pytest.approx(1)


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_loggers_and_notes(kind: str, runs: dict[str, Run]) -> None:
    run, result = runs[kind], result_of(runs[kind])
    sent = {(point.name, point.step): point.value for point in facts.headline(run)}
    assert sent[f"result.{result.metric}", 0] == result.head.headline.value
    event = of_run(run)
    assert result.headline in event.text
    assert result.headline.split(":")[0] in event.place.path.read_text().splitlines()[event.place.line - 1]
    short = card(run)
    assert short
    assert (short.metric, short.value) == (result.metric, result.head.headline.value)
    pictures = charts(run)
    assert ("contexts" in pictures) == (len(result.head.rows) > 1)


def test_different_kinds_are_not_compared(runs: dict[str, Run]) -> None:
    folders = [runs[kind].folder for kind in ("closed_set", "retrieval")]
    one, other = (compared_run(folder.parent, str(folder)) for folder in folders)
    with pytest.raises(Exception, match="A was evaluated as closed_set and B as retrieval"):
        compare(one, other, SECTIONS, 2)


def test_pages_are_written(runs: dict[str, Run], tmp_path: Path) -> None:
    for run in runs.values():
        assert page.write(run).stat().st_size > 10_000
