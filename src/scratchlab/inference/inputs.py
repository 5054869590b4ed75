"""One new input, from a file or an array, in the form that a run reads: sound at its rate, images of its size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from scratchlab.checks import Problem, as_array
from scratchlab.data import audio
from scratchlab.inference.prediction import Source
from scratchlab.types import Batch, Floats, Image, Rows, Waveform

LOUDEST = 8.0  # greatest absolute value of sound with full scale ±1; integer samples that were only converted to floats are far above it
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


def read(source: Source, form: Waveform | Image, name: str) -> Floats:
    """One input: sound `[samples]` at the rate of the form, or an image `[channels, height, width]` in 0..1.

    Files of sound have any rate and number of channels. Files of images become grey or RGB, as the form has channels, and are resized to
    its height and width, without keeping the ratio of the two; nothing is inverted, so black on white stays black on white. Arrays, or
    tensors, are sound `[samples]` at the rate of the form, with full scale ±1, or images `[c, h, w]`, or `[h, w]` of one channel, in 0..1
    and of its size. Raises Problem, which names the input, for what cannot be read, or is not such an array.
    """
    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        return audio.decode(path, form.rate) if isinstance(form, Waveform) else picture(path, form)
    values = as_array(source, what=name)
    if not np.issubdtype(values.dtype, np.floating):
        unit = "full scale ±1, as 16-bit samples divided by 32768" if isinstance(form, Waveform) else "0 to 1, as bytes divided by 255"
        raise Problem(f"{name} must be an array of floats in {unit}; its type is {values.dtype}.")
    values = values.astype(np.float32)
    if not np.isfinite(values).all():
        raise Problem(f"{name} contains values that are not finite (NaN or infinite).")
    return _sound(values, name) if isinstance(form, Waveform) else _image(values, form, name)


def _sound(values: Floats, name: str) -> Floats:
    if values.ndim != 1 or len(values) == 0:
        raise Problem(f"{name} must be sound [samples], one clip an array; its shape is {list(values.shape)}.")
    if (peak := float(np.abs(values).max())) > LOUDEST:
        raise Problem(f"{name} must be sound with full scale ±1; its largest absolute value is {peak:g}. Divide 16-bit samples by 32768.")
    return values


def _image(values: Floats, form: Image, name: str) -> Floats:
    shape = (form.channels, form.height, form.width)
    whole = values[None] if values.ndim == 2 else values
    if whole.shape != shape:
        raise Problem(f"{name} must be an image {list(shape)}, one image an array; its shape is {list(values.shape)}. Files are resized.")
    if whole.min() < 0 or whole.max() > 1:
        raise Problem(f"{name} must be an image with values in 0 to 1; they are {whole.min():g} to {whole.max():g}.")
    return whole


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
