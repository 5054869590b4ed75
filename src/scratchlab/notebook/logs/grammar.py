"""How figures are written: the ways of writing them, in the order in which they are tried.

`understood` reads a shape from left to right. At every word the ways are tried in their order; where none fits, the word is loose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from scratchlab.notebook.logs import names, placed, prefixes, valued
from scratchlab.notebook.logs.atoms import MEAN, NAME, RATE, SHARE, TOTAL, UNIT, VALUE, WORD, N
from scratchlab.notebook.logs.reading import Reading
from scratchlab.notebook.logs.shapes import ANCHORS, Shape, Spot

Way = Callable[[Reading, re.Match[str]], bool]
_I = re.IGNORECASE
_STEP_OF = rf"(?P<step>{N}) ?/ ?(?P<steps>{N})"
_COUNTED = r"(?P<what>epochs?|steps?|iterations?|iters?|updates?|batches)(?!\w)"
_SPEED = rf"(?P<rate>{N}) ?(?P<per>[\w/]+)"
_WAYS: tuple[tuple[re.Pattern[str], Way], ...] = (
    # 10%| 1/10 [00:02<00:18, 2.00s/it
    (
        re.compile(
            rf"(?:{N}%\|? ?)?(?P<step>{N})[kMG]?/(?P<steps>{N})[kMG]?(?: \w+)? "
            rf"\[(?P<elapsed>{N})<(?:(?P<eta>{N})|\?)(?:, ?(?:{_SPEED}|\?[\w/]+))?"
        ),
        placed.bar,
    ),
    # 16it [00:01, 10.3it/s]
    (re.compile(rf"(?P<step>{N})it \[(?P<elapsed>{N}), (?:{_SPEED}|\?[\w/]+)\]"), placed.bar),
    # 200/400 0:00:10 • 0:00:05 3.2it/s
    (re.compile(rf"(?P<step>{N})/(?P<steps>{N}) (?P<elapsed>{N}) • (?:(?P<eta>{N})|-+:-+:-+) (?:{_SPEED})?"), placed.bar),
    # epoch 001: 20 / 400
    (re.compile(rf"(?:epochs?|ep) (?P<epoch>{N}): ?{_STEP_OF}(?= )", _I), placed.brackets),
    # Epoch 3/10; Epoch: [1][20/250]; Epoch(val) [17][12]; epoch=3
    (
        re.compile(
            rf"(?:epochs?|ep)(?: ?\((?P<of>\w+)\))?(?P<sep> ?[:=#\[(] ?[\[(]? ?| )(?P<epoch>{N})"
            rf"(?: ?(?:/|of|out of) ?(?P<epochs>{N}))? ?[\])]?(?: ?\[ ?(?P<step>{N})(?: ?/ ?(?P<steps>{N}))?{SHARE} ?\])?(?=(?P<close>.?))",
            _I,
        ),
        placed.epoch,
    ),
    # [20/250]; [3/10][20/250]
    (re.compile(rf"(?:\[ ?(?P<epoch>{N})(?: ?/ ?(?P<epochs>{N}))?\] ?)?\[ ?{_STEP_OF}{SHARE} ?\]"), placed.brackets),
    # Train: 0 [20/250 (8%)]
    (re.compile(rf"(?:train|valid|val|eval|test)\w*:? (?P<epoch>{N}) \[ ?{_STEP_OF}{SHARE} ?\]", _I), placed.brackets),
    # train:1-100batch
    (re.compile(rf"(?:(?:train|valid):)?{N}-(?P<step>{N})batch"), placed.brackets),
    # at 17 epochs; max: 20 epochs; 1epoch
    (re.compile(rf"(?P<lead>at |after |max: |total: )(?P<count>{N}) {_COUNTED}(?: |\.?$|\))", _I), placed.counted),
    (re.compile(rf"(?P<epoch>{N})epoch(?![a-z])", _I), placed.glued),
    # loss1,loss2 0.5 0.6
    (re.compile(rf"(?P<names>{WORD}(?:, ?{WORD})+) ?[:=]? ?(?P<values>[\[(]?{N}(?:(?:, ?| ){N})+)"), valued.several),
    # Time: 0.2s, 100/s (0.3s, 90/s)
    (
        re.compile(
            rf"(?P<name>{WORD}):? (?P<value>{N})(?P<value_unit>\w*), (?P<rate>{N})(?P<rate_unit>\w*/\w+) "
            rf"\((?P<mean>{N})\w*, (?P<mean_rate>{N})\w*/\w+\)"
        ),
        valued.twins,
    ),
    # val_loss improved from 0.5 to 0.4, saving model; val_loss did not improve from 0.4; loss decreased (0.5 --> 0.4). Saving model
    (
        re.compile(
            rf"(?P<name>{WORD}(?: {WORD})?) (?:improved|decreased|increased) (?:from )?\(?{N} ?(?:to|-+>) ?(?P<value>{N})\)?"
            r"(?:[.,]* ?[Ss]aving .*)?"
        ),
        valued.best,
    ),
    (re.compile(rf"(?P<name>{WORD}(?: {WORD})?) did not (?:improve|decrease|increase) from (?P<value>{N})"), valued.best),
    # "loss": 0.5; loss = 0.5 (0.6); time (ms): 3; the accuracy is 0.5
    (re.compile(rf"(?P<quote>[\"'])(?P<quoted>[^\"']{{1,60}})(?P=quote) ?[:=] ?{VALUE}{MEAN}{TOTAL}"), valued.pair),
    (re.compile(rf"{NAME} ?(?:::?=?|:?=|->|→) ?{VALUE}{MEAN}{TOTAL}"), valued.pair),
    (re.compile(rf"{NAME} (?P<weak>is|was|reached|to) {VALUE}{MEAN}{TOTAL}"), valued.pair),
    # Prec@1 001 62.5 (59.4); Loss 0.5 (0.6); 0.22 s / batch; done 11/156
    (re.compile(rf"(?P<label>(?P<name>{WORD}) (?P<of>{N})) (?P<value>{N}){UNIT}{MEAN}"), valued.varied),
    (re.compile(rf"(?P<name>{WORD}(?: {WORD}){{0,2}}) {VALUE}{MEAN}{TOTAL}"), valued.bare),
    (re.compile(rf"(?P<value>{N}) ?(?P<per>{RATE})"), valued.rate),
    (re.compile(rf"(?:done|processed|progress:?|batch(?:es)?) {_STEP_OF}", _I), placed.done),
    (re.compile(rf"{_STEP_OF} (?:batches|steps|iterations|iters|updates)(?!\w)", _I), placed.done),
)
_LEADING: tuple[tuple[re.Pattern[str], Way], ...] = (
    (re.compile(rf"(?P<step>{N})/(?P<steps>{N})(?= )(?:(?: -)? (?P<elapsed>{N}) ?s(?!\w|/))?"), placed.brackets),
    (re.compile(rf"\( ?(?P<step>{N}) ?/ ?(?P<steps>{N}) ?\)"), placed.brackets),
    (re.compile(rf"\[ ?(?P<step>{N}) ?\](?!:)"), placed.brackets),
    (re.compile(rf"\[ ?(?P<epoch>{N}), ?(?P<step>{N}) ?\](?= )"), placed.brackets),
    (re.compile(rf"(?P<name>{WORD}) \| (?P<value>{N}) \|$"), valued.cell),
)
_ONLY_COUNT = re.compile(rf"(?P<lead>)(?P<count>{N}) {_COUNTED}$")
_ALONE = re.compile(rf"{N}|{WORD}|.", re.DOTALL)
_SPOKEN = re.compile(r"\b(?:the|an?|we|i|it|they|our|was|were|has|had|have|that|this|these|then|but|so)\b", _I)  # of sentences
_MODE = re.compile(r"[\"']?(?:mode|phase|split|stage|set)[\"']?: ?[\"']?(\w+)", _I)


def understood(shape: str, cells: Sequence[str]) -> Shape:
    """What a shape's numbers are; `cells` are those of one of its lines."""
    start, stamps, phase = prefixes.prefix(shape, cells)
    labelled = prefixes.label(shape) if start == 0 else 0
    start = start or labelled
    mode = _MODE.search(shape)
    reading = Reading(shape, cells, phase=(names.phase(mode[1]) if mode else "") or phase)
    reading.spots.extend(Spot("at", slot, "at") for slot in stamps)
    first, at = reading.phase, start
    for pattern, way in _LEADING:
        if (found := pattern.match(shape, at)) and way(reading, found):
            at = found.end()
            break
    if found := _ONLY_COUNT.match(shape, at):
        placed.counted(reading, found)
        at = found.end()
    while at < len(shape):
        at = _next(reading, at)
        first = first or reading.phase
    if labelled and reading.formal > 1 and not any(spot.kind in ANCHORS for spot in reading.spots):
        reading.spots.insert(0, Spot("step", 0, "step", "", ""))
    spoken = 0 if reading.formal else len(_SPOKEN.findall(shape))
    return Shape(tuple(reading.spots), first, reading.formal, reading.loose + 3 * spoken, start > 0)


def rest(shape: str, first: int) -> tuple[Spot, ...]:
    """What stands behind a row of a table, whose slots count from `first`."""
    told = understood(shape, [""] * shape.count(N))
    return tuple(Spot(spot.kind, spot.slot + first, spot.name, spot.unit, spot.phase) for spot in told.spots)


def _next(reading: Reading, at: int) -> int:
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
