"""Building blocks of the regular expressions that find figures in a shape."""

from __future__ import annotations

import re

from scratchlab.notebook.logs.slots import SLOT

N = SLOT
_COUNTED = "s|ms|us|µs|secs?|its?|iters?|steps?|batch|batches|samples?|imgs?|images?|tok|tokens?|ins|ex|examples?|frames?|words?|[kMG]i?B"
_PER = rf"s|sec|second|min|h|it|iter|step|batch|epoch|sample|img|image|token|{N} ?iters?"
RATE = rf"(?:{_COUNTED}) ?(?:/|per) ?(?:{_PER})(?![\w])"
SIMPLE = r"(?:%|secs?|seconds?|ms|us|µs|mins?|minutes?|hours?|hrs?|[smhd]|[KMGT]i?B|[KMGTkB]|dB|Hz|/s)(?![\w/@])"
UNIT = rf"(?: ?(?P<unit>{RATE}|{SIMPLE}))?"
_INSIDE = r"\([\w.]{1,6}\)|\(\w+(?:, ?\w+){1,3}\)"  # mAP50(B), accuracy(x, y)
WORD = (
    rf"(?:[^\W\d][\w@/#%+~^'-]*(?:\.[\w@/#%+~^'-]+)*(?:@\.?\d[\d.:]*\d)?(?:{_INSIDE})?"
    r"|(?:[Vv]al|[Tt]rain|[Tt]est|[Aa]vg)\.(?= )|'[\w-]+')"
)
NAME = rf"(?P<name>{WORD}(?: {WORD}){{0,5}}(?: ?\((?P<inside>[A-Za-z/%.]{{1,8}})\))?)"
VALUE = rf"(?:(?P<list>\[{{1,2}})|tensor\(|np\.float\d+\()?(?P<value>{N})(?(list)\]{{1,2}}){UNIT}"
MEAN = rf"(?: ?\((?:avg|mean|ave|average|ema|global avg)?[:=. ]*(?P<mean>{N})(?: ?(?P<mean_unit>{RATE}|{SIMPLE}))?\))?"
TOTAL = rf"(?: ?(?:/|of|out of) ?(?P<total>{N})(?: ?\( ?(?P<share>{N}) ?%\))?)?"
SHARE = rf"(?: ?\( ?{N} ?% ?\))?"  # the percentage after a fraction is redundant
IS_UNIT = re.compile(rf"{RATE}|{SIMPLE}")
