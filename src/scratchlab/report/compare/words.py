"""What a comparison says in sentences, in the terminal as on the page."""

from __future__ import annotations

from scratchlab.analysis.comparison import Comparison
from scratchlab.analysis.paired import PairedTest
from scratchlab.checks import counted, listing, plural
from scratchlab.metrics.estimate import Estimate
from scratchlab.report.epochs import Epochs
from scratchlab.report.words import chance, duration, percent, place, span
from scratchlab.store.run import Run


def where(found: Comparison) -> str:
    """The context of the headline metric, as it stands in a sentence: ` (session 5)`; nothing where there is only one."""
    return f" ({place(found.units.headline)})" if found.units.headline else ""


def independent(found: Comparison) -> str:
    """What is independent, in the plural: "queries", "speakers"."""
    return plural(found.units.independent)


def common(found: Comparison) -> str:
    """How many units are compared, and how many are left out."""
    number, left = found.headline[0].units, found.units.left_out
    out = [f"{left_out} that only {side} has" for side, left_out in zip("AB", left, strict=True) if left_out]
    common = f"{counted(number, f'common {found.units.layout.unit}')}"
    return f"{common}{'; left out: ' + ' and '.join(out) if out else '; none is left out'}."


def notes(found: Comparison) -> list[str]:
    """What a reader must know of how both were measured, and of each where they differ."""
    a, b = found.a.result.notes, found.b.result.notes
    own = [f"{side}: {note}" for side, these, others in (("A", a, b), ("B", b, a)) for note in these if note not in others]
    return [note for note in a if note in b] + own


def tables(found: Comparison) -> list[tuple[str, list[tuple[str, PairedTest]]]]:
    """Tests as tables with a title, their rows named: one of all contexts where each has a single test; else one a context, that of the
    headline metric first, then backwards."""
    if len(found.tests) > 1 and all(len(tests) == 1 for _, tests in found.tests):
        title = f"By {' and '.join(found.units.layout.context)}"
        return [(title, [(place(context), test) for context, (test,) in found.tests])]
    whole = f"all {plural(found.units.layout.unit)}"
    titled = [(place(context) or whole, [(test.name, test) for test in tests]) for context, tests in found.tests]
    first = [context for context, _ in found.tests].index(found.units.headline)
    return [titled[first], *(titled[:first] + titled[first + 1 :])[::-1]]


def draws(found: Comparison) -> list[str]:
    """What there is to know of the draws before their numbers are read."""
    of_a, of_b, both = found.units.draws
    said: list[str] = []
    if of_a != both or of_b != both:
        said.append(f"A has {counted(of_a, 'draw')} and B {of_b}; the {both} that both have are compared.")
    if both and not found.units.paired:
        said.append(
            "Seed, data or protocol differ, so draw 1 of A has nothing to do with draw 1 of B: "
            "intervals over draws are those of two separate samples."
        )
    elif found.differing and not both:
        said.append(
            f"A and B differ in {listing(found.differing, 4)}, so their common {plural(found.units.layout.unit)} may have been asked after "
            "training on other rows, or among other references: not all of the difference need come from the models."
        )
    return said


def verdict(found: Comparison) -> list[str]:
    """What the difference amounts to in the context of the headline metric, under each kind of chance, and what was compared."""
    whole, kind = found.headline[0], independent(found)
    said = [_chance(whole.over_draws, "other draws", f"on these {kind}")] if found.units.draws[2] else []
    said.append(_chance(whole.over_groups, f"other {kind}", "as trained here"))
    said.append(_test(whole, kind))
    return [*said, common(found), *draws(found)]


def _chance(one: Estimate, what: str, given: str) -> str:
    """How the difference stands up to one kind of chance, `what`, all else being as `given`."""
    if one.value is None or one.low is None or one.high is None:
        return f"With {what}: {one.how}."
    if not significant(one):
        return f"With {what}, the mean difference lies in {span(one)}, which contains 0: no significant difference."
    return f"With {what}, the mean difference lies in {span(one)}: {'B' if one.low > 0 else 'A'} is better {given}."


def _test(one: PairedTest, kind: str) -> str:
    if one.test.p is None:
        return f"Exact test: {one.test.how}."
    return f"Of {one.test.units} {kind}, A was better on {one.test.first} and B on {one.test.second} ({chance(one.test.p)})."


def significant(*intervals: Estimate) -> bool:
    """Whether there is an interval, and none of them contains 0 as it is printed, to a tenth of a point."""
    bounds = [(round(one.low, 3), round(one.high, 3)) for one in intervals if one.low is not None and one.high is not None]
    return bool(bounds) and not any(low <= 0 <= high for low, high in bounds)


def meanings(found: Comparison) -> list[tuple[str, str]]:
    """The terms of the tables, and what each number says and does not say."""
    kind, unit, drawn = independent(found), found.units.layout.unit, found.units.draws[2] > 0
    grouped = found.units.independent != unit
    pairs = (
        "Each draw's difference is one number, as both drew the same; the interval is Student's t of these numbers."
        if found.units.paired
        else "The draws of the two are not the same, so the interval is Welch's t of two separate samples."
    )
    within = f"{plural(unit).capitalize()} of one {found.units.independent} are not independent, so {kind} are counted. " if grouped else ""
    said = [
        (
            "A better, B better, equal",
            f"Values ({found.units.layout.value}) of the same {unit}"
            + (
                f", counted once a draw. The same {unit} occurs in every draw, so these rows are not independent, and no test is made of "
                "them."
                if drawn
                else f": of how many {plural(unit)} A's is larger, B's is larger, or both are the same."
            ),
        ),
        (
            f"95 % over {kind}",
            f"Bootstrap: whole {kind} were resampled 2000 times, with A's and B's values together, and 95 % of the differences lay in this "
            f"interval. It says how the difference would vary with other {kind}; {'draws and ' if drawn else ''}trained weights stay the "
            "same.",
        ),
        (
            "Exact test",
            f"Each of the {kind} counts for the one that was better on it{' over all draws' if drawn else ''}, or for neither; p is the "
            "probability of so uneven a count, or a more uneven one, if both were equally good. "
            + within
            + "It counts how often, not by how much.",
        ),
        (
            "What none of them says",
            "How much another training seed would change. For that, compare several runs of each with other seeds.",
        ),
    ]
    if drawn:
        said[1:1] = [
            (
                "95 % over draws",
                f"{pairs} It says how well the mean over draws is known; trained weights are the same throughout.",
            )
        ]
        said[-1:-1] = [
            (
                "Draws won by A, B",
                "The exact test within each draw alone, where every unit occurs once; counted are the draws with p < 0.05. "
                "By chance, at most one in twenty would be.",
            )
        ]
    return said


def training(found: Comparison) -> list[tuple[str, str, str]]:
    """Facts of the two trainings, side by side: name, A's, B's; empty where a run kept no records."""
    one, other = _facts(found.a.run), _facts(found.b.run)
    return [(name, one[name], other[name]) for name in one if name in other]


def _facts(run: Run) -> dict[str, str]:
    epochs = Epochs.of(run)
    if not epochs.records or epochs.chosen is None:
        return {}
    kept = epochs.chosen
    facts = {"Epochs": str(len(epochs.records)), "Kept": f"epoch {kept['epoch'] + 1}, {epochs.reason}"}
    if epochs.phases:
        facts["Epochs"] += f": {epochs.in_phases}"
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
