"""Speed of the notebook's index over 10,000 notes with 100,000 bullets: building, updating and querying.

Run: python benchmarks/notebook_index.py
The notes are synthetic: dated files of ten nested bullets each, with words drawn by Zipf's law from 20,000, one in six Chinese or Korean.
CPU seconds and milliseconds on one thread; 300 questions of two to five words, one in five with a date. A change is one rewritten note,
timed until it is found. LanceDB, for comparison, stores the same bullets with random vectors and is queried with random vectors: its speed
does not depend on their meaning, and the cost of an encoder is not included.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from scratchlab.notebook.index.encoders import Vectors
from scratchlab.notebook.index.refresh import refresh
from scratchlab.notebook.index.search_index import SearchIndex
from scratchlab.notebook.index.sources.notes import Notes
from scratchlab.notebook.index.table import opened
from scratchlab.notebook.recall.ask import ask
from scratchlab.notebook.settings import Settings

NOTES, BULLETS, WORDS, QUESTIONS = 10_000, 10, 20_000, 300
NOW = datetime(2026, 1, 1)


def words(rng: np.random.Generator) -> list[str]:
    """A vocabulary, most frequent words first; mostly of Latin letters."""
    latin = ["".join(rng.choice(list("aeioubcdfglmnprst"), rng.integers(3, 10))) for _ in range(WORDS)]
    wide = [chr(0x4E00 + i) + chr(0x4E00 + j) for i, j in rng.integers(0, 2000, (WORDS // 2, 2))]
    wide += [chr(0xAC00 + i) + chr(0xAC00 + j) + chr(0xAC00 + k) for i, j, k in rng.integers(0, 2000, (WORDS // 2, 3))]
    return [wide[i] if rng.random() < 1 / 6 else latin[i] for i in range(WORDS)]


def bullets(rng: np.random.Generator, vocabulary: list[str]) -> list[str]:
    """All bullets, of twelve words on average."""
    lengths = rng.poisson(10, NOTES * BULLETS) + 2
    drawn = np.minimum(rng.zipf(1.2, lengths.sum()), WORDS) - 1
    ends = np.cumsum(lengths)
    return [" ".join(vocabulary[i] for i in drawn[end - length : end]) for end, length in zip(ends, lengths, strict=True)]


def note(day: date, lines: list[str]) -> str:
    """A day's note."""
    return f"# {day.isoformat()}\n\n" + "".join(f"{'    ' if i % 3 == 2 else ''}- {line}\n" for i, line in enumerate(lines))


def write(vault: Path, texts: list[str]) -> list[Path]:
    """Write the notes as files, a hundred per folder."""
    paths = []
    for i in range(NOTES):
        path = vault / f"{i // 100:03d}" / f"note-{i:05d}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(note(date(2000, 1, 1) + timedelta(days=i % 9000), texts[i * BULLETS : (i + 1) * BULLETS]), encoding="utf-8")
        paths.append(path)
    return paths


def seconds(work: Callable[[], Any]) -> float:
    """CPU seconds of `work`."""
    start = time.process_time()
    work()
    return time.process_time() - start


def print_quantiles(name: str, values: list[float], unit: str = "ms") -> None:
    """Print median, 95th percentile and maximum."""
    scale = 1e3 if unit == "ms" else 1
    p95 = float(np.quantile(values, 0.95))
    print(
        f"{name:32s} p50 {statistics.median(values) * scale:8.2f}  p95 {p95 * scale:8.2f}  max {max(values) * scale:8.2f} {unit}",
        flush=True,
    )


def memory() -> float:
    """Peak memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ours(folder: Path, texts: list[str], questions: list[str]) -> None:
    vault = folder / "vault"
    vault.mkdir()
    paths = write(vault, texts)
    sources = {"notes": Notes(Settings(vault=(vault,)))}
    before = memory()
    base = opened(folder / "index.sqlite")
    print(f"{'build':32s} {seconds(lambda: refresh(base, sources)):.2f} CPU s, +{memory() - before:.0f} MB of memory, ", end="")
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(f"{(folder / 'index.sqlite').stat().st_size / 1e6:.0f} MB on disk", flush=True)
    print_quantiles("nothing changed", [seconds(lambda: refresh(base, sources)) for _ in range(5)])
    index = SearchIndex(base, [], folder)

    def change(i: int) -> None:
        paths[i].write_text(note(date(2025, 1, 1), [f"changed{i} {text}" for text in texts[:BULLETS]]), encoding="utf-8")
        refresh(base, sources)
        assert ask(f"changed{i}", NOW, index).evidence[0].event.place.path == paths[i]

    print_quantiles("one note changed, and found", [seconds(lambda i=i: change(i)) for i in range(0, NOTES, NOTES // 20)])
    print_quantiles("a question, by words", [seconds(lambda text=text: ask(text, NOW, index)) for text in questions])


class RandomEncoder:
    """An encoder of random vectors of a given dimension, at almost no cost."""

    speed, reads_above = 1_000_000, False

    def __init__(self, size: int) -> None:
        self.name, self.size = f"random-{size}", size

    def texts(self, texts: Sequence[str]) -> Vectors:
        return np.random.default_rng(len(texts)).normal(size=(len(texts), self.size)).astype(np.float32)

    def question(self, question: str) -> Vectors:
        return self.texts([question])[0]


def ours_by_meaning(folder: Path, questions: list[str]) -> None:
    before = memory()
    index = SearchIndex(opened(folder / "index.sqlite"), [RandomEncoder(384), RandomEncoder(512)], folder)
    print(f"{'loading vectors':32s} {seconds(lambda: index.meaning):.2f} CPU s, +{memory() - before:.0f} MB of memory", flush=True)
    print_quantiles("a question, by words and meaning", [seconds(lambda text=text: ask(text, NOW, index)) for text in questions])


def lance(folder: Path, texts: list[str], questions: int, rng: np.random.Generator) -> None:
    import lancedb
    import pyarrow as pa

    vectors = rng.normal(size=(len(texts), 512)).astype(np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 512)
    table = pa.table({"text": texts, "vector": column})
    before = memory()
    tables: list[Any] = []
    database = lancedb.connect(folder / "lance")
    print(
        f"{'LanceDB: build':32s} {seconds(lambda: tables.append(database.create_table('notes', table))):.2f} CPU s, ",
        end="",
    )
    print(f"+{memory() - before:.0f} MB of memory, ", end="")
    print(f"{sum(path.stat().st_size for path in (folder / 'lance').rglob('*') if path.is_file()) / 1e6:.0f} MB on disk", flush=True)
    queries = rng.normal(size=(questions, 512)).astype(np.float32)
    print_quantiles(
        "LanceDB: a question, exact",
        [seconds(lambda query=query: tables[0].search(query).metric("cosine").limit(5).to_list()) for query in queries],
    )


def main() -> None:
    rng = np.random.default_rng(0)
    vocabulary = words(rng)
    texts = bullets(rng, vocabulary)
    drawn = [np.minimum(rng.zipf(1.2, rng.integers(2, 6)), WORDS) - 1 for _ in range(QUESTIONS)]
    questions = [" ".join(vocabulary[j] for j in ranks) + (" in 2010" if i % 5 == 0 else "") for i, ranks in enumerate(drawn)]
    with tempfile.TemporaryDirectory() as folder:
        ours(Path(folder), texts, questions)
        ours_by_meaning(Path(folder), questions)
        lance(Path(folder), texts, QUESTIONS, rng)


if __name__ == "__main__":
    main()
