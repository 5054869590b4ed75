"""A run in MLflow: its settings, its records epoch by epoch, its headline, recipe and report.

Where to: MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME, as everywhere in MLflow; else `mlflow.db` in the folder of the runs (SQLite,
MLflow's own default since 3.7) and an experiment with the recipe's name; `mlflow ui --backend-store-uri sqlite:///runs/mlflow.db` shows it.

Nothing is remembered here: which MLflow run is this run's, a tag tells, and which epochs it has, its history. So a run that was killed
goes on in the same one, without a point twice.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import logging
import os
import re
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from scratchlab.checks import installed
from scratchlab.mirrors import facts
from scratchlab.mirrors.facts import Point
from scratchlab.store.run import Run

NEEDED = ("mlflow", "sqlalchemy", "alembic")
STATES = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}
LETTERS, VALUE, TAG = 250, 6000, 8000  # longest name, longest value of a setting and of a tag
SETTINGS, METRICS = 100, 1000  # of either in one request
IDENTITY = "scratchlab.run"
DEFAULTS = {  # where the user has not said otherwise: no long waits, for we ask again anyway; no chatter; no word to MLflow's makers
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
T = TypeVar("T")


class Mlflow:
    """Brings one MLflow run up to date with a run's folder."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.own = f"sqlite:///{(run.folder.parent / 'mlflow.db').resolve()}"
        self.client: Any = None
        self.id = ""
        self.epochs: set[int] | None = None

    @classmethod
    def ready(cls) -> None:
        """Raises Problem where MLflow is not installed."""
        installed("The mirror mlflow", "mlflow", *NEEDED)

    @property
    def place(self) -> str:
        """The tracking server's address."""
        return os.environ.get("MLFLOW_TRACKING_URI") or self.own

    def sync(self, *, over: bool) -> None:
        """Sends new epochs; at the end also the headline, the report and how the run ended."""
        try:
            if not self.id:
                self.id = self._opened()
            self._send(self._records())
            if over:
                self._send(facts.headline(self.run))
                self._end()
        except BaseException:
            self.epochs = None  # whether the last request arrived is not known
            raise

    def _opened(self) -> str:
        """The id of this run's MLflow run, which goes on or begins."""
        client, status = self._connected(), self.run.status
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or status["recipe"]
        experiment = client.get_experiment_by_name(name)
        number = experiment.experiment_id if experiment else client.create_experiment(name, artifact_location=self._artifacts())
        identity = f"{self.run.folder.name} {status['created']}"
        found = client.search_runs([number], filter_string=f"tags.`{IDENTITY}` = '{identity}'", max_results=1)
        if found:
            client.update_run(found[0].info.run_id, status="RUNNING")
        began = int(datetime.fromisoformat(status["created"]).timestamp() * 1000)
        opened = found[0] if found else client.create_run(number, began, {IDENTITY: identity} | _tags(self.run), self.run.folder.name)
        param = importlib.import_module("mlflow.entities").Param
        for several in _parted(list(facts.settings(self.run).items()), SETTINGS):
            client.log_batch(opened.info.run_id, params=[param(_name(name), value[:VALUE]) for name, value in several])
        client.log_artifact(opened.info.run_id, str(self.run.folder / "recipe.toml"))
        return opened.info.run_id

    def _connected(self) -> Any:
        """MLflow's client, loaded when it is first needed."""
        if self.client is None:
            for name, value in DEFAULTS.items():
                os.environ.setdefault(name, value)
            logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # it would tell each attempt
            with _uncollected():
                self.client = importlib.import_module("mlflow").MlflowClient(tracking_uri=self.place)
        return self.client

    def _artifacts(self) -> str | None:
        """Beside the database, if it is our own; else where the server says."""
        return (self.run.folder.parent / "mlartifacts").resolve().as_uri() if self.place == self.own else None

    def _records(self) -> list[Point]:
        """The points of epochs that are not there yet."""
        if self.epochs is None:
            self.epochs = {point.step for point in self.client.get_metric_history(self.id, "loss")}
        return [point for point in facts.records(self.run) if point.step not in self.epochs]

    def _send(self, points: list[Point]) -> None:
        """All points of a step in one request, so that none is there in part."""
        metric = importlib.import_module("mlflow.entities").Metric
        for several in _requests(points):
            metrics = [metric(_name(point.name), point.value, point.at, point.step) for point in several]
            self.client.log_batch(self.id, metrics=metrics)
            if self.epochs is not None:
                self.epochs |= {point.step for point in several if point.name == "loss"}

    def _end(self) -> None:
        """The report, and how the run ended."""
        state, where = self.run.state(), self.run.status.get("where", "")
        for name in ("report.html", "diagnosis.json"):
            if (self.run.folder / name).exists():
                self.client.log_artifact(self.id, str(self.run.folder / name))
        self.client.set_tag(self.id, "scratchlab.state", (state if where == state else f"{state}: {where}")[:TAG])
        self.client.set_terminated(self.id, STATES.get(state, "FAILED"))


@contextlib.contextmanager
def _uncollected() -> Generator[None]:
    """No search for garbage while 1,500 modules are loaded beside as many, nor in what is loaded ever after, the program's end included:
    that takes longer than the loading itself. What nobody refers to any more goes as always.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was:
            gc.enable()


def _name(name: str) -> str:
    """In the letters that MLflow allows."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)[:LETTERS]


def _tags(run: Run) -> dict[str, str]:
    """What the run is known by, under the names by which MLflow's pages show some of it."""
    told = {f"scratchlab.{name}": value for name, value in facts.known(run).items()}
    named = {"mlflow.source.name": "scratchlab", "mlflow.note.content": told.get("scratchlab.title", "")}
    commit = {"mlflow.source.git.commit": told["scratchlab.commit"]} if "scratchlab.commit" in told else {}
    return {name: value[:TAG] for name, value in (told | named | commit).items()}


def _parted(things: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), most):
        yield things[start : start + most]


def _requests(points: list[Point]) -> Iterator[Sequence[Point]]:
    """The points in requests of no more than `METRICS`, those of a step together if they fit at all."""
    request = list[Point]()
    for _, group in itertools.groupby(points, key=lambda point: point.step):
        step = list(group)
        if request and len(request) + len(step) > METRICS:
            yield request
            request = []
        request += step
    yield from _parted(request, METRICS)
