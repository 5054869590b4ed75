"""The notebook's index over 10,000 notes with 100,000 bullets: building it, following a change, asking it.

Run: python benchmarks/notebook_index.py
The notes are generated: dated files of ten nested bullets each, one word in six Chinese or Korean, words drawn by Zipf's law from
20,000. CPU seconds and milliseconds on one thread; the questions are 300 of two to five words, one in five with a time. A change is one
note written anew, until it is found. The peer holds the same bullets under vectors made beforehand (random ones: their speed does not
depend on what they mean) and is asked with a vector made beforehand, so that its encoder costs it nothing.
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
    """A vocabulary whose first words are the most frequent; Latin ones mostly."""
    latin = ["".join(rng.choice(list("aeioubcdfglmnprst"), rng.integers(3, 10))) for _ in range(WORDS)]
    wide = [chr(0x4E00 + i) + chr(0x4E00 + j) for i, j in rng.integers(0, 2000, (WORDS // 2, 2))]
    wide += [chr(0xAC00 + i) + chr(0xAC00 + j) + chr(0xAC00 + k) for i, j, k in rng.integers(0, 2000, (WORDS // 2, 3))]
    return [wide[i] if rng.random() < 1 / 6 else latin[i] for i in range(WORDS)]


def bullets(rng: np.random.Generator, vocabulary: list[str]) -> list[str]:
    """All bullets, ten words each in the middle."""
    lengths = rng.poisson(10, NOTES * BULLETS) + 2
    drawn = np.minimum(rng.zipf(1.2, lengths.sum()), WORDS) - 1
    ends = np.cumsum(lengths)
    return [" ".join(vocabulary[i] for i in drawn[end - length : end]) for end, length in zip(ends, lengths, strict=True)]


def note(day: date, lines: list[str]) -> str:
    """A day's note."""
    return f"# {day.isoformat()}\n\n" + "".join(f"{'    ' if i % 3 == 2 else ''}- {line}\n" for i, line in enumerate(lines))


def write(vault: Path, texts: list[str]) -> list[Path]:
    """The notes as files, a hundred a folder."""
    paths = []
    for i in range(NOTES):
        path = vault / f"{i // 100:03d}" / f"note-{i:05d}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(note(date(2000, 1, 1) + timedelta(days=i % 9000), texts[i * BULLETS : (i + 1) * BULLETS]), encoding="utf-8")
        paths.append(path)
    return paths


def seconds(work: Callable[[], Any]) -> float:
    """Of the processor."""
    start = time.process_time()
    work()
    return time.process_time() - start


def told(name: str, values: list[float], unit: str = "ms") -> None:
    """Median, 95th percentile and most."""
    scale = 1e3 if unit == "ms" else 1
    p95 = float(np.quantile(values, 0.95))
    print(
        f"{name:32s} p50 {statistics.median(values) * scale:8.2f}  p95 {p95 * scale:8.2f}  most {max(values) * scale:8.2f} {unit}",
        flush=True,
    )


def memory() -> float:
    """The most this process has held, in MB."""
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
    told("nothing changed", [seconds(lambda: refresh(base, sources)) for _ in range(5)])
    asked = SearchIndex(base, [], folder)

    def change(i: int) -> None:
        paths[i].write_text(note(date(2025, 1, 1), [f"changed{i} {text}" for text in texts[:BULLETS]]), encoding="utf-8")
        refresh(base, sources)
        assert ask(f"changed{i}", NOW, asked).evidence[0].event.place.path == paths[i]

    told("one note changed, and found", [seconds(lambda i=i: change(i)) for i in range(0, NOTES, NOTES // 20)])
    told("a question, by words", [seconds(lambda text=text: ask(text, NOW, asked)) for text in questions])


class Dice:
    """An encoder that costs next to nothing, of the size that another has."""

    speed, reads_above = 1_000_000, False

    def __init__(self, size: int) -> None:
        self.name, self.size = f"dice-{size}", size

    def texts(self, texts: Sequence[str]) -> Vectors:
        return np.random.default_rng(len(texts)).normal(size=(len(texts), self.size)).astype(np.float32)

    def question(self, question: str) -> Vectors:
        return self.texts([question])[0]


def ours_by_meaning(folder: Path, questions: list[str]) -> None:
    before = memory()
    asked = SearchIndex(opened(folder / "index.sqlite"), [Dice(384), Dice(512)], folder)
    print(f"{'vectors taken in':32s} {seconds(lambda: asked.meaning):.2f} CPU s, +{memory() - before:.0f} MB of memory", flush=True)
    told("a question, by words and meaning", [seconds(lambda text=text: ask(text, NOW, asked)) for text in questions])


def lance(folder: Path, texts: list[str], questions: int, rng: np.random.Generator) -> None:
    import lancedb
    import pyarrow as pa

    vectors = rng.normal(size=(len(texts), 512)).astype(np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 512)
    table = pa.table({"text": texts, "vector": column})
    before = memory()
    made: list[Any] = []
    place = lancedb.connect(folder / "lance")
    print(
        f"{'LanceDB: build':32s} {seconds(lambda: made.append(place.create_table('notes', table))):.2f} CPU s, ",
        end="",
    )
    print(f"+{memory() - before:.0f} MB of memory, ", end="")
    print(f"{sum(path.stat().st_size for path in (folder / 'lance').rglob('*') if path.is_file()) / 1e6:.0f} MB on disk", flush=True)
    asked = rng.normal(size=(questions, 512)).astype(np.float32)
    told("LanceDB: a question, exact", [seconds(lambda one=one: made[0].search(one).metric("cosine").limit(5).to_list()) for one in asked])


def main() -> None:
    rng = np.random.default_rng(0)
    vocabulary = words(rng)
    texts = bullets(rng, vocabulary)
    drawn = [np.minimum(rng.zipf(1.2, rng.integers(2, 6)), WORDS) - 1 for _ in range(QUESTIONS)]
    questions = [" ".join(vocabulary[j] for j in some) + (" in 2010" if i % 5 == 0 else "") for i, some in enumerate(drawn)]
    with tempfile.TemporaryDirectory() as folder:
        ours(Path(folder), texts, questions)
        ours_by_meaning(Path(folder), questions)
        lance(Path(folder), texts, QUESTIONS, rng)


if __name__ == "__main__":
    main()
