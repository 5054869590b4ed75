"""A lab bench and a lab notebook for embeddings trained where supervision is scarce, shifting or wrong."""

__version__ = "0.2.0"
