"""One new input, from a file or an array, in the form that a run reads: sound at its rate, images of its size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, as_array
from scratchlab.data import audio
from scratchlab.inference.prediction import Source
from scratchlab.types import Batch, Floats, Image, Rows, Waveform

MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # Pillow's, by channels


def listed(inputs: Source | Iterable[Source]) -> list[Source]:
    """Several inputs, or a single file or array, as a list.

    >>> listed("a.wav"), len(listed(np.zeros(5))), len(listed(np.zeros(5) for _ in range(3)))
    (['a.wav'], 1, 3)
    """
    return [cast(Source, inputs)] if isinstance(inputs, str | Path) or hasattr(inputs, "shape") else list(inputs)


def named(source: Source, number: int) -> str:
    """The name of an input in predictions and messages: its file, or `input 1`, `input 2`, … for arrays."""
    return str(source) if isinstance(source, str | Path) else f"input {number}"


def read(source: Source, form: Waveform | Image, name: str, rate: int | None = None) -> Floats:
    """One input: sound `[samples]` at the rate of the form, or an image `[channels, height, width]` in 0..1.

    Files of sound have any rate and number of channels. Files of images become grey or RGB, as the form has channels, and are resized to
    its height and width, without keeping the ratio of the two; nothing is inverted, so black on white stays black on white. Arrays, or
    tensors, are sound `[samples]`, with full scale ±1 or int16, at `rate` or that of the form, or images `[c, h, w]`, or `[h, w]` of one
    channel, in 0..1 and of its size. Raises Problem, which names the input, for what cannot be read, or is not such an array.
    """
    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        if path.is_dir():
            raise Problem(f"{path} is a folder; give its files, as in predict(sorted(Path({str(path)!r}).rglob('*.wav'))).")
        return audio.decode(path, form.rate) if isinstance(form, Waveform) else picture(path, form)
    values = as_array(source, what=name)
    return audio.resampled(values, rate or form.rate, form.rate, name) if isinstance(form, Waveform) else _image(values, form, name)


def _image(values: npt.NDArray[Any], form: Image, name: str) -> Floats:
    shape = (form.channels, form.height, form.width)
    whole = values[None] if values.ndim == 2 else values
    if whole.shape != shape:
        raise Problem(f"{name} must be an image {list(shape)}, one image an array; its shape is {list(values.shape)}. Files are resized.")
    if not np.issubdtype(values.dtype, np.floating):
        raise Problem(f"{name} must be an image of floats in 0 to 1, as bytes divided by 255; its type is {values.dtype}.")
    if not (whole.min() >= 0 and whole.max() <= 1):
        raise Problem(f"{name} must be an image with values in 0 to 1; they are {whole.min():g} to {whole.max():g}.")
    return whole.astype(np.float32)


def picture(path: Path, form: Image) -> Floats:
    """An image file as `[channels, height, width]` in 0..1, of this form. Raises Problem for a file that is missing or not an image."""
    from PIL import Image as Picture  # imported here, since sound does not need it
    from PIL import UnidentifiedImageError

    if form.channels not in MODES:
        raise Problem(f"{path} cannot be read as an image of {form.channels} channels; give arrays instead.")
    try:
        with Picture.open(path) as opened:
            resized = opened.convert(MODES[form.channels]).resize((form.width, form.height), Picture.Resampling.BILINEAR)
    except FileNotFoundError:
        raise Problem(f"There is no image at {path}.") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Picture.DecompressionBombError) as error:
        raise Problem(f"{path} cannot be read as an image: {str(error).partition(' ' + repr(str(path)))[0]}.") from None
    values = np.asarray(resized, dtype=np.float32).reshape(form.height, form.width, form.channels) / np.float32(255)
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def batch(values: Sequence[Floats], form: Waveform | Image, rows: Rows) -> Batch:
    """The inputs at these positions as a batch."""
    own: list[Any] = [values[row] for row in rows.tolist()]
    return audio.padded(own) if isinstance(form, Waveform) else Batch(np.stack(own), np.full(len(own), form.width, dtype=np.int64))
