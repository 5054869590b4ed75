"""FACT: Zhou, Wang, Ye, Ma, Pu and Zhan (2022), "Forward Compatible Few-Shot Class-Incremental Learning", arXiv 2203.06953.

1. Base training (section 4.1, eqs. 4-7). Beside one learned row a class stand V virtual prototypes, rows of no class. Cross-entropy comes
   with weight · (reserve + forecast): once its true class is left out, an input should fall to a virtual prototype that may serve this
   class; and an input mixed half-way through the encoder from two of different classes should fall to any virtual prototype, and behind it
   to the real class it is most similar to. So the space between classes is kept for classes to come.
2. A new class is the mean of its shots (or the shots), by the frozen embedder.
3. An answer (section 4.3, eq. 8) is eta · softmax of the similarities query → virtual → class, over the `top` virtual prototypes nearest
   to the query, plus (1 - eta) · softmax of the scaled similarities query → class; here as a logarithm.

The settings are those published for CIFAR-100 (40 virtual prototypes for 40 classes to come). Departures: in the authors' code the
virtual weights share memory with the classifier's on one device and not after a move to another; here they are parameters of their own.
The terms of mixed inputs are averaged over all pairs of a batch, those of one class counting as 0, where the authors leave them out.
"""

from __future__ import annotations

from scratchlab.learn.incremental import Components
from scratchlab.learn.losses.virtual import Beta, Count, Eta, Serves, Top, Weight
from scratchlab.learn.virtual_prototypes import WithVirtualPrototypes


class FACT(WithVirtualPrototypes):
    """Virtual prototypes beside the class rows in training, and between queries and classes afterwards."""

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
        super().__init__(components, "fact", virtual=virtual, weight=weight, beta=beta, serves=serves, eta=eta, top=top)
