"""The sources of events: one file per source, one line in the catalogue."""
