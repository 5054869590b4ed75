"""RapidOCR: the small PP-OCRv6 models of PaddleOCR (Apache-2.0), included in its wheel, run by ONNX Runtime. English and Chinese.

Its dictionary has 15,565 Chinese characters and no Hangul: Korean lines are detected, but misread with low confidence. Its classifier of
upside-down lines is not used, as it turns upright handwriting.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

from scratchlab.checks import installed
from scratchlab.notebook.papers.engines.interface import Line
from scratchlab.notebook.papers.engines.strips import Corners, box, cut

if TYPE_CHECKING:
    from PIL.Image import Image

LEGIBLE = 0.6  # minimum confidence; below, it is no text or in an unknown script


class Rapid:
    """RapidOCR as an engine."""

    reads: tuple[str, ...] = ("English", "Chinese")

    def __init__(self) -> None:
        installed("Reading pictures", "papers", "rapidocr", "onnxruntime", "PIL")
        from rapidocr import RapidOCR

        self.name = f"rapidocr-{version('rapidocr')}"
        half = max(1, (os.cpu_count() or 1) // 2)  # leaves cores for other work meanwhile
        self._model: Any = RapidOCR(
            params={"Global.log_level": "critical", "Global.text_score": 0.0, "EngineConfig.onnxruntime.intra_op_num_threads": half}
        )

    def places(self, picture: Image) -> list[Corners]:
        """The corners of each detected line in any script, clockwise from the top left."""
        import numpy as np

        found = self._model(np.asarray(picture)[:, :, ::-1], use_det=True, use_cls=False, use_rec=False)
        boxes = cast("list[list[list[float]]]", [] if found.boxes is None else found.boxes.tolist())
        return [((a[0], a[1]), (b[0], b[1]), (c[0], c[1]), (d[0], d[1])) for a, b, c, d in boxes]

    def read(self, strip: Image) -> tuple[str, float]:
        """The text of a strip cut out around a line, and its confidence."""
        import numpy as np

        found = self._model(np.asarray(strip)[:, :, ::-1], use_det=False, use_cls=False, use_rec=True)
        return (found.txts[0].strip(), float(found.scores[0])) if found.txts else ("", 0.0)

    def lines(self, picture: Image) -> Sequence[Line]:
        """See Engine."""
        read = [(corners, *self.read(cut(picture, corners))) for corners in self.places(picture)]
        return [Line(text, box(corners, picture.size), confidence) for corners, text, confidence in read if text and confidence >= LEGIBLE]
