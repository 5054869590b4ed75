"""Speed, memory and agreement of retrieval metrics at the size of Market-1501, against fast-reid, torchmetrics and pytorch-metric-learning.

Run: python benchmarks/retrieval.py [folder with the compiled rank_cy]
3,368 probes of 750 identities against 19,732 rows in six cameras, of which 6,617 are distractors; about 15 matches a probe. Distances:
negative cosines of vectors around a centre for each identity (mAP .81, as of a trained network), and noise (nothing is near: the worst
case for counting). Prints CPU seconds in one process, one thread, taking turns, medians and ratios (least to most); what Linux counts as
memory at the peak beyond what is held before, distances included; and how far apart results are, the AP of one probe at the most.
The peers are optional, and not in the project's environment:

    pip download fastreid==1.4.0 --no-deps --no-binary :all: && tar xf fastreid-1.4.0.tar.gz && pip install cython setuptools
    cd fastreid-1.4.0/fastreid/evaluation/rank_cylib
    CFLAGS=-I$(python -c "import numpy; print(numpy.get_include())") cythonize -i rank_cy.pyx
    pip install torchmetrics pytorch-metric-learning

fast-reid ranks as Market-1501 does; AP must agree to the 32 bits in which its code sums. To hold it to 1e-9 (tests/metrics), compile a copy
called rank_cy_double.pyx in which every `float` but that of distmat is `double`. The other two know no cameras and compute mAP alone
(pytorch-metric-learning with the sort that it leaves to its caller): they and ours get the first 512 probes and no cameras.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

import environment
from scratchlab.metrics.ranking import Retrieval, Rules, retrieval

PROBES, IDENTITIES, MATCHES, GALLERY, CAMERAS = 3368, 750, 13_115, 19_732, 6
REPEATS, SOME = 5, 512


class Market:
    """Identities and cameras at random, as many as the data set has, and distances of one kind."""

    def __init__(self, *, trained: bool) -> None:
        rng = np.random.default_rng(0)
        known = rng.integers(0, IDENTITIES, MATCHES)
        self.gallery = rng.permutation(np.concatenate([known, np.arange(IDENTITIES, IDENTITIES + GALLERY - MATCHES)]))
        self.probes = rng.integers(0, IDENTITIES, PROBES)
        self.cameras = rng.integers(0, CAMERAS, PROBES), rng.integers(0, CAMERAS, GALLERY)
        self.distances = self._trained(rng) if trained else rng.random((PROBES, GALLERY), dtype=np.float32)

    def _trained(self, rng: np.random.Generator) -> np.ndarray:
        centres = rng.standard_normal((IDENTITIES + GALLERY - MATCHES, 64), dtype=np.float32)
        sides = [centres[ids] + rng.standard_normal((len(ids), 64), dtype=np.float32) for ids in (self.probes, self.gallery)]
        probes, gallery = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides)
        return -probes @ gallery.T  # 1 - cosine would leave 24 bits for values near 1, and many ties, which fast-reid's sort leaves open

    def ours(self) -> Retrieval:
        return retrieval(self.distances, self.probes, self.gallery, *self.cameras)

    def ours_of_some(self) -> float:
        return retrieval(self.distances[:SOME], self.probes[:SOME], self.gallery).mean_ap or 0.0

    def fast_reid(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return __import__("rank_cy").evaluate_cy(self.distances, self.probes, self.gallery, *self.cameras, 50)

    def torchmetrics(self) -> float:
        from torchmetrics.ranking import RetrievalMAP

        metric, scores = RetrievalMAP(), torch.from_numpy(2 - self.distances[:SOME])  # above 0, below which it takes nothing for a match
        target = torch.from_numpy(self.probes[:SOME, None] == self.gallery)
        metric.update(scores.flatten(), target.flatten(), torch.arange(SOME).repeat_interleave(GALLERY))
        return float(metric.compute())

    def pytorch_metric_learning(self) -> float:
        from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

        def sort(query: Any, k: int, *_: Any) -> tuple[torch.Tensor, torch.Tensor]:
            del query
            return torch.from_numpy(self.distances[:SOME]).topk(k, largest=False)

        metric = AccuracyCalculator(include=("mean_average_precision",), k=GALLERY, knn_func=sort, device=torch.device("cpu"))
        sides = (torch.from_numpy(ids) for ids in (self.probes[:SOME], self.gallery))
        probes, gallery = sides
        found = metric.get_accuracy(torch.zeros(SOME, 1), probes, torch.zeros(GALLERY, 1), gallery, ref_includes_query=False)
        return float(found["mean_average_precision"])


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    made = work()
    return time.process_time() - start, made


def held(what: str) -> int:
    """Bytes: VmRSS, now, or VmHWM, the most so far."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what)]
    return int(line.split()[1]) * 1024


def memory(work: Callable[[], Any]) -> float:
    """Megabytes at the peak beyond what is held before."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = held("VmRSS")
    work()
    return (held("VmHWM") - before) / 1e6


def compare(title: str, ours: Callable[[], Any], peers: dict[str, Callable[[], Any]], agree: Callable[[Any, Any], float]) -> None:
    """Takes turns, and prints times, ratios, memory and how far apart the results are."""
    there: dict[str, Callable[[], Any]] = {}
    for name, work in peers.items():
        try:
            work()
            there[name] = work
        except ImportError as error:
            print(f"  {name} is not installed ({error}); the docstring says how")
    ours()
    taken = [(seconds(ours), {name: seconds(work) for name, work in there.items()}) for _ in range(REPEATS)]
    print(f"{title}: ours {1000 * median(own for (own, _), _ in taken):.0f} ms, {memory(ours):.0f} MB more", flush=True)
    for name, work in there.items():
        ratios = [others[name][0] / own for (own, _), others in taken]
        spent = 1000 * median(others[name][0] for _, others in taken)
        apart = agree(taken[0][0][1], taken[0][1][name][1])
        span = f"×{median(ratios):.0f} ({min(ratios):.0f}–{max(ratios):.0f})"
        print(f"  {name}: {spent:.0f} ms, {span}, {memory(work):.0f} MB more; {apart:.0e} apart", flush=True)


def rules(market: Market) -> None:
    """What each rule makes of the same distances, and what fast-reid says."""
    _, ap, inp = market.fast_reid()
    print(f"rules on the same distances (fast-reid: mAP {ap.mean():.4f}, mINP {inp.mean():.4f}):")
    junk = tuple(range(IDENTITIES, IDENTITIES + 3819))
    kinds = {
        "cameras ignored": (market.cameras, Rules("ignore")),
        "cameras kept": (market.cameras, Rules("keep")),
        "no camera known": ((None, None), Rules("none")),
        "3,819 rows junk": (market.cameras, Rules("ignore", junk=junk)),
    }
    for name, (cameras, chosen) in kinds.items():
        found = retrieval(market.distances, market.probes, market.gallery, *cameras, chosen)
        print(f"  {name}: mAP {found.mean_ap:.4f}, mINP {found.minp:.4f}, rank-1 {found.cmc(1):.4f}, without match {found.unmatched}")
    tied = np.round(market.distances * 100) / 100
    _, ap, _ = __import__("rank_cy").evaluate_cy(tied, market.probes, market.gallery, *market.cameras, 50)
    orders = {name: retrieval(tied, market.probes, market.gallery, *market.cameras, Rules("ignore", name)).mean_ap for name in
              ("optimistic", "gallery_order", "pessimistic")}  # fmt: skip
    print("  rounded to two places: " + ", ".join(f"{name} {ap:.4f}" for name, ap in orders.items()) + f"; fast-reid {ap.mean():.4f}")


def main() -> None:
    sys.path[:0] = sys.argv[1:]
    torch.set_num_threads(1)
    markets = {"as trained": Market(trained=True), "noise": Market(trained=False)}
    for name, market in markets.items():
        print(f"{name}: {PROBES} × {GALLERY}, distances {market.distances.nbytes / 1e6:.0f} MB")
        compare(
            "  CMC, AP and INP with cameras",
            market.ours,
            {"fast-reid, compiled": market.fast_reid},
            lambda a, b: max(np.abs(a.ap - b[1]).max(), np.abs(a.inp - b[2]).max()),
        )
        others = {"torchmetrics": market.torchmetrics, "pytorch-metric-learning": market.pytorch_metric_learning}
        compare(f"  mAP of {SOME} probes, no cameras", market.ours_of_some, others, lambda a, b: abs(a - b))
    try:
        rules(markets["as trained"])
    except ImportError:
        print("fast-reid is not installed, so that rules are not compared")


if __name__ == "__main__":
    with threadpool_limits(1):
        environment.tell()
        main()
