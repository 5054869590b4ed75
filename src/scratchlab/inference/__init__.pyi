from .loading import load as load
from .steps import EmbeddingStream as EmbeddingStream
