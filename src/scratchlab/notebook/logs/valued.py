"""Names and their values: the ways in which programs put them next to each other."""

from __future__ import annotations

import re

from scratchlab.notebook.logs import names, prefixes
from scratchlab.notebook.logs.atoms import IS_UNIT, WORD, N
from scratchlab.notebook.logs.reading import Reading, kind_of, place, said_by, unit_of
from scratchlab.notebook.logs.shapes import ANCHORS, Label, Spot
from scratchlab.notebook.logs.slots import is_stamp, number

# words that are no names, though a number stands behind them
_STOP = names.set_of(
    """a an the and or to of in at on by with for from is was are were be been it as than then that this after about over under
    took per vs plus minus around only just up down between until since within every each first last next use using used all
    we i starting start begin beginning evaluating running finished finishing saving saved loading load
    updating reducing adjusting setting return exit code"""
)
_FILE = re.compile(r"\.(?:py|pyx|cc|cpp|cu|c|h|sh|js|rs|go)$")  # `training.py:915` is a place
_MORE = re.compile(rf" {N}(?: |$)")  # `shape: 64 1 28 28` is no figure
_CHAIN = re.compile(rf"{WORD}:? ?{N}|$")


def several(reading: Reading, found: re.Match[str]) -> bool:
    """`loss1,loss2 0.5 0.6`: as many numbers as names."""
    listed = [name.strip() for name in found["names"].split(",")]
    if found["values"].count(N) != len(listed):
        return False
    first = found.start("values") + found["values"].index(N)
    for offset, name in enumerate(listed):
        reading.spots.append(Spot("value", reading.slot(first) + offset, name, "", names.phase(name) or reading.phase))
    reading.formal += 1
    return True


def twins(reading: Reading, found: re.Match[str]) -> bool:
    """`Time: 0.2s, 100/s (0.3s, 90/s)`: two values, and their means."""
    name, rate = found["name"], found["rate_unit"]
    reading.add("value", found.start("value"), name, found["value_unit"])
    reading.add("value", found.start("rate"), rate, rate)
    reading.add("mean", found.start("mean"), name, found["value_unit"])
    reading.add("mean", found.start("mean_rate"), rate, rate)
    reading.formal += 2
    return True


def _value(reading: Reading, found: re.Match[str], name: Label, unit: Label) -> None:
    """A value, its mean, or the best so far; of `9847/10000 (98%)` the share."""
    if said_by(found, "share"):
        reading.add("value", found.start("share"), name, "%")
        return
    if isinstance(name, str) and names.is_best(name):
        said = names.without_best(name)
        before = [spot for spot in reading.spots if spot.kind == "value"]
        if said.lower() == "best" and before:
            reading.add("best", found.start("value"), before[-1].name, before[-1].unit)
        else:
            reading.add("best", found.start("value"), said, unit)
        return
    reading.add("value", found.start("value"), name, unit)
    if found["mean"] and found["mean_unit"] in (None, found["unit"]):  # `805560320 (805.56M)` says the same twice
        reading.add("mean", found.start("mean"), name, unit)


def _name(said: str) -> str:
    """The name without the words before it that a sentence would have."""
    parts = said.split(" ")
    while len(parts) > 1 and (parts[0].lower() in _STOP or parts[0] in prefixes.LEVELS):
        parts = parts[1:]
    return " ".join(parts)


def pair(reading: Reading, found: re.Match[str]) -> bool:
    """`name: 0.5`, `name = 3.1 ms (3.0)`, `"name": 0.5`, `step: 3/10`; `name is 0.5` of metrics alone."""
    quoted, weak = said_by(found, "quoted"), said_by(found, "weak")
    said = quoted if quoted is not None else _name(found["name"])
    if (
        (weak and not (names.is_rate(said) if weak == "to" else names.is_metric(said)))
        or _FILE.search(said)
        or _MORE.match(reading.text, found.end())
    ):
        return False
    if is_stamp(reading.cells[reading.slot(found.start("value"))]):
        reading.add("at", found.start("value"))
        return True
    unit = unit_of(reading, found)
    kind = kind_of(said)
    if quoted is None and found["inside"]:
        inner = found["inside"]
        if IS_UNIT.fullmatch(inner):
            said, unit = said[: said.rindex("(")].strip(), unit or inner
    if kind != "value":
        reading.phase = names.phase(said) or reading.phase
        place(reading, found, kind)
    elif found["total"] and not found["share"]:
        return False
    else:
        at = found.start("name" if quoted is None else "quoted")
        _value(reading, found, reading.label(said, at), unit)
    reading.formal += not weak
    return True


def bare(reading: Reading, found: re.Match[str]) -> bool:
    """`Loss 0.5 (0.6)`, `Iteration 100`, `| wps 2300 |`: where the name makes it one, or what stands around.

    Of several words that make none the last ones are tried alone.
    """
    said, start, dropped = found["name"], found.start("name"), list[str]()
    while said:
        if _bare_as(reading, found, said, start):
            reading.loose += sum(not names.phase(word) for word in dropped)
            return True
        first, _, said = said.partition(" ")
        dropped.append(first)
        start += len(first) + 1
        reading.phase = names.phase(first) or reading.phase
    return False


def _bare_as(reading: Reading, found: re.Match[str], said: str, start: int) -> bool:
    """The same with the name as it is."""
    first, *more = said.split(" ")
    if first.lower() in _STOP or first in prefixes.LEVELS or said.endswith("-"):
        return False
    before, behind = reading.text[:start].rstrip(), reading.text[found.end() :].lstrip()
    opens = before == "" or before[-1] in ",;|:[](*>{" or before.endswith(" -")
    closes = behind == "" or behind[0] in ",;|)]}" or behind.startswith("- ")
    kind = kind_of(said)
    if more and kind == "value" and kind_of(more[-1]) in ANCHORS:
        return False  # `load model epoch 15`
    if kind in ("epoch", "step", "eta", "elapsed"):
        if kind == "step" and found["total"] is None and names.plain(said) in ("it", "round", "update"):
            return False
        reading.phase = names.phase(said) or reading.phase
        place(reading, found, kind)
        reading.formal += found["total"] is not None or (opens and behind[:1] in (":", ",", "|", ";"))
        return True
    chained = bool(reading.spots) and before[-1:] in (N, ")", "%") and _CHAIN.match(behind) is not None
    telling = names.is_measured(said) or bool(re.search(r"[_@/]", said)) or found["mean"] is not None or names.plain(said) in names.INDICES
    alone = opens and closes and bool(before or behind)
    if more and not (opens and closes):  # several words: `train loss 0.5`, `Prec@1 k 58.3 (56.4)`
        marked = names.is_metric(first) and ("@" in first or found["mean"] is not None) and len(more) == 1
        telling = marked or (names.is_metric(said) and names.phase(first) != "")
        chained = False
    if not (telling or alone or chained) or found["total"]:
        return False
    _value(reading, found, said, unit_of(reading, found))
    reading.formal += found["mean"] is not None or alone or chained
    return True


def varied(reading: Reading, found: re.Match[str]) -> bool:
    """`Prec@1 001 62.500 (59.470)`: a whole number between a metric's name and its value belongs to the name."""
    of, value = reading.cells[reading.slot(found.start("of"))], reading.cells[reading.slot(found.start("value"))]
    if "." in of or "." not in value or not names.is_metric(found["name"]) or number(value) is None:
        return False
    name = reading.label(found["label"], found.start("label"))
    _value(reading, found, name, "")
    reading.formal += found["mean"] is not None
    return True


def best(reading: Reading, found: re.Match[str]) -> bool:
    """`val_loss improved from 0.5 to 0.4`: the best so far."""
    said = _name(found["name"])
    if not names.is_metric(said):
        return False
    reading.add("best", found.start("value"), said)
    reading.formal += 1
    return True


def cell(reading: Reading, found: re.Match[str]) -> bool:
    """`| ep_rew_mean | 95.2 |`: a line of a table of two columns; prose has such too, so that it takes two of them."""
    kind = kind_of(found["name"])
    reading.add(kind, found.start("value"), found["name"] if kind == "value" else "")
    return True


def rate(reading: Reading, found: re.Match[str]) -> bool:
    """`0.22 s / batch`: without a name it is called by its unit."""
    unit = reading.label(found["per"], found.start("per"))
    reading.add("value", found.start("value"), unit, unit)
    return True
