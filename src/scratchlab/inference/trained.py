"""A finished run that answers for new inputs: files, or arrays."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

import numpy as np

from scratchlab.checks import Problem, listing, nearest
from scratchlab.inference.inputs import batch, listed, named, read
from scratchlab.inference.prediction import Prediction, Source
from scratchlab.learn.methods.interface import Restorable
from scratchlab.pipeline import SECTIONS, scoring
from scratchlab.result import BASELINES, Result
from scratchlab.store.run import Run
from scratchlab.types import Inputs

FIXED = ("closed_set", "sessions")  # the kinds of evaluation whose queries are of classes that the method learned
AT_A_TIME = 256  # inputs in memory at once
OTHER_WEIGHTS = "last."  # how names of heads begin whose weights, those of the last epoch, a run does not keep


class TrainedRun:
    """The classes that a finished run learned, and its answers for new inputs, on the CPU.

    classes: in the order in which they were learned; after sessions of new classes, those of all sessions, with the first draw's shots.
    heads: the ways to score, the leading one first; baselines and heads of other weights are not kept.

    Raises Problem for a run that is not finished, has no fixed classes, or was made by a version that did not keep their references.
    """

    def __init__(self, run: Run) -> None:
        self.run, result = run, run.result()
        if run.state() != "finished" or result is None:
            raise Problem(f"{run.folder} is {run.state()}, and answers when it is finished; `scratchlab resume {run.folder.name}`.")
        if result.kind not in FIXED:
            raise Problem(
                f"{run.folder} is a run of {result.kind}, which compares inputs with each other and has no fixed classes to answer with; "
                f"a run with the protocol {' or '.join(FIXED)} has, and `scratchlab pair` compares two inputs of this one."
            )
        self.classes: tuple[str, ...] = tuple(result.classes)
        self.heads: tuple[str, ...] = tuple(_heads(result))
        self._pipeline = scoring(run.resolved(SECTIONS, ["training.device=cpu"]), run)  # this machine may lack the device of the training

    def predict(self, inputs: Source | Iterable[Source], head: str | None = None, rate: int | None = None) -> list[Prediction]:
        """The answer for each input: a file of sound of any rate, or of an image, or an array as in `scratchlab.inference.inputs.read`.

        head: a name in `heads`, by default the leading one. rate: of arrays of sound, by default the run's. There is no threshold: each
        input gets one of the classes. Raises Problem, which names the input, where one cannot be read; then none is answered.
        """
        chosen = self.heads[0] if head is None else head
        if chosen not in self.heads:
            raise Problem(f"{self.run.folder} has no head '{chosen}' to answer with: {listing(self.heads)}.{nearest(chosen, self.heads)}")
        return list(self._predictions(listed(inputs), chosen, rate))

    def _predictions(self, sources: list[Source], head: str, rate: int | None) -> Iterator[Prediction]:
        form = self._pipeline.source.form
        method = self._pipeline.method
        assert isinstance(method, Restorable)
        for start in range(0, len(sources), AT_A_TIME):
            some = sources[start : start + AT_A_TIME]
            names = [named(source, number) for number, source in enumerate(some, start + 1)]
            values = [read(source, form, name, rate) for source, name in zip(some, names, strict=True)]
            method.restore(method.tensors())  # forgets the rows before, whose numbers are used again
            scores = method.score(Inputs(np.arange(len(some)), functools.partial(batch, values, form)))[head]
            for name, row in zip(names, scores.values, strict=True):
                yield Prediction.of(name, self.classes, row)


def _heads(result: Result) -> list[str]:
    return [head for head in result.heads if not head.startswith((*BASELINES, OTHER_WEIGHTS))]
