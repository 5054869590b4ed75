from .steps import EmbeddingStream as EmbeddingStream
