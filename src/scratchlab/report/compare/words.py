"""What a comparison says in sentences, in the terminal as on the page."""

from __future__ import annotations

from scratchlab.analysis.comparison import Comparison
from scratchlab.analysis.contests import Contest
from scratchlab.checks import counted
from scratchlab.metrics.estimate import Estimate
from scratchlab.report.epochs import Epochs
from scratchlab.report.words import chance, duration, percent, span
from scratchlab.store.run import Run


def where(found: Comparison) -> str:
    """The last session, as it stands in a sentence."""
    return f"session {found.found.last}" if found.found.last else "the base session"


def units(found: Comparison) -> str:
    """What is independent: "queries", or "groups" of them."""
    return "groups" if found.last[0].unit == "group" else "queries"


def asked(found: Comparison) -> str:
    """How many queries are compared, and how many are left out."""
    whole, left = found.last[0].queries, found.found.left_out
    out = [f"{number} that only {side} was asked" for side, number in zip("AB", left, strict=True) if number]
    return f"{whole} queries were asked of both{'; left out: ' + ' and '.join(out) if out else ', none is left out'}."


def draws(found: Comparison) -> list[str]:
    """What there is to know of the draws before their numbers are read."""
    of_a, of_b, both = found.found.draws
    told: list[str] = []
    if of_a != both or of_b != both:
        told.append(f"A has {counted(of_a, 'draw')} of the shots and B {of_b}; the {both} that both have are compared.")
    if both and not found.found.paired:
        told.append(
            "Seed, data or protocol differ, so the shots do, and draw 1 of A has nothing to do with draw 1 of B: "
            "intervals over draws are those of two separate samples."
        )
    return told


def verdict(found: Comparison) -> list[str]:
    """What the last session's difference amounts to, under each kind of chance, and what was compared."""
    whole = found.last[0]
    told = [_chance(whole.over_draws, "other shots", f"on these {units(found)}")] if found.found.last else []
    told.append(_chance(whole.over_groups, f"other {units(found)} asked", "as trained here"))
    told.append(_test(whole))
    return [*told, asked(found), *draws(found)]


def _chance(one: Estimate, what: str, given: str) -> str:
    """How the difference stands up to one kind of chance, `what`, all else being as `given`."""
    if one.value is None or one.low is None or one.high is None:
        return f"With {what}: {one.how}."
    if not sure(one):
        return f"With {what}, the mean difference lies in {span(one)}, which holds 0: no difference can be told."
    return f"With {what}, the mean difference lies in {span(one)}: {'B' if one.low > 0 else 'A'} is better {given}."


def _test(one: Contest) -> str:
    plural = "queries" if one.unit == "query" else "groups"
    if one.test.p is None:
        return f"Exact test: {one.test.how}."
    return f"Of {one.test.units} {plural}, {one.test.first} went to A and {one.test.second} to B ({chance(one.test.p)})."


def sure(*intervals: Estimate) -> bool:
    """Whether there is an interval, and none of them holds 0 as it is printed, to a tenth of a point."""
    bounds = [(round(one.low, 3), round(one.high, 3)) for one in intervals if one.low is not None and one.high is not None]
    return bool(bounds) and not any(low <= 0 <= high for low, high in bounds)


def meanings(found: Comparison) -> list[tuple[str, str]]:
    """The terms of the tables and what each number tells, and does not tell."""
    kind = units(found)
    whom = "speakers, ships, cameras" if kind == "groups" else "each query by itself, as the source knows no groups"
    pairs = (
        "Each draw's difference is one number, as both learned from the same shots; the interval is Student's t of these numbers."
        if found.found.paired
        else "The shots of the two are not the same, so the interval is Welch's t of two separate samples."
    )
    told = [
        (
            "Both right, only A, only B, both wrong",
            "Answers, each query counting once a draw. The same query is asked in every draw, so these rows are not independent, "
            "and no test is made of them.",
        ),
        (
            f"95 % over {kind}",
            f"Whole {kind} ({whom}) were drawn again 2000 times, with A's and B's answers together, and 95 % of the differences lay in "
            "this interval. It tells how the difference would move had others been asked; shots and trained weights stay the same.",
        ),
        (
            "Exact test",
            f"Each of the {kind} goes to whoever answered it rightly more often over all draws, or to nobody; p is the chance of so "
            "uneven a count, or a more uneven one, if both were equally good. "
            + (
                "With one draw this is McNemar's exact test. "
                if kind == "queries"
                else "Queries of one group are not independent, so groups are counted, not queries. "
            )
            + "It asks how often, not by how much.",
        ),
        (
            "What none of them tells",
            "How much another seed of the training would change. For that, compare several runs of each with other seeds.",
        ),
    ]
    if found.found.last:
        told[1:1] = [
            (
                "95 % over draws",
                f"The shots of the new classes were drawn several times. {pairs} It tells how well the mean over draws is known; "
                "queries and trained weights are the same throughout.",
            )
        ]
        told[-1:-1] = [
            (
                "Draws won by A, B",
                "The exact test made within each draw alone, where every query occurs once; counted are the draws with p < 0.05. "
                "By chance, at most one in twenty would be.",
            )
        ]
    return told


def training(found: Comparison) -> list[tuple[str, str, str]]:
    """Facts of the two trainings, side by side: name, A's, B's; empty where a run kept no records."""
    one, other = _facts(found.a.run), _facts(found.b.run)
    return [(name, one[name], other[name]) for name in one if name in other]


def _facts(run: Run) -> dict[str, str]:
    epochs = Epochs(run.records(), run.recipe()["training"], finished=True)
    if not epochs.records or epochs.chosen is None:
        return {}
    kept = epochs.chosen
    facts = {"Epochs": str(len(epochs.records)), "Kept": f"epoch {kept['epoch'] + 1}, {epochs.reason}"}
    if epochs.validated:
        facts |= {
            "Validation accuracy then": percent(kept["valid_accuracy"]),
            "Validation loss then": f"{kept['valid_loss']:.4f}",
        }
    return facts | {
        "Training loss then": f"{kept['loss']:.4f}",
        "CPU time of training": duration(epochs.cpu_seconds),
        "Inputs per CPU-second": f"{epochs.speed:,.0f}",
    }
