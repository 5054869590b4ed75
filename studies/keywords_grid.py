"""Methods × comparisons: which way of learning new words, compared by vector, CKA, one-to-one, DTW, or vector and DTW together.

    python studies/keywords_grid.py --root FOLDER_OF_ARABIC_SPEECH_COMMANDS
    python studies/keywords_grid.py --recipe keywords-fsdd --root FOLDER_OF_FSDD

Trains every method once a seed; all comparisons answer the same queries from the same shots. Prints (and writes to --out) two tables:
accuracy on new words, chosen among all words, after the last session; and each fusion's gain over the plain vector, paired by seed,
draw and speaker. Started again, it goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from together import Counts, Job, counted, finished, percent, points, spoken, table

METHODS = ("prototypes", "cec", "fact", "teen", "fill", "savc", "compositional")
HEADS = ("cosine", "cka", "one_to_one", "dtw", "cosine+dtw")
CALLED = {"cosine": "vector", "cka": "CKA", "one_to_one": "one-to-one", "dtw": "DTW", "cosine+dtw": "vector + DTW"}
MATRIX = ("temporal.pool=4", "temporal.centre=true", *(f"similarity.{name}={{}}" for name in HEADS[:4]), "scoring.fuse=[['cosine', 'dtw']]")


def main() -> None:
    """Runs what is missing, then makes the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--recipe", default="keywords-arabic", help="the plain vector baseline, whose corpus and training all share")
    parser.add_argument("--root", default="", help="folder of the corpus")
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1, 2))
    parser.add_argument("--set", "-s", action="append", default=[], dest="settings", help="section.setting=value for every run")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, help="file for the tables; a killed study writes none")
    asked = parser.parse_args()
    common = (*MATRIX, *([f"data.root={asked.root}"] if asked.root else []), *asked.settings)
    jobs = [Job(asked.recipe, (*common, f"method.name={method}", f"seed={seed}")) for method in asked.methods for seed in asked.seeds]
    runs = finished(jobs, asked.runs, asked.workers)
    by_method = {method: runs[i * len(asked.seeds) : (i + 1) * len(asked.seeds)] for i, method in enumerate(asked.methods)}
    answers = {(method, head): counted(of, head, "new") for method, of in by_method.items() for head in HEADS}
    plain = counted(by_method[asked.methods[0]], "cosine", "new")
    text = "\n".join(_tables(answers, plain, {m: counted(of, "cosine", "session 0") for m, of in by_method.items()}, asked.methods))
    print(text)
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")


def _tables(answers: dict[tuple[str, str], Counts], plain: Counts, base: dict[str, Counts], methods: list[str]) -> list[str]:
    """The page: how each cell fared, and what it gains."""
    header = ["method", "base, vector", *(CALLED[head] for head in HEADS)]
    fared = [[m, percent(base[m].share()), *(percent(answers[m, head].share()) for head in HEADS)] for m in methods]
    gained = [
        [m, points(answers[m, "cosine"].gain_over(plain)), points(answers[m, "cosine+dtw"].gain_over(answers[m, "cosine"])),
         points(answers[m, "cosine+dtw"].gain_over(plain))]
        for m in methods
    ]  # fmt: skip
    how = answers[methods[0], "cosine"].share().how
    return [
        "New words after the last session, chosen among all words, in per cent; beside them the base words before it.\n",
        table(header, fared),
        f"Gains on new words in points; the baseline is {methods[0]} with the vector.\n",
        table(["method", "vector over baseline", "vector + DTW over its own vector", "vector + DTW over baseline"], gained),
        f"95 % intervals: {how}; gains are paired.",
    ]


if __name__ == "__main__":
    spoken(main)
