"""How figures are written: the ways in which programs put names, numbers, totals, means and units next to each other.

`understood` reads a shape from left to right. At every word the ways are tried in their order; where none fits, the word is loose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scratchlab.notebook.logs import names, prefixes
from scratchlab.notebook.logs.names import Phase
from scratchlab.notebook.logs.shapes import ANCHORS, Kind, Label, Shape, Spot
from scratchlab.notebook.logs.slots import SLOT, number

N = SLOT
_PER = "s|ms|us|µs|sec|secs|it|its|iter|iters|step|steps|batch|batches|sample|samples|img|imgs|image|images|tok|token|tokens|ins|ex|example|examples"
_RATE = rf"(?:{_PER}|frame|frames|word|words|[kMG]i?B) ?(?:/|per) ?(?:s|sec|second|min|h|it|iter|step|batch|epoch|sample|img|image|token|{N} ?iters?)(?![\w])"
_SIMPLE = r"(?:%|secs?|seconds?|ms|us|µs|mins?|minutes?|hours?|hrs?|[smhd]|[KMGT]i?B|[KMGTkB]|dB|Hz|/s)(?![\w/@])"
_UNIT = rf"(?: ?(?P<unit>{_RATE}|{_SIMPLE}))?"
_WORD = r"(?:[^\W\d][\w@/#%+~^'-]*(?:\.[\w@/#%+~^'-]+)*(?:@\.?\d[\d.:]*\d)?(?:\([\w.]{1,6}\))?|'[\w-]+')"
_NAME = rf"(?P<name>{_WORD}(?: {_WORD}){{0,5}}(?: ?\((?P<inside>[A-Za-z/%.]{{1,8}})\))?)"
_VALUE = rf"(?:(?P<list>\[{{1,2}})|tensor\(|np\.float\d+\()?(?P<value>{N})(?(list)\]{{1,2}}){_UNIT}"
_MEAN = rf"(?: ?\((?:avg|mean|ave|average|ema|global avg)?[:=. ]*(?P<mean>{N})(?: ?(?P<mean_unit>{_RATE}|{_SIMPLE}))?\))?"
_TOTAL = rf"(?: ?(?:/|of|out of) ?(?P<total>{N})(?: ?\( ?(?P<share>{N}) ?%\))?)?"
_FRACTION = rf"\[ ?(?P<step>{N})(?: ?/ ?(?P<steps>{N}))?(?: ?\( ?{N} ?% ?\))? ?\]"
_STOP = frozenset(
    """a an the and or to of in at on by with for from is was are were be been it as than then that this after about over under took per vs
    plus minus around only just up down step-by-step between until since within every each first last next use using used all we i
    starting start begin beginning evaluating running finished finishing saving saved loading load
    return exit code""".split()
)
_COUNTED = r"(?P<what>epochs?|steps?|iterations?|iters?|updates?|batches)(?!\w)"


@dataclass
class _Reading:
    """A shape half read: its spots so far, and which part of the data was last named."""

    text: str
    cells: Sequence[str]
    spots: list[Spot] = field(default_factory=list[Spot])
    phase: Phase = ""
    formal: int = 0
    loose: int = 0

    def slot(self, at: int) -> int:
        """The number of the slot at a place of the text."""
        return self.text.count(N, 0, at)

    def add(self, kind: Kind, at: int, name: Label = "", unit: Label = "") -> None:
        """A figure whose slot is at a place of the text; names of places in training are those of their kind."""
        own = names.phase(name) if isinstance(name, str) else names.phase(str(name[0]))
        self.spots.append(Spot(kind, self.slot(at), name or kind, unit, own or self.phase))

    def label(self, said: str, at: int) -> Label:
        """Text of the shape, from a place on, as a label: with the number of the cell where a slot stands in it."""
        if N not in said:
            return said
        first, pieces = self.slot(at), said.split(N)
        parts: list[str | int] = [pieces[0]]
        for offset, piece in enumerate(pieces[1:]):
            parts += [first + offset, piece]
        return tuple(part for part in parts if part != "")


def _said(found: re.Match[str], group: str) -> str | None:
    """What a group found; None too where the way has no such group."""
    return found[group] if group in found.re.groupindex else None


def _unit(reading: _Reading, found: re.Match[str]) -> Label:
    return reading.label(found["unit"], found.start("unit")) if found["unit"] else ""


def _places(reading: _Reading, found: re.Match[str], *groups: Kind) -> None:
    """A figure for each of the groups that found something."""
    for group in groups:
        if _said(found, group):
            reading.add(group, found.start(group))


def _bar(reading: _Reading, found: re.Match[str]) -> bool:
    _places(reading, found, "step", "steps", "elapsed", "eta")
    if found["rate"]:
        reading.add("value", found.start("rate"), found["per"], found["per"])
    reading.formal += 2
    return True


def _epoch(reading: _Reading, found: re.Match[str]) -> bool:
    reading.phase = names.phase(found["of"] or "") or reading.phase
    _places(reading, found, "epoch", "epochs", "step", "steps")
    reading.formal += found["step"] is not None or found["epochs"] is not None or found["sep"].strip() != "" or found["close"] in (":", ",", "|")
    return True


def _brackets(reading: _Reading, found: re.Match[str]) -> bool:
    reading.phase = names.phase(found[0]) or reading.phase
    _places(reading, found, "epoch", "epochs", "step", "steps", "elapsed")
    reading.formal += 1
    return True


def _counted(reading: _Reading, found: re.Match[str]) -> bool:
    of_epochs, total = found["what"].lower().startswith("epoch"), found["lead"] in ("max: ", "total: ", "")
    kind: Kind = ("epochs" if total else "epoch") if of_epochs else ("steps" if total else "step")
    reading.add(kind, found.start("count"))
    return True


def _glued(reading: _Reading, found: re.Match[str]) -> bool:
    reading.add("epoch", found.start("epoch"))
    reading.formal += 1
    return True


def _several(reading: _Reading, found: re.Match[str]) -> bool:
    """`loss1,loss2 0.5 0.6`: as many numbers as names."""
    listed = [name.strip() for name in found["names"].split(",")]
    if found["values"].count(N) != len(listed):
        return False
    first = found.start("values") + found["values"].index(N)
    for offset, name in enumerate(listed):
        reading.spots.append(Spot("value", reading.slot(first) + offset, name, "", names.phase(name) or reading.phase))
    reading.formal += 1
    return True


def _twins(reading: _Reading, found: re.Match[str]) -> bool:
    """`Time: 0.2s, 100/s (0.3s, 90/s)`: two values, and their means."""
    name, rate = found["name"], found["rate_unit"]
    reading.add("value", found.start("value"), name, found["value_unit"])
    reading.add("value", found.start("rate"), rate, rate)
    reading.add("mean", found.start("mean"), name, found["value_unit"])
    reading.add("mean", found.start("mean_rate"), rate, rate)
    reading.formal += 2
    return True


def kind_of(name: str) -> Kind:
    """Where in training a name counts, or that it is a value."""
    said = names.plain(name)
    if said in names.EPOCHS:
        return "epoch"
    if said in names.STEPS:
        return "step"
    if said in names.EPOCH_TOTALS:
        return "epochs"
    if said in names.STEP_TOTALS:
        return "steps"
    if said in names.LEFT:
        return "eta"
    return "elapsed" if said in names.PASSED else "value"


def _place(reading: _Reading, found: re.Match[str], kind: Kind) -> None:
    """An epoch, a step, a total or a time, with the total that stands behind it."""
    reading.add(kind, found.start("value"), "", _unit(reading, found) if kind in ("eta", "elapsed") else "")
    if _said(found, "total") and kind in ("epoch", "step"):
        reading.add("epochs" if kind == "epoch" else "steps", found.start("total"))


def _value(reading: _Reading, found: re.Match[str], name: Label, unit: Label) -> None:
    """A value, its mean, or the best so far; of `9847/10000 (98%)` the share."""
    if _said(found, "share"):
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


def _pair(reading: _Reading, found: re.Match[str]) -> bool:
    """`name: 0.5`, `name = 3.1 ms (3.0)`, `"name": 0.5`, `step: 3/10`; `name is 0.5` of metrics alone."""
    quoted, weak = _said(found, "quoted"), _said(found, "weak")
    said = quoted if quoted is not None else _name(found["name"])
    if (weak and not names.is_metric(said)) or _FILE.search(said) or _MORE.match(reading.text, found.end()):
        return False
    unit = _unit(reading, found)
    kind = kind_of(said)
    if quoted is None and found["inside"]:
        inner = found["inside"]
        if re.fullmatch(rf"{_RATE}|{_SIMPLE}", inner):
            said, unit = said[: said.rindex("(")].strip(), unit or inner
    if kind != "value":
        reading.phase = names.phase(said) or reading.phase
        _place(reading, found, kind)
    elif found["total"] and not found["share"]:
        return False
    else:
        at = found.start("name" if quoted is None else "quoted")
        _value(reading, found, reading.label(said, at), unit)
    reading.formal += not weak
    return True


def _bare(reading: _Reading, found: re.Match[str]) -> bool:
    """`Loss 0.5 (0.6)`, `Iteration 100`, `| wps 2300 |`: where the name, or what stands around it, makes it one; else the last of its words."""
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


def _bare_as(reading: _Reading, found: re.Match[str], said: str, start: int) -> bool:
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
        _place(reading, found, kind)
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
    _value(reading, found, said, _unit(reading, found))
    reading.formal += found["mean"] is not None or alone or chained
    return True


def _varied(reading: _Reading, found: re.Match[str]) -> bool:
    """`Prec@1 001 62.500 (59.470)`: a whole number between a metric's name and its value belongs to the name."""
    of, value = reading.cells[reading.slot(found.start("of"))], reading.cells[reading.slot(found.start("value"))]
    if "." in of or "." not in value or not names.is_metric(found["name"]) or number(value) is None:
        return False
    name = reading.label(found["label"], found.start("label"))
    _value(reading, found, name, "")
    reading.formal += found["mean"] is not None
    return True


def _rate(reading: _Reading, found: re.Match[str]) -> bool:
    """`0.22 s / batch`: without a name it is called by its unit."""
    unit = reading.label(found["per"], found.start("per"))
    reading.add("value", found.start("value"), unit, unit)
    return True


def _done(reading: _Reading, found: re.Match[str]) -> bool:
    _places(reading, found, "step", "steps")
    return True


_FILE = re.compile(r"\.(?:py|pyx|cc|cpp|cu|c|h|sh|js|rs|go)$")  # `training.py:915` is a place
_MORE = re.compile(rf" {N}(?: |$)")  # `shape: 64 1 28 28` is no figure
Way = Callable[[_Reading, re.Match[str]], bool]
_I = re.IGNORECASE
_CHAIN = re.compile(rf"{_WORD}:? ?{N}|$")
_WAYS: tuple[tuple[re.Pattern[str], Way], ...] = (
    (
        re.compile(
            rf"(?:{N}%\|? ?)?(?P<step>{N})[kMG]?/(?P<steps>{N})[kMG]?(?: \w+)? \[(?P<elapsed>{N})<(?:(?P<eta>{N})|\?)(?:, ?(?:(?P<rate>{N}) ?(?P<per>[\w/]+)|\?[\w/]+))?"
        ),
        _bar,
    ),
    (re.compile(rf"(?P<step>{N})it \[(?P<elapsed>{N}), (?:(?P<rate>{N}) ?(?P<per>[\w/]+)|\?[\w/]+)\]"), _bar),
    (re.compile(rf"(?P<step>{N})/(?P<steps>{N}) (?P<elapsed>{N}) • (?:(?P<eta>{N})|-+:-+:-+) (?:(?P<rate>{N}) ?(?P<per>[\w/]+))?"), _bar),
    (re.compile(rf"(?:epochs?|ep) (?P<epoch>{N}): ?(?P<step>{N}) ?/ ?(?P<steps>{N})(?= )", _I), _brackets),
    (
        re.compile(
            rf"(?:epochs?|ep)(?: ?\((?P<of>\w+)\))?(?P<sep> ?[:=#\[(] ?[\[(]? ?| )(?P<epoch>{N})(?: ?(?:/|of|out of) ?(?P<epochs>{N}))? ?[\])]?(?: ?{_FRACTION})?(?=(?P<close>.?))",
            _I,
        ),
        _epoch,
    ),
    (
        re.compile(
            rf"(?:\[ ?(?P<epoch>{N})(?: ?/ ?(?P<epochs>{N}))?\] ?)?\[ ?(?P<step>{N}) ?/ ?(?P<steps>{N})(?: ?\( ?{N} ?% ?\))? ?\]"
        ),
        _brackets,
    ),
    (re.compile(rf"(?:train|valid|val|eval|test)\w*:? (?P<epoch>{N}) \[ ?(?P<step>{N}) ?/ ?(?P<steps>{N})(?: ?\( ?{N} ?% ?\))? ?\]", _I), _brackets),
    (re.compile(rf"(?:(?:train|valid):)?{N}-(?P<step>{N})batch"), _brackets),
    (re.compile(rf"(?P<lead>at |after |max: |total: )(?P<count>{N}) {_COUNTED}(?: |\.?$|\))", _I), _counted),
    (re.compile(rf"(?P<epoch>{N})epoch(?![a-z])", _I), _glued),
    (re.compile(rf"(?P<names>{_WORD}(?:, ?{_WORD})+) ?[:=]? ?(?P<values>[\[(]?{N}(?:(?:, ?| ){N})+)"), _several),
    (
        re.compile(
            rf"(?P<name>{_WORD}):? (?P<value>{N})(?P<value_unit>\w*), (?P<rate>{N})(?P<rate_unit>\w*/\w+) \((?P<mean>{N})\w*, (?P<mean_rate>{N})\w*/\w+\)"
        ),
        _twins,
    ),
    (re.compile(rf"(?P<quote>[\"'])(?P<quoted>[^\"']{{1,60}})(?P=quote) ?[:=] ?{_VALUE}{_MEAN}{_TOTAL}"), _pair),
    (re.compile(rf"{_NAME} ?(?:::?=?|:?=|->|→) ?{_VALUE}{_MEAN}{_TOTAL}"), _pair),
    (re.compile(rf"{_NAME} (?P<weak>is|was|reached) {_VALUE}{_MEAN}{_TOTAL}"), _pair),
    (re.compile(rf"(?P<label>(?P<name>{_WORD}) (?P<of>{N})) (?P<value>{N}){_UNIT}{_MEAN}"), _varied),
    (re.compile(rf"(?P<name>{_WORD}(?: {_WORD}){{0,2}}) {_VALUE}{_MEAN}{_TOTAL}"), _bare),
    (re.compile(rf"(?P<value>{N}) ?(?P<per>{_RATE})"), _rate),
    (re.compile(rf"(?:done|processed|progress:?|batch(?:es)?) (?P<step>{N}) ?/ ?(?P<steps>{N})", _I), _done),
)
_LEADING: tuple[tuple[re.Pattern[str], Way], ...] = (
    (re.compile(rf"(?P<step>{N})/(?P<steps>{N})(?= )(?:(?: -)? (?P<elapsed>{N}) ?s(?!\w|/))?"), _brackets),
    (re.compile(rf"\( ?(?P<step>{N}) ?/ ?(?P<steps>{N}) ?\)"), _brackets),
    (re.compile(rf"\[ ?(?P<step>{N}) ?\](?!:)"), _brackets),
)
_ONLY_COUNT = re.compile(rf"(?P<lead>)(?P<count>{N}) {_COUNTED}$")
_ALONE = re.compile(rf"{N}|{_WORD}|.", re.DOTALL)
_MODE = re.compile(r"[\"']?(?:mode|phase|split|stage|set)[\"']?: ?[\"']?(\w+)", _I)


def understood(shape: str, cells: Sequence[str]) -> Shape:
    """What a shape's numbers are; `cells` are those of one of its lines."""
    start, stamps, phase = prefixes.prefix(shape, cells)
    labelled = prefixes.label(shape) if start == 0 else 0
    start = start or labelled
    mode = _MODE.search(shape)
    reading = _Reading(shape, cells, phase=(names.phase(mode[1]) if mode else "") or phase)
    reading.spots.extend(Spot("at", slot, "at") for slot in stamps)
    first, at = reading.phase, start
    for pattern, way in _LEADING:
        if (found := pattern.match(shape, at)) and way(reading, found):
            at = found.end()
            break
    if found := _ONLY_COUNT.match(shape, at):
        _counted(reading, found)
        at = found.end()
    while at < len(shape):
        at = _next(reading, at)
        first = first or reading.phase
    if labelled and reading.formal > 1 and not any(spot.kind in ANCHORS for spot in reading.spots):
        reading.spots.insert(0, Spot("step", 0, "step", "", ""))
    return Shape(tuple(reading.spots), first, reading.formal, reading.loose, start > 0)


def rest(shape: str, first: int) -> tuple[Spot, ...]:
    """What stands behind a row of a table, whose slots count from `first`."""
    told = understood(shape, [""] * shape.count(N))
    return tuple(Spot(spot.kind, spot.slot + first, spot.name, spot.unit, spot.phase) for spot in told.spots)


def _next(reading: _Reading, at: int) -> int:
    """Reads what stands at a place; where reading goes on."""
    if reading.text[at] == " ":
        return at + 1
    for pattern, way in _WAYS:
        if (found := pattern.match(reading.text, at)) and way(reading, found):
            return found.end()
    alone = _ALONE.match(reading.text, at)
    assert alone  # it fits anything
    said = alone[0]
    if of := names.phase(said):
        reading.phase = of
    elif said == N or said[0].isalpha():
        reading.loose += 1
    return alone.end()
