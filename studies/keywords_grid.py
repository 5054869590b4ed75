"""Methods and losses × similarities: accuracy on new words by vector, CKA, one-to-one matching, DTW, and vector and DTW fused.

    python studies/keywords_grid.py --root FOLDER_OF_ARABIC_SPEECH_COMMANDS -s training.epochs=60                (84 minutes)
    python studies/keywords_grid.py --recipe keywords-fsdd --root FOLDER_OF_FSDD --folds "protocol.test=['lucas']" ...

Trains every row of the table once per seed; all similarities classify the same queries from the same shots. Prints two tables: accuracy on
new words, classified among all words, after the last session; and the gains over the vector of the baseline, paired by seed, draw and
speaker. Started again, it resumes.
"""

from __future__ import annotations

from collections.abc import Sequence

from scratchlab.analysis.crossed import over_runs
from scratchlab.checks import Problem
from scratchlab.report import study
from scratchlab.report.markdown import percent, points, table
from scratchlab.store.run import Run
from scratchlab.sweeps import making

HEADS = {"cosine": "vector", "cka": "CKA", "one_to_one": "one-to-one", "dtw": "DTW", "cosine+dtw": "vector + DTW"}
FUSED = "cosine+dtw"
SIMILARITIES = [f"similarity.{name}={{}}" for name in HEADS if name != FUSED]
MATRIX = ("temporal.pool=4", "temporal.centre=true", *SIMILARITIES, "scoring.fuse=[['cosine', 'dtw']]")
METHODS = ("prototypes", "cec", "fact", "teen", "fill", "savc", "compositional")
DTW_LOSS = "loss.cross_entropy.weights={cosine=1.0,dtw=0.2}"
LOSSES = {
    "loss: vector + 0.2 CKA": ("loss.cross_entropy.weights={cosine=1.0,cka=0.2}",),
    "loss: vector + 0.2 DTW": (DTW_LOSS,),
    "the same, reversed negatives": (DTW_LOSS, "loss.cross_entropy.reversed_negatives=true"),
    "loss: + supervised contrastive": ("loss.cross_entropy={}", "loss.contrastive={}"),
    "transformer of two layers": ("temporal.name=transformer", "temporal.pool=4", "temporal.centre=true"),
}


def settings(row: str, new: int) -> tuple[str, ...]:
    """The settings of a row. new: number of new words, and thus of virtual prototypes for them."""
    return (*MATRIX, *LOSSES.get(row, (f"method.name={row}", *([f"method.virtual={new}"] if row in ("fact", "fill") else []))))


def main() -> None:
    parser = making.of_recipe(__doc__, "keywords-arabic")
    parser.add_argument(
        "--rows", nargs="+", default=[*METHODS, *LOSSES], help=f"which rows: {', '.join(LOSSES)}; or the name of any method"
    )
    given = parser.parse_args()
    protocol = making.resolved(given.recipe, making.shared(given)).values["protocol"]
    if protocol["name"] != "sessions":
        raise Problem(
            f"The grid needs new classes, but {given.recipe} has protocol.name = '{protocol['name']}'; use a recipe with sessions."
        )
    rows = {row: settings(row, protocol["way"] * protocol["sessions"]) for row in given.rows}
    study.publish("\n".join(tables(making.runs_of(given, rows))), given.page)


def tables(rows: dict[str, list[Run]]) -> list[str]:
    """The page: the accuracy of each cell, and its gain over the vector of the first row."""
    new = {(row, head): over_runs(runs, head, "new") for row, runs in rows.items() for head in HEADS}
    base = {row: percent(over_runs(runs, "cosine", context={"session": 0}).mean()) for row, runs in rows.items()}
    plain = new[next(iter(rows)), "cosine"]
    accuracies = [[row, base[row], *(percent(new[row, head].mean()) for head in HEADS), own_head(runs)] for row, runs in rows.items()]
    pairs = [[(new[row, "cosine"], plain), (new[row, FUSED], new[row, "cosine"]), (new[row, FUSED], plain)] for row in rows]
    gains = [[row, *(points(one.gain_over(other)) for one, other in of)] for row, of in zip(rows, pairs, strict=True)]
    return [
        "Accuracy on new words after the last session, classified among all words, in percent; first column: base words by vector. Own "
        "head: the method's own way of scoring, if it has one.\n",
        table(["", "base, vector", *HEADS.values(), "own head"], accuracies),
        f"Gains on new words in percentage points; the baseline is {next(iter(rows))} with the vector.\n",
        table(["", "vector over baseline", "vector + DTW over its own vector", "vector + DTW over baseline"], gains),
        f"95 % intervals: {plain.mean().how}; gains are paired.",
    ]


def own_head(runs: Sequence[Run]) -> str:
    """Accuracy of the method's leading head, if it is not one of the similarities."""
    result = runs[0].result()
    return "–" if result is None or result.leading in HEADS else percent(over_runs(runs, result.leading, "new").mean())


if __name__ == "__main__":
    study.run(main)
