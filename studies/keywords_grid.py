"""Methods and losses × comparisons: which way of learning new words, compared by vector, CKA, one-to-one, DTW, or vector and DTW together.

    python studies/keywords_grid.py --root FOLDER_OF_ARABIC_SPEECH_COMMANDS
    python studies/keywords_grid.py --recipe keywords-fsdd --root FOLDER_OF_FSDD --folds "protocol.test=['lucas']" ...

Trains every row of the table once a seed; all comparisons answer the same queries from the same shots. Prints two
tables: accuracy on new words, chosen among all words, after the last session; and each fusion's gain over the plain vector, paired by seed,
draw and speaker. Started again, it goes on where it was.
"""

from __future__ import annotations

import together
from together import Counts, Job, counted, percent, points, table

BOTH = "loss.cross_entropy.weights={cosine=1.0,%s=0.2}"
VIRTUAL = "method.virtual=%d"  # as many as words are to come
ROWS: dict[str, tuple[str, ...]] = {
    **{name: (f"method.name={name}",) for name in ("prototypes", "cec", "teen", "savc", "compositional")},
    **{name: (f"method.name={name}", VIRTUAL) for name in ("fact", "fill")},
    "loss: vector + 0.2 CKA": (BOTH % "cka",),
    "loss: vector + 0.2 DTW": (BOTH % "dtw",),
    "the same, reversed negatives": (BOTH % "dtw", "loss.cross_entropy.reversed_negatives=true"),
    "loss: + supervised contrastive": ("loss.cross_entropy={}", "loss.contrastive={}"),
    "transformer of two layers": ("temporal.name=transformer", "temporal.pool=4", "temporal.centre=true"),
}
HEADS = ("cosine", "cka", "one_to_one", "dtw", "cosine+dtw")
CALLED = {"cosine": "vector", "cka": "CKA", "one_to_one": "one-to-one", "dtw": "DTW", "cosine+dtw": "vector + DTW"}
MATRIX = ("temporal.pool=4", "temporal.centre=true", *(f"similarity.{name}={{}}" for name in HEADS[:4]), "scoring.fuse=[['cosine', 'dtw']]")


def main() -> None:
    """Runs what is missing, then makes the tables."""
    parser = together.parser(__doc__, "keywords-arabic")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), help=f"which rows: {', '.join(ROWS)}; or the name of any method")
    asked = parser.parse_args()
    common = (*MATRIX, *together.common(asked))
    protocol = Job(asked.recipe, common).resolved().values["protocol"]
    coming = protocol["way"] * protocol["sessions"]
    rows = {row: tuple(own.replace("%d", str(coming)) for own in ROWS.get(row, (f"method.name={row}",))) for row in asked.rows}
    trainings = together.trainings(asked)
    jobs = [Job(asked.recipe, (*common, *own, *training)) for own in rows.values() for training in trainings]
    runs = together.finished(jobs, asked.runs, asked.workers)
    by_row = {row: runs[i * len(trainings) : (i + 1) * len(trainings)] for i, row in enumerate(rows)}
    new = {(row, head): counted(of, head, "new") for row, of in by_row.items() for head in HEADS}
    base = {row: counted(of, "cosine", "session 0") for row, of in by_row.items()}
    text = "\n".join(_tables(list(rows), new, base))
    together.leave(text, asked.page)


def _tables(rows: list[str], new: dict[tuple[str, str], Counts], base: dict[str, Counts]) -> list[str]:
    """The page: how each cell fared, and what it gains over the first row's vector."""
    plain = new[rows[0], "cosine"]
    fared = [[row, percent(base[row].share()), *(percent(new[row, head].share()) for head in HEADS)] for row in rows]
    gained = [
        [
            row,
            points(new[row, "cosine"].gain_over(plain)),
            points(new[row, "cosine+dtw"].gain_over(new[row, "cosine"])),
            points(new[row, "cosine+dtw"].gain_over(plain)),
        ]
        for row in rows
    ]
    return [
        "New words after the last session, chosen among all words, in per cent; before them the base words by vector.\n",
        table(["", "base, vector", *(CALLED[head] for head in HEADS)], fared),
        f"Gains on new words in points; the baseline is {rows[0]} with the vector.\n",
        table(["", "vector over baseline", "vector + DTW over its own vector", "vector + DTW over baseline"], gained),
        f"95 % intervals: {plain.share().how}; gains are paired.",
    ]


if __name__ == "__main__":
    together.spoken(main)
