"""FACT: Zhou, Wang, Ye, Ma, Pu and Zhan (2022), "Forward Compatible Few-Shot Class-Incremental Learning", arXiv 2203.06953.

1. Base training (section 4.1, eqs. 4-7). In addition to the class weights, V virtual prototypes are learned, which belong to no class. The
   loss is cross-entropy + weight · (reserve + forecast). Reserve: without its true class, an input should be classified as a virtual
   prototype assigned to this class. Forecast: an input mixed half-way through the encoder from two inputs of different classes should be
   classified as any virtual prototype, and without that one, as its most similar real class. This reserves space between classes for
   future classes.
2. A new class is represented by the mean of its shots (or the shots), with the frozen embedder.
3. Scores (section 4.3, eq. 8): eta · softmax of the similarities query → virtual → class, over the `top` virtual prototypes nearest to the
   query, plus (1 - eta) · softmax of the similarities query → class, times the temperature; here as a logarithm.

The default settings are those published for CIFAR-100 (40 virtual prototypes for 40 future classes). Departures: in the authors' code, the
virtual prototypes share memory with the classifier's weights on one device, but not after moving to another; here they are separate
parameters. The loss of mixed inputs is averaged over all pairs of a batch, with pairs of the same class counting as 0; the authors average
only over the others.
"""

from __future__ import annotations

from scratchlab.learn.virtual_prototypes import VirtualPrototypes


class FACT(VirtualPrototypes):
    """Virtual prototypes in addition to class weights in training, and as intermediate step between queries and classes in scoring.

    Built around an encoder; given to `scratchlab.run`, it learns and scores queries, `[n, classes]` for each head.

    >>> from scratchlab.models.encoders.conv4 import Conv4
    >>> FACT(Conv4(), virtual=10).groups  # of parameters, for training={"rates": ...}
    ('body', 'readout', 'virtual')
    """
