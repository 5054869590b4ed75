"""Papers: text of PDFs by page and paragraph, photographed and scanned pages by OCR, each piece with its page or region."""
