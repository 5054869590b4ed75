"""Handlers of progress bars, epochs and steps."""

from __future__ import annotations

import re

from scratchlab.notebook.logs import names
from scratchlab.notebook.logs.reading import Reading, places
from scratchlab.notebook.logs.shapes import Kind


def bar(reading: Reading, found: re.Match[str]) -> bool:
    places(reading, found, "step", "steps", "elapsed", "eta")
    if found["rate"]:
        reading.add("value", found.start("rate"), found["per"], found["per"])
    reading.formal += 2
    return True


def epoch(reading: Reading, found: re.Match[str]) -> bool:
    reading.phase = names.phase(found["of"] or "") or reading.phase
    places(reading, found, "epoch", "epochs", "step", "steps")
    reading.formal += (
        found["step"] is not None or found["epochs"] is not None or found["sep"].strip() != "" or found["close"] in (":", ",", "|")
    )
    return True


def brackets(reading: Reading, found: re.Match[str]) -> bool:
    reading.phase = names.phase(found[0]) or reading.phase
    places(reading, found, "epoch", "epochs", "step", "steps", "elapsed")
    reading.formal += 1
    return True


def counted(reading: Reading, found: re.Match[str]) -> bool:
    of_epochs, total = found["what"].lower().startswith("epoch"), found["lead"] in ("max: ", "total: ", "")
    kind: Kind = ("epochs" if total else "epoch") if of_epochs else ("steps" if total else "step")
    reading.add(kind, found.start("count"))
    return True


def glued(reading: Reading, found: re.Match[str]) -> bool:
    reading.add("epoch", found.start("epoch"))
    reading.formal += 1
    return True


def done(reading: Reading, found: re.Match[str]) -> bool:
    places(reading, found, "step", "steps")
    return True
