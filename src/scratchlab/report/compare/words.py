"""Sentences of a comparison, shared by terminal and page."""

from __future__ import annotations

from scratchlab.analysis.changes import ClassChange
from scratchlab.analysis.comparison import Comparison
from scratchlab.analysis.paired import SIGNIFICANT, PairedTest
from scratchlab.checks import counted, listing, plural
from scratchlab.metrics.estimate import FEW, Estimate
from scratchlab.metrics.paired import SignTest
from scratchlab.report.epochs import Epochs
from scratchlab.report.words import chance, duration, percent, place, span
from scratchlab.store.run import Run


def where(comparison: Comparison) -> str:
    """The context of the headline metric in parentheses, ` (session 5)`; an empty string if there is only one."""
    return f" ({place(comparison.units.headline)})" if comparison.units.headline else ""


def independent(comparison: Comparison) -> str:
    """The name of the independent units, in the plural: "queries", "speakers"."""
    return plural(comparison.units.independent)


def common(comparison: Comparison) -> str:
    """The number of units that are compared, and the numbers left out."""
    number = comparison.headline[0].units
    excluded = [f"{n} only in {side}" for side, n in zip("AB", comparison.units.left_out, strict=True) if n]
    common = f"{counted(number, f'common {comparison.units.layout.unit}')}"
    return f"{common}; left out: {' and '.join(excluded) if excluded else 'none'}."


def notes(comparison: Comparison) -> list[str]:
    """The notes on the evaluation that both results share, then those of only A or only B."""
    a, b = comparison.a.result.notes, comparison.b.result.notes
    own = [f"{side}: {note}" for side, these, others in (("A", a, b), ("B", b, a)) for note in these if note not in others]
    return [note for note in a if note in b] + own


def tables(comparison: Comparison) -> list[tuple[str, list[tuple[str, PairedTest]]]]:
    """The tests as tables with titles and row names: one table of all contexts if each has a single test, otherwise one per context, with
    that of the headline metric first and the others in reverse order."""
    if len(comparison.tests) > 1 and all(len(tests) == 1 for _, tests in comparison.tests):
        title = f"By {' and '.join(comparison.units.layout.context)}"
        return [(title, [(place(context), test) for context, (test,) in comparison.tests])]
    whole = f"all {plural(comparison.units.layout.unit)}"
    titled = [(place(context) or whole, [(test.name, test) for test in tests]) for context, tests in comparison.tests]
    first = [context for context, _ in comparison.tests].index(comparison.units.headline)
    return [titled[first], *(titled[:first] + titled[first + 1 :])[::-1]]


def draws(comparison: Comparison) -> list[str]:
    """Notes on the draws: unequal numbers, and whether draws are paired."""
    of_a, of_b, both = comparison.units.draws
    sentences: list[str] = []
    if of_a != both or of_b != both:
        sentences.append(f"A has {counted(of_a, 'draw')} and B {of_b}; the {both} common ones are compared.")
    if both and not comparison.units.paired:
        sentences.append(
            "Seed, data or protocol differ, so draws of A and B are not paired: intervals over draws are those of two independent samples."
        )
    elif comparison.differing and not both:
        sentences.append(
            f"A and B differ in {listing(comparison.differing, 4)}, so training rows and references may differ as well, "
            "and the difference may not be due to the models alone."
        )
    return sentences


def verdict(comparison: Comparison) -> list[str]:
    """Sentences on the difference in the context of the headline metric: its intervals, the exact test, and the units compared."""
    overall, kind = comparison.headline[0], independent(comparison)
    sentences = [_interval(overall.over_draws, "draws", f"on these {kind}")] if comparison.units.draws[2] else []
    sentences.append(_interval(overall.over_groups, kind, "with the weights trained here", agrees(overall.test)))
    sentences.append(_test(overall, kind))
    return [*sentences, common(comparison), *draws(comparison)]


def _interval(difference: Estimate, over: str, condition: str, confirmed: bool = True) -> str:
    """A sentence on the interval of the difference over one source of randomness; `condition`: what is held fixed; `confirmed`: whether the
    exact test agrees, if there is one."""
    if difference.value is None or difference.low is None or difference.high is None:
        return f"Over {over}: {difference.how}."
    found = f"95 % interval of the mean difference over {over}: {span(difference)}"
    if not exclude_0(difference):
        return f"{found}, which contains 0: no significant difference."
    if not confirmed:
        few = f" {difference.n} {over} are too few for this interval." if difference.n < FEW else ""
        return f"{found}, which does not contain 0, but the exact test finds no significant difference.{few}"
    return f"{found}: {'B' if difference.low > 0 else 'A'} is significantly better {condition}."


def _test(overall: PairedTest, kind: str) -> str:
    test = overall.test
    if test.p is None:
        return f"Exact test: {test.how}."
    return f"Exact test: of {test.units} {kind}, A was better on {test.first} and B on {test.second} ({chance(test.p)})."


def agrees(test: SignTest) -> bool:
    """Returns True if the exact test's p-value is below the significance level."""
    return test.p is not None and test.p < SIGNIFICANT


def significant(compared: PairedTest | ClassChange) -> bool:
    """Returns True if a difference is marked as significant: its intervals exclude 0, and the exact test agrees.

    Changes of single classes have no test; they need at least `FEW` groups.
    """
    confirmed = agrees(compared.test) if isinstance(compared, PairedTest) else compared.over_groups.n >= FEW
    return confirmed and exclude_0(compared.over_draws, compared.over_groups)


def exclude_0(*intervals: Estimate) -> bool:
    """Whether at least one interval exists, and none contains 0 after rounding to a tenth of a percentage point, as printed."""
    bounds = [(round(each.low, 3), round(each.high, 3)) for each in intervals if each.low is not None and each.high is not None]
    return bool(bounds) and not any(low <= 0 <= high for low, high in bounds)


def meanings(comparison: Comparison) -> list[tuple[str, str]]:
    """The terms of the tables with their meanings."""
    kind, unit, drawn = independent(comparison), comparison.units.layout.unit, comparison.units.draws[2] > 0
    grouped = comparison.units.independent != unit
    pairs = (
        "Both have the same draws, so each draw gives one difference; the interval is Student's t over these differences."
        if comparison.units.paired
        else "The draws of A and B differ, so the interval is Welch's t of two independent samples."
    )
    within = (
        f"{plural(unit).capitalize()} of one {comparison.units.independent} are not independent, so {kind} are counted instead. "
        if grouped
        else ""
    )
    terms = [
        (
            "A better, B better, equal",
            f"Number of {plural(unit)} whose value ({comparison.units.layout.value}) is larger in A, larger in B, or the same"
            + (f", counted once per draw. Each {unit} occurs in every draw, so these counts are not tested." if drawn else "."),
        ),
        (
            f"95 % over {kind}",
            f"Bootstrap: whole {kind} were resampled 2000 times, keeping A's and B's values together, and 95 % of the differences were in "
            f"this interval. It shows how the difference would vary with other {kind}; "
            f"{'draws and ' if drawn else ''}trained weights are fixed.",
        ),
        (
            "Exact test",
            f"Sign test (exact McNemar test): each of the {kind} counts for A or B, whichever was better on it"
            f"{' over all draws' if drawn else ''}, or for neither; p is the probability of counts at least as uneven if both were "
            "equally good. " + within + "The test uses only the sign of each difference, not its size.",
        ),
        (
            "Not covered",
            "The variation between training seeds. To measure it, compare several runs of each with different seeds.",
        ),
    ]
    if drawn:
        terms[1:1] = [
            (
                "95 % over draws",
                f"{pairs} It shows the uncertainty of the mean over draws; trained weights are fixed.",
            )
        ]
        terms[-1:-1] = [
            (
                "Draws won by A, B",
                "Number of draws with p < 0.05 in the exact test within a single draw, in which every unit occurs once. "
                "By chance, at most one draw in twenty would count.",
            )
        ]
    return terms


def training(comparison: Comparison) -> list[tuple[str, str, str]]:
    """Facts about the two trainings as (name, A's value, B's value); empty if a run has no records."""
    of_a, of_b = _facts(comparison.a.run), _facts(comparison.b.run)
    return [(name, of_a[name], of_b[name]) for name in of_a if name in of_b]


def _facts(run: Run) -> dict[str, str]:
    epochs = Epochs.of(run)
    if not epochs.records or epochs.chosen is None:
        return {}
    kept = epochs.chosen
    facts = {"Epochs": str(len(epochs.records)), "Selected": f"epoch {kept['epoch'] + 1}, {epochs.reason}"}
    if epochs.phases:
        facts["Epochs"] += f": {epochs.in_phases}"
    if epochs.validated:
        facts |= {
            "Validation accuracy in the selected epoch": percent(kept["valid_accuracy"]),
            "Validation loss in the selected epoch": f"{kept['valid_loss']:.4f}",
        }
    return facts | {
        "Training loss in the selected epoch": f"{kept['loss']:.4f}",
        "CPU time of training": duration(epochs.cpu_seconds),
        "Inputs per CPU-second": f"{epochs.speed:,.0f}",
    }
