"""Speed, memory and accuracy of retrieval metrics at the size of Market-1501; ours, fast-reid, torchmetrics and pytorch-metric-learning.

Run: python benchmarks/retrieval.py [folder with the compiled rank_cy]
3,368 probes of 750 identities against 19,732 rows in six cameras, of which 6,617 are distractors; about 15 matches per probe. Distances:
negative cosines of vectors around a centre per identity (mAP .81, like a trained network), and noise (the worst case for counting ranks).
Prints CPU seconds in one process, on one thread, in turns, as medians and ratios (min to max); the peak memory (Linux) beyond that
before the call; and the largest difference between results, e.g. of the AP of one probe.
The other packages are optional, and not in the project's environment:

    pip download fastreid==1.4.0 --no-deps --no-binary :all: && tar xf fastreid-1.4.0.tar.gz && pip install cython setuptools
    cd fastreid-1.4.0/fastreid/evaluation/rank_cylib
    CFLAGS=-I$(python -c "import numpy; print(numpy.get_include())") cythonize -i rank_cy.pyx
    pip install torchmetrics pytorch-metric-learning

fast-reid follows the protocol of Market-1501; its AP is summed in float32. For a comparison to 1e-9 (tests/metrics), compile a copy
called rank_cy_double.pyx in which every `float` except that of distmat is `double`. The other two do not support cameras and compute mAP
only (pytorch-metric-learning with a sort function passed by the caller): they and ours get the first 512 probes and no cameras.
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
REPEATS, FIRST = 5, 512


class Market:
    """Random identities and cameras, with the numbers of Market-1501, and distances of a trained network or of noise."""

    def __init__(self, *, trained: bool) -> None:
        rng = np.random.default_rng(0)
        known = rng.integers(0, IDENTITIES, MATCHES)
        self.gallery = rng.permutation(np.concatenate([known, np.arange(IDENTITIES, IDENTITIES + GALLERY - MATCHES)]))
        self.probes = rng.integers(0, IDENTITIES, PROBES)
        self.cameras = rng.integers(0, CAMERAS, PROBES), rng.integers(0, CAMERAS, GALLERY)
        self.distances = self._trained(rng) if trained else rng.random((PROBES, GALLERY), dtype=np.float32)

    def _trained(self, rng: np.random.Generator) -> np.ndarray:
        centres = rng.standard_normal((IDENTITIES + GALLERY - MATCHES, 64), dtype=np.float32)
        vectors = [centres[ids] + rng.standard_normal((len(ids), 64), dtype=np.float32) for ids in (self.probes, self.gallery)]
        probes, gallery = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in vectors)
        return -probes @ gallery.T  # 1 - cosine would round to many ties, whose order is undefined in fast-reid

    def ours(self) -> Retrieval:
        return retrieval(self.distances, self.probes, self.gallery, *self.cameras)

    def ours_of_first(self) -> float:
        return retrieval(self.distances[:FIRST], self.probes[:FIRST], self.gallery).mean_ap or 0.0

    def fast_reid(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return __import__("rank_cy").evaluate_cy(self.distances, self.probes, self.gallery, *self.cameras, 50)

    def torchmetrics(self) -> float:
        from torchmetrics.ranking import RetrievalMAP

        metric, scores = (
            RetrievalMAP(),
            torch.from_numpy(2 - self.distances[:FIRST]),
        )  # positive, since it counts only positive scores as matches
        target = torch.from_numpy(self.probes[:FIRST, None] == self.gallery)
        metric.update(scores.flatten(), target.flatten(), torch.arange(FIRST).repeat_interleave(GALLERY))
        return float(metric.compute())

    def pytorch_metric_learning(self) -> float:
        from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

        def sort(query: Any, k: int, *_: Any) -> tuple[torch.Tensor, torch.Tensor]:
            del query
            return torch.from_numpy(self.distances[:FIRST]).topk(k, largest=False)

        metric = AccuracyCalculator(include=("mean_average_precision",), k=GALLERY, knn_func=sort, device=torch.device("cpu"))
        probes, gallery = (torch.from_numpy(ids) for ids in (self.probes[:FIRST], self.gallery))
        values = metric.get_accuracy(torch.zeros(FIRST, 1), probes, torch.zeros(GALLERY, 1), gallery, ref_includes_query=False)
        return float(values["mean_average_precision"])


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of `work`, and its result."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def memory_in_use(what: str) -> int:
    """Memory of this process in bytes: VmRSS (current) or VmHWM (peak)."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what)]
    return int(line.split()[1]) * 1024


def memory(work: Callable[[], Any]) -> float:
    """Peak memory of `work` beyond that in use before, in MB."""
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = memory_in_use("VmRSS")
    work()
    return (memory_in_use("VmHWM") - before) / 1e6


def compare(title: str, ours: Callable[[], Any], peers: dict[str, Callable[[], Any]], agree: Callable[[Any, Any], float]) -> None:
    """Time all in turns; print times, ratios, memory and the differences between results."""
    available: dict[str, Callable[[], Any]] = {}
    for name, work in peers.items():
        try:
            work()
            available[name] = work
        except ImportError as error:
            print(f"  {name} is not installed ({error}); see the docstring")
    ours()
    taken = [(seconds(ours), {name: seconds(work) for name, work in available.items()}) for _ in range(REPEATS)]
    print(f"{title}: ours {1000 * median(our_time for (our_time, _), _ in taken):.0f} ms, {memory(ours):.0f} MB more", flush=True)
    for name, work in available.items():
        ratios = [others[name][0] / our_time for (our_time, _), others in taken]
        spent = 1000 * median(others[name][0] for _, others in taken)
        difference = agree(taken[0][0][1], taken[0][1][name][1])
        span = f"×{median(ratios):.0f} ({min(ratios):.0f}–{max(ratios):.0f})"
        print(f"  {name}: {spent:.0f} ms, {span}, {memory(work):.0f} MB more; difference {difference:.0e}", flush=True)


def rules(market: Market) -> None:
    """Print the metrics of the same distances under each rule, and by fast-reid."""
    _, ap, inp = market.fast_reid()
    print(f"rules on the same distances (fast-reid: mAP {ap.mean():.4f}, mINP {inp.mean():.4f}):")
    junk = tuple(range(IDENTITIES, IDENTITIES + 3819))
    variants = {
        "cameras ignored": (market.cameras, Rules("ignore")),
        "cameras kept": (market.cameras, Rules("keep")),
        "cameras unknown": ((None, None), Rules("none")),
        "3,819 rows junk": (market.cameras, Rules("ignore", junk=junk)),
    }
    for name, (cameras, chosen) in variants.items():
        result = retrieval(market.distances, market.probes, market.gallery, *cameras, chosen)
        print(f"  {name}: mAP {result.mean_ap:.4f}, mINP {result.minp:.4f}, rank-1 {result.cmc(1):.4f}, without match {result.unmatched}")
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
        compare(f"  mAP of {FIRST} probes, no cameras", market.ours_of_first, others, lambda a, b: abs(a - b))
    try:
        rules(markets["as trained"])
    except ImportError:
        print("fast-reid is not installed, so rules are not compared")


if __name__ == "__main__":
    with threadpool_limits(1):
        environment.print_environment()
        main()
