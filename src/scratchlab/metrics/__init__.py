"""Metrics of predictions, scores and distances, with confidence intervals.

>>> from scratchlab import metrics
>>> metrics.retrieval([[0.1, 0.2, 0.3]], ["ann"], ["bob", "ann", "ann"]).mean_ap  # distances [probes, gallery]
0.5833333333333333
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
