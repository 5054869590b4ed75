"""OCR engines: one file per engine, one line in the catalogue."""
