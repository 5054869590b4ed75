"""Evidence put into words by a model, each sentence checked by code against the lines it cites."""
