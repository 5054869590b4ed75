"""FACT: Zhou, Wang, Ye, Ma, Pu and Zhan (2022), "Forward Compatible Few-Shot Class-Incremental Learning", arXiv 2203.06953.

Base training reserves room with virtual prototypes; queries are compared with classes directly and through the virtual prototypes.
The settings are those published for CIFAR-100 (40 virtual prototypes for 40 classes to come). A departure: in the authors' code the
virtual weights share memory with the classifier's on one device and not after a move to another; here they are parameters of their own.
"""

from __future__ import annotations

from scratchlab.learn.incremental import Kit
from scratchlab.learn.reservation import Beta, Count, Eta, Forbidden, Reserved, Top, Weight


class FACT(Reserved):
    """Virtual prototypes, then class means (or shots)."""

    def __init__(
        self,
        kit: Kit,
        *,
        virtual: Count = 40,
        weight: Weight = 0.01,
        beta: Beta = 0.5,
        forbidden: Forbidden = 3,
        eta: Eta = 0.1,
        top: Top = 40,
    ) -> None:
        super().__init__(kit, virtual, weight, beta, forbidden, eta, top)
