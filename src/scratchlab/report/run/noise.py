"""Label noise on the page of a run: the changed labels, and how well training losses separate wrong from right labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scratchlab.analysis.ledger import Separation, separation
from scratchlab.metrics.estimate import Estimate
from scratchlab.report.charts import Figure, epoch_ticks, escaped, ink, layout, title
from scratchlab.report.epochs import Epochs
from scratchlab.report.lines import look
from scratchlab.report.run.figures import axis_names, marked
from scratchlab.report.words import name
from scratchlab.store.run import Run

COLOURS = {"right": "head-1", "wrong": "head-2"}
MEANINGS = {
    "auroc_loss": "probability that a sample with a wrong label has the larger loss",
    "auroc_clean_posterior": "probability that a sample with a wrong label has the smaller probability of being clean",
    "auroc_agreement": "probability that a sample with a wrong label has the smaller agreement",
    "auroc_weight": "probability that a sample with a wrong label has the smaller weight",
    "selection_precision": "fraction of the selected samples whose label is right",
    "selection_recall": "fraction of the samples with right labels that are selected",
    "pseudo_label_accuracy": "fraction of the pseudo-labels that equal the true labels",
    "pseudo_label_corrected": "the same, for samples whose given label is wrong",
    "pseudo_label_kept": "the same, for samples whose given label is right",
}


@dataclass(frozen=True)
class NoiseSection:
    """facts: the result's facts about label noise. scores: the scores of the ledger in the last epoch, by name, each with its meaning."""

    facts: dict[str, Any]
    scores: dict[str, tuple[Estimate, str]]

    @classmethod
    def of(cls, facts: dict[str, Any]) -> NoiseSection:
        """The section from the facts of a result."""
        last: dict[str, Any] = facts.get("ledger", {}).get("last", {})
        return cls(facts, {name(metric): (Estimate(**estimate), MEANINGS[metric]) for metric, estimate in last.items()})


def figures(run: Run, facts: dict[str, Any], epochs: Epochs) -> dict[str, Figure]:
    """Charts: `noise-scores` over the epochs; `noise-kept` and `noise-last`, the losses of samples with right and with wrong labels in the
    selected and the last epoch. Empty without a ledger."""
    if "ledger" not in facts:
        return {}
    charts = {"noise-scores": _scores(facts["ledger"], epochs)}
    table, labels, last = run.table("ledger"), run.table("noise"), len(epochs.records) - 1
    shown = {"noise-kept": epochs.chosen["epoch"], "noise-last": last} if epochs.chosen else {"noise-last": last}
    if shown.get("noise-kept") == last:
        shown.pop("noise-kept")
    return charts | {chart: _histogram(separation(table, labels, epoch)) for chart, epoch in shown.items()}


def _scores(ledger: dict[str, Any], epochs: Epochs) -> Figure:
    """AUROC of "this label is wrong" and the other scores of the ledger, one line each."""
    x = [epoch + 1 for epoch in ledger["epochs"]]
    data = [
        {
            "x": x,
            "y": values,
            "mode": "lines+markers" if len(x) <= 30 else "lines",
            "name": escaped(name(metric)),
            "line": look(place).line(2.2),
            "marker": look(place).marker(5),
            "hovertemplate": f"{escaped(name(metric))}  %{{y:.3f}}<extra></extra>",
        }
        for place, (metric, values) in enumerate(ledger["values"].items())
    ]
    axis = {**axis_names("epoch"), "range": [0.6, len(x) + 0.4], **epoch_ticks(len(x))}
    frame = layout(290, hovermode="x unified", showlegend=len(data) > 1, xaxis=axis, yaxis={"nticks": 6}, **marked(epochs, "bottom"))
    return {"data": data, "layout": frame}


def _histogram(losses: Separation) -> Figure:
    """Histograms of samples with right and with wrong labels over one axis."""
    centres = [
        float((low * high) ** 0.5 if losses.logarithmic else (low + high) / 2)
        for low, high in zip(losses.edges, losses.edges[1:], strict=False)
    ]
    data = [
        {
            "type": "scatter",
            "x": centres,
            "y": counts.tolist(),
            "mode": "lines",
            "line": {"shape": "hvh", "color": ink(COLOURS[kind]), "width": 1.5},
            "fill": "tozeroy",
            "fillcolor": ink(f"{COLOURS[kind]}-soft"),
            "name": f"{kind} labels",
            "hovertemplate": f"%{{y}} with {kind} labels, {losses.column} near %{{x:.3g}}<extra></extra>",
        }
        for kind, counts in (("right", losses.right), ("wrong", losses.wrong))
    ]
    x_axis: Figure = {"title": title(losses.column), **({"type": "log", "tickformat": "~g", "nticks": 6} if losses.logarithmic else {})}
    return {"data": data, "layout": layout(290, showlegend=True, xaxis=x_axis, yaxis={"nticks": 5, "title": title("samples")})}
