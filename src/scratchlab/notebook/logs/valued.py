"""Handlers of names with their values."""

from __future__ import annotations

import re

from scratchlab.notebook.logs import names, prefixes
from scratchlab.notebook.logs.atoms import IS_UNIT, WORD, N
from scratchlab.notebook.logs.reading import Reading, group_of, kind_of, place, unit_of
from scratchlab.notebook.logs.shapes import ANCHORS, Label, Spot
from scratchlab.notebook.logs.slots import is_stamp, number

# words before numbers that are no names of figures
_STOP = names.set_of(
    """a an the and or to of in at on by with for from is was are were be been it as than then that this after about over under
    took per vs plus minus around only just up down between until since within every each first last next use using used all
    we i starting start begin beginning evaluating running finished finishing saving saved loading load
    updating reducing adjusting setting return exit code"""
)
_FILE = re.compile(r"\.(?:py|pyx|cc|cpp|cu|c|h|sh|js|rs|go)$")  # `training.py:915` is a source line
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
    """`Time: 0.2s, 100/s (0.3s, 90/s)`: two values and their means."""
    name, rate = found["name"], found["rate_unit"]
    reading.add("value", found.start("value"), name, found["value_unit"])
    reading.add("value", found.start("rate"), rate, rate)
    reading.add("mean", found.start("mean"), name, found["value_unit"])
    reading.add("mean", found.start("mean_rate"), rate, rate)
    reading.formal += 2
    return True


def _value(reading: Reading, found: re.Match[str], name: Label, unit: Label) -> None:
    """Adds a value, its mean, or a best value; for `9847/10000 (98%)` the percentage."""
    if group_of(found, "share"):
        reading.add("value", found.start("share"), name, "%")
        return
    if isinstance(name, str) and names.is_best(name):
        name_text = names.without_best(name)
        before = [spot for spot in reading.spots if spot.kind == "value"]
        if name_text.lower() == "best" and before:
            reading.add("best", found.start("value"), before[-1].name, before[-1].unit)
        else:
            reading.add("best", found.start("value"), name_text, unit)
        return
    reading.add("value", found.start("value"), name, unit)
    if found["mean"] and found["mean_unit"] in (None, found["unit"]):  # `805560320 (805.56M)` is the same number twice
        reading.add("mean", found.start("mean"), name, unit)


def _name(text: str) -> str:
    """The name without leading words of a sentence."""
    parts = text.split(" ")
    while len(parts) > 1 and (parts[0].lower() in _STOP or parts[0] in prefixes.LEVELS):
        parts = parts[1:]
    return " ".join(parts)


def pair(reading: Reading, found: re.Match[str]) -> bool:
    """`name: 0.5`, `name = 3.1 ms (3.0)`, `"name": 0.5`, `step: 3/10`; `name is 0.5` for metrics only."""
    quoted, weak = group_of(found, "quoted"), group_of(found, "weak")
    name_text = quoted if quoted is not None else _name(found["name"])
    if (
        (weak and not (names.is_rate(name_text) if weak == "to" else names.is_metric(name_text)))
        or _FILE.search(name_text)
        or _MORE.match(reading.text, found.end())
    ):
        return False
    if is_stamp(reading.cells[reading.slot(found.start("value"))]):
        reading.add("at", found.start("value"))
        return True
    unit = unit_of(reading, found)
    kind = kind_of(name_text)
    if quoted is None and found["inside"]:
        inner = found["inside"]
        if IS_UNIT.fullmatch(inner):
            name_text, unit = name_text[: name_text.rindex("(")].strip(), unit or inner
    if kind != "value":
        reading.phase = names.phase(name_text) or reading.phase
        place(reading, found, kind)
    elif found["total"] and not found["share"]:
        return False
    else:
        at = found.start("name" if quoted is None else "quoted")
        _value(reading, found, reading.label(name_text, at), unit)
    reading.formal += not weak
    return True


def bare(reading: Reading, found: re.Match[str]) -> bool:
    """`Loss 0.5 (0.6)`, `Iteration 100`, `| wps 2300 |`: accepted by the name or by the surrounding characters.

    If several words are not accepted, leading words are dropped one by one.
    """
    name_text, start, dropped = found["name"], found.start("name"), list[str]()
    while name_text:
        if _bare_as(reading, found, name_text, start):
            reading.loose += sum(not names.phase(word) for word in dropped)
            return True
        first, _, name_text = name_text.partition(" ")
        dropped.append(first)
        start += len(first) + 1
        reading.phase = names.phase(first) or reading.phase
    return False


def _bare_as(reading: Reading, found: re.Match[str], name_text: str, start: int) -> bool:
    """The same for one name."""
    first, *more = name_text.split(" ")
    if first.lower() in _STOP or first in prefixes.LEVELS or name_text.endswith("-"):
        return False
    before, behind = reading.text[:start].rstrip(), reading.text[found.end() :].lstrip()
    opens = before == "" or before[-1] in ",;|:[](*>{" or before.endswith(" -")
    closes = behind == "" or behind[0] in ",;|)]}" or behind.startswith("- ")
    kind = kind_of(name_text)
    if more and kind == "value" and kind_of(more[-1]) in ANCHORS:
        return False  # `load model epoch 15`
    if kind in ("epoch", "step", "eta", "elapsed"):
        if kind == "step" and found["total"] is None and names.plain(name_text) in ("it", "round", "update"):
            return False
        reading.phase = names.phase(name_text) or reading.phase
        place(reading, found, kind)
        reading.formal += found["total"] is not None or (opens and behind[:1] in (":", ",", "|", ";"))
        return True
    chained = bool(reading.spots) and before[-1:] in (N, ")", "%") and _CHAIN.match(behind) is not None
    telling = (
        names.is_measured(name_text)
        or bool(re.search(r"[_@/]", name_text))
        or found["mean"] is not None
        or names.plain(name_text) in names.INDICES
    )
    alone = opens and closes and bool(before or behind)
    if more and not (opens and closes):  # several words: `train loss 0.5`, `Prec@1 k 58.3 (56.4)`
        marked = names.is_metric(first) and ("@" in first or found["mean"] is not None) and len(more) == 1
        telling = marked or (names.is_metric(name_text) and names.phase(first) != "")
        chained = False
    if not (telling or alone or chained) or found["total"]:
        return False
    _value(reading, found, name_text, unit_of(reading, found))
    reading.formal += found["mean"] is not None or alone or chained
    return True


def varied(reading: Reading, found: re.Match[str]) -> bool:
    """`Prec@1 001 62.500 (59.470)`: an integer between a metric's name and its value belongs to the name."""
    of, value = reading.cells[reading.slot(found.start("of"))], reading.cells[reading.slot(found.start("value"))]
    if "." in of or "." not in value or not names.is_metric(found["name"]) or number(value) is None:
        return False
    name = reading.label(found["label"], found.start("label"))
    _value(reading, found, name, "")
    reading.formal += found["mean"] is not None
    return True


def best(reading: Reading, found: re.Match[str]) -> bool:
    """`val_loss improved from 0.5 to 0.4`: the best so far."""
    name_text = _name(found["name"])
    if not names.is_metric(name_text):
        return False
    reading.add("best", found.start("value"), name_text)
    reading.formal += 1
    return True


def cell(reading: Reading, found: re.Match[str]) -> bool:
    """`| ep_rew_mean | 95.2 |`: a row of a two-column table; also found in prose, so it takes two of them."""
    kind = kind_of(found["name"])
    reading.add(kind, found.start("value"), found["name"] if kind == "value" else "")
    return True


def rate(reading: Reading, found: re.Match[str]) -> bool:
    """`0.22 s / batch`: a value without a name is named by its unit."""
    unit = reading.label(found["per"], found.start("per"))
    reading.add("value", found.start("value"), unit, unit)
    return True
