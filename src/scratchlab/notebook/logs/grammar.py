"""The grammar of figures: patterns with handlers, in the order in which they are tried.

`parse_shape` reads a shape from left to right. At every word the patterns are tried in order; a word that none matches is loose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from scratchlab.notebook.logs import names, placed, prefixes, valued
from scratchlab.notebook.logs.atoms import MEAN, NAME, RATE, SHARE, TOTAL, UNIT, VALUE, WORD, N
from scratchlab.notebook.logs.reading import Reading
from scratchlab.notebook.logs.shapes import ANCHORS, Shape, Spot

Handler = Callable[[Reading, re.Match[str]], bool]
_I = re.IGNORECASE
_STEP_OF = rf"(?P<step>{N}) ?/ ?(?P<steps>{N})"
_COUNTED = r"(?P<what>epochs?|steps?|iterations?|iters?|updates?|batches)(?!\w)"
_SPEED = rf"(?P<rate>{N}) ?(?P<per>[\w/]+)"
_PATTERNS: tuple[tuple[re.Pattern[str], Handler], ...] = (
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
_LEADING: tuple[tuple[re.Pattern[str], Handler], ...] = (
    (re.compile(rf"(?P<step>{N})/(?P<steps>{N})(?= )(?:(?: -)? (?P<elapsed>{N}) ?s(?!\w|/))?"), placed.brackets),
    (re.compile(rf"\( ?(?P<step>{N}) ?/ ?(?P<steps>{N}) ?\)"), placed.brackets),
    (re.compile(rf"\[ ?(?P<step>{N}) ?\](?!:)"), placed.brackets),
    (re.compile(rf"\[ ?(?P<epoch>{N}), ?(?P<step>{N}) ?\](?= )"), placed.brackets),
    (re.compile(rf"(?P<name>{WORD}) \| (?P<value>{N}) \|$"), valued.cell),
)
_ONLY_COUNT = re.compile(rf"(?P<lead>)(?P<count>{N}) {_COUNTED}$")
_ALONE = re.compile(rf"{N}|{WORD}|.", re.DOTALL)
_PROSE = re.compile(r"\b(?:the|an?|we|i|it|they|our|was|were|has|had|have|that|this|these|then|but|so)\b", _I)  # words of prose
_MODE = re.compile(r"[\"']?(?:mode|phase|split|stage|set)[\"']?: ?[\"']?(\w+)", _I)


def parse_shape(shape: str, cells: Sequence[str]) -> Shape:
    """Determines what the numbers of a shape are; cells: the numbers of one of its lines."""
    start, stamps, phase = prefixes.prefix(shape, cells)
    label_end = prefixes.label(shape) if start == 0 else 0
    start = start or label_end
    mode = _MODE.search(shape)
    reading = Reading(shape, cells, phase=(names.phase(mode[1]) if mode else "") or phase)
    reading.spots.extend(Spot("at", slot, "at") for slot in stamps)
    first, at = reading.phase, start
    for pattern, handle in _LEADING:
        if (found := pattern.match(shape, at)) and handle(reading, found):
            at = found.end()
            break
    if found := _ONLY_COUNT.match(shape, at):
        placed.counted(reading, found)
        at = found.end()
    while at < len(shape):
        at = _next(reading, at)
        first = first or reading.phase
    if label_end and reading.formal > 1 and not any(spot.kind in ANCHORS for spot in reading.spots):
        reading.spots.insert(0, Spot("step", 0, "step", "", ""))
    prose_words = 0 if reading.formal else len(_PROSE.findall(shape))
    return Shape(tuple(reading.spots), first, reading.formal, reading.loose + 3 * prose_words, start > 0)


def rest(shape: str, first: int) -> tuple[Spot, ...]:
    """The figures in the text after a row of a table; their slots are counted from `first`."""
    parsed = parse_shape(shape, [""] * shape.count(N))
    return tuple(Spot(spot.kind, spot.slot + first, spot.name, spot.unit, spot.phase) for spot in parsed.spots)


def _next(reading: Reading, at: int) -> int:
    """Parses at a position; returns the position where parsing continues."""
    if reading.text[at] == " ":
        return at + 1
    for pattern, handle in _PATTERNS:
        if (found := pattern.match(reading.text, at)) and handle(reading, found):
            return found.end()
    alone = _ALONE.match(reading.text, at)
    assert alone  # it matches anything
    word = alone[0]
    if phase := names.phase(word):
        reading.phase = phase
    elif word == N or word[0].isalpha():
        reading.loose += 1
    return alone.end()
