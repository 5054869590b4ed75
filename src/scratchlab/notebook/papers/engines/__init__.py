"""What reads writing in pictures: one file an engine, one line in the catalogue."""
