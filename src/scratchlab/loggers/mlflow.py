"""Logs a run to MLflow: its settings, the metrics of its epochs, its headline metrics, recipe and report.

The tracking server and the experiment are MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME, as usual in MLflow; by default `mlflow.db` in the
folder of the runs (SQLite, MLflow's own default since 3.7) and an experiment with the recipe's name.
`mlflow ui --backend-store-uri sqlite:///runs/mlflow.db` shows it.

No state is stored here: the MLflow run is found by a tag, and the epochs already sent by its metric history. A run that is resumed
therefore continues in the same MLflow run, without duplicate values.
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
from scratchlab.loggers import facts
from scratchlab.loggers.facts import Point
from scratchlab.store.run import Run

NEEDED = ("mlflow", "sqlalchemy", "alembic")
STATES = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}
LETTERS, VALUE, TAG = 250, 6000, 8000  # MLflow's length limits: of names, of a setting's value, of a tag's value
SETTINGS, METRICS = 100, 1000  # MLflow's limits per request
IDENTITY = "scratchlab.run"
DEFAULTS = {  # unless set by the user: no long waits, since failed requests are repeated anyway; few log messages; no telemetry
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
T = TypeVar("T")


class Mlflow:
    """Updates one MLflow run from a run's folder."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.default = f"sqlite:///{(run.folder.parent / 'mlflow.db').resolve()}"
        self.client: Any = None
        self.id = ""
        self.epochs: set[int] | None = None

    @classmethod
    def check_installed(cls) -> None:
        """Raise Problem if MLflow is not installed."""
        installed("The experiment logger mlflow", "mlflow", *NEEDED)

    @property
    def address(self) -> str:
        """The tracking server's address."""
        return os.environ.get("MLFLOW_TRACKING_URI") or self.default

    def sync(self, *, final: bool) -> None:
        """Send new epochs; with `final`, also the headline metrics, the report and the final state."""
        try:
            if not self.id:
                self.id = self._opened()
            self._send(self._records())
            if final:
                self._send(facts.headline(self.run))
                self._end()
        except BaseException:
            self.epochs = None  # it is unknown whether the last request arrived
            raise

    def _opened(self) -> str:
        """The id of this run's MLflow run, which is created or continued."""
        client, status = self._connected(), self.run.status
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or status["recipe"]
        experiment = client.get_experiment_by_name(name)
        number = experiment.experiment_id if experiment else client.create_experiment(name, artifact_location=self._artifacts())
        identity = f"{self.run.folder.name} {status['created']}"
        existing = client.search_runs([number], filter_string=f"tags.`{IDENTITY}` = '{identity}'", max_results=1)
        if existing:
            client.update_run(existing[0].info.run_id, status="RUNNING")
        started = int(datetime.fromisoformat(status["created"]).timestamp() * 1000)
        opened = (
            existing[0] if existing else client.create_run(number, started, {IDENTITY: identity} | _tags(self.run), self.run.folder.name)
        )
        param = importlib.import_module("mlflow.entities").Param
        for settings in _chunks(list(facts.settings(self.run).items()), SETTINGS):
            client.log_batch(opened.info.run_id, params=[param(_name(name), value[:VALUE]) for name, value in settings])
        client.log_artifact(opened.info.run_id, str(self.run.folder / "recipe.toml"))
        return opened.info.run_id

    def _connected(self) -> Any:
        """MLflow's client, imported when it is first needed."""
        if self.client is None:
            for name, value in DEFAULTS.items():
                os.environ.setdefault(name, value)
            logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # it would log every attempt
            with _garbage_collection_paused():
                self.client = importlib.import_module("mlflow").MlflowClient(tracking_uri=self.address)
        return self.client

    def _artifacts(self) -> str | None:
        """The folder of artifacts: next to the default database; None, for the server's default, with any other server."""
        return (self.run.folder.parent / "mlartifacts").resolve().as_uri() if self.address == self.default else None

    def _records(self) -> list[Point]:
        """The metrics of epochs that have not been sent yet."""
        if self.epochs is None:
            self.epochs = {point.step for point in self.client.get_metric_history(self.id, "loss")}
        return [point for point in facts.records(self.run) if point.step not in self.epochs]

    def _send(self, points: list[Point]) -> None:
        """Send all points of a step in one request, so that no step is sent in part."""
        metric = importlib.import_module("mlflow.entities").Metric
        for request in _requests(points):
            metrics = [metric(_name(point.name), point.value, point.timestamp, point.step) for point in request]
            self.client.log_batch(self.id, metrics=metrics)
            if self.epochs is not None:
                self.epochs |= {point.step for point in request if point.name == "loss"}

    def _end(self) -> None:
        """Send the report and the final state."""
        state, where = self.run.state(), self.run.status.get("where", "")
        for name in ("report.html", "diagnosis.json"):
            if (self.run.folder / name).exists():
                self.client.log_artifact(self.id, str(self.run.folder / name))
        self.client.set_tag(self.id, "scratchlab.state", (state if where == state else f"{state}: {where}")[:TAG])
        self.client.set_terminated(self.id, STATES.get(state, "FAILED"))


@contextlib.contextmanager
def _garbage_collection_paused() -> Generator[None]:
    """Context without cyclic garbage collection, and on exit exempt all present objects from it: while 1,500 modules are imported, and at
    the program's end, collection would take longer than the import itself. Reference counting still frees objects.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def _name(name: str) -> str:
    """The name, with characters that MLflow does not allow replaced, and cut to MLflow's limit."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)[:LETTERS]


def _tags(run: Run) -> dict[str, str]:
    """The run's tags, including those that MLflow's pages show."""
    tags = {f"scratchlab.{name}": value for name, value in facts.tags(run).items()}
    shown = {"mlflow.source.name": "scratchlab", "mlflow.note.content": tags.get("scratchlab.title", "")}
    commit = {"mlflow.source.git.commit": tags["scratchlab.commit"]} if "scratchlab.commit" in tags else {}
    return {name: value[:TAG] for name, value in (tags | shown | commit).items()}


def _chunks(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), most):
        yield items[start : start + most]


def _requests(points: list[Point]) -> Iterator[Sequence[Point]]:
    """Split points into requests of at most `METRICS`; those of one step stay together if they fit into one request."""
    request = list[Point]()
    for _, group in itertools.groupby(points, key=lambda point: point.step):
        step = list(group)
        if request and len(request) + len(step) > METRICS:
            yield request
            request = []
        request += step
    yield from _chunks(request, METRICS)
