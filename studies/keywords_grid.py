"""Methods and losses × comparisons: which way of learning new words, compared by vector, CKA, one-to-one, DTW, or vector and DTW together.

    python studies/keywords_grid.py --root FOLDER_OF_ARABIC_SPEECH_COMMANDS
    python studies/keywords_grid.py --recipe keywords-fsdd --root FOLDER_OF_FSDD --folds "protocol.test=['lucas']" ...

Trains every row of the table once a seed; all comparisons answer the same queries from the same shots. Prints two
tables: accuracy on new words, chosen among all words, after the last session; and each fusion's gain over the plain vector, paired by seed,
draw and speaker. Started again, it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import page
from counts import counted
from jobs import Job, common, finished, trainings
from page import percent, points, table

from scratchlab.checks import Problem
from scratchlab.store.run import Run

HEADS = ("cosine", "cka", "one_to_one", "dtw", "cosine+dtw")
CALLED = {"cosine": "vector", "cka": "CKA", "one_to_one": "one-to-one", "dtw": "DTW", "cosine+dtw": "vector + DTW"}
MATRIX = ("temporal.pool=4", "temporal.centre=true", *(f"similarity.{name}={{}}" for name in HEADS[:4]), "scoring.fuse=[['cosine', 'dtw']]")


def ways(coming: int) -> dict[str, tuple[str, ...]]:
    """The rows and their settings, where so many words are to come: as many virtual prototypes wait for them."""
    methods = {name: (f"method.name={name}",) for name in ("prototypes", "cec", "fact", "teen", "fill", "savc", "compositional")}
    waiting = {name: (*methods[name], f"method.virtual={coming}") for name in ("fact", "fill")}
    with_dtw = "loss.cross_entropy.weights={cosine=1.0,dtw=0.2}"
    return {
        **methods,
        **waiting,
        "loss: vector + 0.2 CKA": ("loss.cross_entropy.weights={cosine=1.0,cka=0.2}",),
        "loss: vector + 0.2 DTW": (with_dtw,),
        "the same, reversed negatives": (with_dtw, "loss.cross_entropy.reversed_negatives=true"),
        "loss: + supervised contrastive": ("loss.cross_entropy={}", "loss.contrastive={}"),
        "transformer of two layers": ("temporal.name=transformer", "temporal.pool=4", "temporal.centre=true"),
    }


def main() -> None:
    """Runs what is missing, then makes the tables."""
    parser = page.folded(page.of_runs(page.parser(__doc__, "keywords-arabic")))
    parser.add_argument("--rows", nargs="+", default=list(ways(0)), help=f"which rows: {', '.join(ways(0))}; or the name of any method")
    asked = parser.parse_args()
    shared = (*MATRIX, *common(asked))
    protocol = Job(asked.recipe, shared).resolved().values["protocol"]
    if protocol["name"] != "sessions":
        raise Problem(
            f"The grid is about new words, but {asked.recipe} has protocol.name = '{protocol['name']}'; take a recipe of sessions."
        )
    known = ways(protocol["way"] * protocol["sessions"])
    rows = {row: known.get(row, (f"method.name={row}",)) for row in asked.rows}
    jobs = [Job(asked.recipe, (*shared, *own, *training)) for own in rows.values() for training in trainings(asked)]
    runs, many = finished(jobs, asked.runs, asked.workers), len(trainings(asked))
    by_row = {row: runs[i * many : (i + 1) * many] for i, row in enumerate(rows)}
    page.leave("\n".join(_tables(by_row, len(asked.folds))), asked.page)


def _tables(by_row: Mapping[str, Sequence[Run]], folds: int) -> list[str]:
    """The page: how each cell fared, and what it gains over the first row's vector."""
    new = {(row, head): counted(of, folds, head, "new") for row, of in by_row.items() for head in HEADS}
    first = next(iter(by_row))
    plain = new[first, "cosine"]
    fared = [
        [
            row,
            percent(counted(of, folds, "cosine", "session 0").share()),
            *(percent(new[row, head].share()) for head in HEADS),
            _own(of, folds),
        ]
        for row, of in by_row.items()
    ]
    gained = [
        [
            row,
            points(new[row, "cosine"].gain_over(plain)),
            points(new[row, "cosine+dtw"].gain_over(new[row, "cosine"])),
            points(new[row, "cosine+dtw"].gain_over(plain)),
        ]
        for row in by_row
    ]
    return [
        "New words after the last session, chosen among all words, in per cent; before them the base words by vector. A method's own head, "
        "where it has one, compares in a way of its own.\n",
        table(["", "base, vector", *(CALLED[head] for head in HEADS), "own head"], fared),
        f"Gains on new words in points; the baseline is {first} with the vector.\n",
        table(["", "vector over baseline", "vector + DTW over its own vector", "vector + DTW over baseline"], gained),
        f"95 % intervals: {plain.share().how}; gains are paired.",
    ]


def _own(runs: Sequence[Run], folds: int) -> str:
    """Of the head that speaks for the method, if it is none of the comparisons."""
    head = runs[0].json("summary")["head"]
    return "–" if head in HEADS else percent(counted(runs, folds, head, "new").share())


if __name__ == "__main__":
    page.spoken(main)
