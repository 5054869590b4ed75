"""Where events come from: one file a source, one line in the catalogue."""
