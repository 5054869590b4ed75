"""Trained models at work: on streams of sound, outside of a run.

>>> import torch
>>> import scratchlab as sl
>>> stream = sl.inference.EmbeddingStream(sl.frontends.SpeechMel(loudest="running"), sl.models.SpeechEmbedding())
>>> stream.push(torch.randn(16_000)).shape  # half a second of silence, then a second of sound: steps [steps, 96]
torch.Size([9, 96])
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
