"""FACT: Zhou, Wang, Ye, Ma, Pu and Zhan (2022), "Forward Compatible Few-Shot Class-Incremental Learning", arXiv 2203.06953.

Base training reserves room with virtual prototypes; queries are compared with classes directly and through the virtual prototypes.
The settings are those published for CIFAR-100 (40 virtual prototypes for 40 classes to come). Departures: in the authors' code the
virtual weights share memory with the classifier's on one device and not after a move to another; here they are parameters of their own.
The terms of mixed inputs are averaged over all pairs of a batch, those of one class counting as 0, where the authors leave them out.
"""

from __future__ import annotations

from scratchlab.learn.incremental import Components
from scratchlab.learn.reservation import Beta, Count, Eta, Reserved, Serves, Top, Weight


class FACT(Reserved):
    """Virtual prototypes, then class means (or shots)."""

    def __init__(
        self,
        components: Components,
        *,
        virtual: Count = 40,
        weight: Weight = 0.01,
        beta: Beta = 0.5,
        serves: Serves = 3,
        eta: Eta = 0.1,
        top: Top = 40,
    ) -> None:
        super().__init__(components, virtual, weight, beta, serves, eta, top)
