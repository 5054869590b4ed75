"""Papers: PDFs by page and paragraph, photographed and scanned pages through OCR, each piece with the page or region it stands in."""
