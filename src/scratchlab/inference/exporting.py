"""Writes enrolled words, or the embedder of a run, as one ONNX file from the waveform on, which needs neither torch nor this package."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scratchlab.checks import Problem, installed
from scratchlab.inference import home_folder
from scratchlab.inference.dtw_graph import OPSET, dtw_graph
from scratchlab.inference.embedding import LEAD
from scratchlab.inference.home import Home
from scratchlab.inference.recognizer import LOWEST
from scratchlab.inference.recordings import SHORTEST
from scratchlab.inference.trained import TrainedRun
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.whitening import Whitened
from scratchlab.models.frontends import speech_mel
from scratchlab.pipeline import SECTIONS, reopened
from scratchlab.similarity.alignment import DTW
from scratchlab.store import files
from scratchlab.store.run import Run
from scratchlab.types import Embeddings, Floats, Waveform

if TYPE_CHECKING:
    import onnx

TOLERANCE = 1e-4  # largest difference of a score, and of a value of embeddings in units of the largest
CHECKED = (0.3, 1.0, 2.7, 8.0)  # seconds of the sounds that are compared
SUFFIX = ".onnx"


@dataclass(frozen=True)
class Exported:
    """A file that was written. difference: the largest between onnxruntime and torch."""

    path: Path
    megabytes: float
    difference: float
    unit: str

    def __str__(self) -> str:
        return f"{self.path}, {self.megabytes:.1f} MB; checked with onnxruntime: largest difference of {self.unit} {self.difference:.0e}"


@dataclass(frozen=True)
class _Task:
    """Holds an ONNX graph and what checks it.

    inputs: example inputs; expected: returns torch's outputs for an input; relative: whether differences are divided by the largest value;
    about: metadata by name.
    """

    model: onnx.ModelProto
    inputs: Sequence[Floats]
    expected: Callable[[Floats], Sequence[Tensor]]
    relative: bool
    about: Mapping[str, str]


def export(source: Home | TrainedRun | Run | str | Path, path: str | Path) -> Exported:
    """Writes enrolled words or a run's embedder as an ONNX file, checks it with onnxruntime, and returns what was written.

    source: what `scratchlab.load` gives, a run, or the folder of either. Words: `waveform` `[samples]` at the rate in the metadata, of
    0.1 s or more, to `scores` `[k]`, as `Home.scores`, and `steps` `[t, k]`, the scores at each step; words and threshold are in the
    metadata. A run of sound: `waveform` `[samples]`, of images: `image` `[channels, height, width]`; to `vector` `[d]` and `matrix`
    `[t, c]`. Raises Problem where it cannot be exported or differs from torch by more than 1e-4; nothing is written then.

    >>> print(export("home", "words.onnx"))  # doctest: +SKIP
    words.onnx, 1.4 MB; checked with onnxruntime: largest difference of a score 5e-06
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise Problem(f"An exported model is a file whose name ends with {SUFFIX}, such as {path.with_suffix(SUFFIX).name}, not {path}.")
    if path.is_dir():
        raise Problem(f"{path} is a folder; name a file in it: {path / 'model.onnx'}.")
    if not path.parent.is_dir():
        raise Problem(f"There is no folder {path.parent} to write {path.name} into; make it first.")
    installed("The export", "export", "onnx", "onnxscript", "onnxruntime")
    source = _opened(Path(source)) if isinstance(source, (str, Path)) else source
    source = source.run if isinstance(source, TrainedRun) else source
    task = _words(source) if isinstance(source, Home) else _embedder(source)
    differences: list[float] = []

    def fill(temporary: Path) -> None:
        import onnx

        model = cast(Any, onnx)
        model.helper.set_model_props(task.model, dict(task.about))
        model.save_model(task.model, temporary)
        differences.append(_difference(temporary, task))

    files.write(path, fill, "another PATH")
    return Exported(
        path, path.stat().st_size / 1e6, differences[0], "an embedding, relative to its largest value" if task.relative else "a score"
    )


def _opened(folder: Path) -> Home | Run:
    if (folder / home_folder.FILE).exists():
        return home_folder.load(folder)
    if Run(folder).exists:
        return Run(folder)
    raise Problem(
        f"{folder} is neither enrolled words, with a {home_folder.FILE}, nor a run, with a status.json"
        + ("." if folder.exists() else ": there is no such folder.")
    )


# -- what is computed --------------------------------------------------------------------------------------


class _Features(nn.Module):
    """Features `[1, channels, rows, columns]` of one input, with silence around sound."""

    def __init__(self, embedder: Embedder, before: int, after: int) -> None:
        super().__init__()
        self.frontend, self.silence = embedder.frontend, (before, after)

    def forward(self, values: Tensor) -> Tensor:
        return self.frontend(F.pad(values, self.silence)[None])[0]


class ClipEmbeddings(nn.Module):
    """Vector `[d]` and matrix `[t, c]` of features `[1, channels, rows, columns]`."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self.embedder = embedder

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        embeddings: Embeddings = self.embedder.embed_features(features, torch.full((1,), features.shape[3]))
        if isinstance(self.embedder, Whitened):
            embeddings = self.embedder.whitening(embeddings)
        return embeddings.vector[0], embeddings.matrix[0]


class _Centred(ClipEmbeddings):
    """Steps `[t, c]` of features, less the mean step of the references."""

    def __init__(self, home: Home) -> None:
        super().__init__(home.steps.embedder)
        self.mean = home.recognizer.mean

    def forward(self, features: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return super().forward(features)[1] - self.mean


class _Scores(nn.Module):
    """Scores of a clip `[k]` and of its steps `[t, k]`, of similarities `[t, r]`."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self.recognizer = home.recognizer

    def forward(self, similarities: Tensor) -> tuple[Tensor, Tensor]:
        steps = self.recognizer.words(similarities)
        return steps.amax(0), steps


# -- as a graph --------------------------------------------------------------------------------------------


def _traced(module: nn.Module, example: Tensor, names: tuple[str, ...], axis: int | None = None, least: int = 1) -> onnx.ModelProto:
    """The graph of a module. names: of its input and outputs; axis: of the input whose size is free, `least` or more; None: none is."""
    free = {} if axis is None else {axis: torch.export.Dim("size", min=least)}
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)  # it names libraries that are not installed, and are not needed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module.eval(),
                (example,),
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                input_names=names[:1],
                output_names=names[1:],
                dynamic_shapes=(free,),
            )
    except torch.onnx.errors.OnnxExporterError as error:
        cause = error.__cause__ or error
        reason = f"{type(cause).__name__}: {str(cause).strip().splitlines()[0] if str(cause).strip() else 'no reason given'}"
        raise Problem(f"torch cannot export this embedder ({reason}).") from error
    finally:
        log.setLevel(level)
    assert program is not None
    return program.model_proto


def joined(*models: onnx.ModelProto) -> onnx.ModelProto:
    """Joins ONNX models into one, in which each reads the output of the one before.

    They are traced separately, because tracing is slow where array sizes depend on the number of samples through many operations.
    """
    import onnx

    compose, whole = cast(Any, onnx).compose, models[0]
    for number, model in enumerate(models):
        model.ir_version = models[0].ir_version
        part = compose.add_prefix(model, f"{number}.", rename_inputs=False, rename_outputs=False)
        whole = compose.merge_models(whole, part, [(model.graph.input[0].name,) * 2]) if number else part
    for described in (whole.graph, *whole.graph.node, *whole.graph.input, *whole.graph.output, *whole.graph.initializer):
        described.ClearField("metadata_props")  # where in the source each node is from
        described.ClearField("doc_string")
    whole.graph.ClearField("value_info")
    for described, name in ((whole.graph.input[0], "samples"), *((output, "steps") for output in whole.graph.output)):
        shape = described.type.tensor_type.shape.dim
        if whole.graph.input[0].name == "waveform" and (name == "samples" or len(shape) == 2):
            shape[0].dim_param = name
    whole.producer_name = "scratchlab"
    return whole


def embedding_graphs(
    embedder: Embedder, module: nn.Module, example: Tensor, least: int, before: int, after: int, *outputs: str
) -> list[Any]:
    """The graphs of front-end and network."""
    sound = isinstance(embedder.frontend.input_form, Waveform)
    features = _Features(embedder, before, after)
    with torch.no_grad():
        second = features.eval()(example)
        fewest = features(example[..., :least]).shape[3]
    first = _traced(features, example, ("waveform" if sound else "image", "features"), 0 if sound else None, least)
    return [first, _traced(module, second, ("features", *outputs), 3 if sound else None, fewest)]


def _words(home: Home) -> _Task:
    recognizer, rate = home.recognizer, home.steps.rate
    if not isinstance(recognizer.similarity, DTW):
        raise Problem(f"Only words that are compared by dtw can be exported; these are compared by {type(recognizer.similarity).__name__}.")
    least, before, after = round(SHORTEST * rate), round(LEAD * rate), round(recognizer.tail * rate)
    variants = recognizer.variants
    references = [matrix[: int(length)] for matrix, length in zip(variants.matrix, variants.lengths, strict=True)]
    embedding = embedding_graphs(home.steps.embedder, _Centred(home), torch.zeros(2 * rate), least, before, after, "embedded")
    similarities = torch.zeros(2 * recognizer.longest, len(references))
    model = joined(
        *embedding,
        dtw_graph(recognizer.similarity, references, LOWEST),
        _traced(_Scores(home), similarities, ("similarities", "scores", "steps"), 0, recognizer.longest),
    )
    spoken = np.concatenate([recording.sound for recording in home.recordings])

    def expected(sound: Floats) -> list[Tensor]:
        steps = recognizer.words(recognizer.similarities(home.steps(sound, LEAD, recognizer.tail)))
        return [home.scores(sound), steps]

    about = _about(rate, least) | {
        "words": json.dumps(home.classes, ensure_ascii=False),
        "threshold": "" if home.threshold is None else repr(home.threshold),
        "step_seconds": repr(home.steps.seconds),
    }
    return _Task(model, [np.resize(spoken, round(seconds * rate)) for seconds in CHECKED], expected, False, about)


def _embedder(run: Run) -> _Task:
    embedder = reopened(run.resolved(SECTIONS, ["training.device=cpu"]), run).embedder
    frontend, form, rng = embedder.frontend, embedder.frontend.input_form, np.random.default_rng(0)
    module = ClipEmbeddings(embedder).eval()

    @torch.no_grad()
    def expected(values: Floats) -> list[Tensor]:
        return [*module(_Features(embedder, 0, 0)(torch.from_numpy(values)))]

    if isinstance(form, Waveform):
        least = round(SHORTEST * form.rate)
        if isinstance(frontend, speech_mel.SpeechMel):
            least = max(least, speech_mel.SHORTEST - 2 * frontend.pad)
        lengths = [max(least, round(seconds * form.rate)) for seconds in CHECKED]
        inputs = [rng.normal(scale=0.1, size=length).astype(np.float32) * np.linspace(0, 1, length, dtype=np.float32) for length in lengths]
        about, example = _about(form.rate, least), torch.zeros(max(2 * least, form.rate))
    else:
        least, inputs = form.width, [rng.random((form.channels, form.height, form.width), dtype=np.float32) for _ in CHECKED]
        about, example = dict[str, str](), torch.zeros(form.channels, form.height, form.width)
    model = joined(*embedding_graphs(embedder, module, example, least, 0, 0, "vector", "matrix"))
    return _Task(model, inputs, expected, True, about)


def _about(rate: int, least: int) -> dict[str, str]:
    return {"rate": str(rate), "fewest_samples": str(least)}


def _difference(path: Path, task: _Task) -> float:
    """The largest difference of an output. Raises Problem where it is too large, or onnxruntime cannot run the file."""
    import onnxruntime

    runtime: Any = onnxruntime
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst = 0.0  # NaN stays NaN
    for values in task.inputs:
        expected = [part.numpy() for part in task.expected(values)]
        for given, right in zip(session.run(None, {session.get_inputs()[0].name: values}), expected, strict=True):
            if given.shape != right.shape:
                raise Problem(
                    f"The exported model gives {given.shape} where torch gives {right.shape}, for an input {values.shape}; it is not kept."
                )
            worst = float(np.maximum(worst, np.abs(given - right).max() / (max(1e-12, np.abs(right).max()) if task.relative else 1)))
    if not worst <= TOLERANCE:
        raise Problem(f"The exported model differs from torch by {worst:.1e}, more than {TOLERANCE:g}, so that it is not kept.")
    return worst
