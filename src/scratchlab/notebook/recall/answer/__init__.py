"""Answers phrased by a language model; code checks each sentence against the lines it cites."""
