"""Question answering by retrieval: filter by date, then rank by words and meaning; if nothing answers, say so."""
