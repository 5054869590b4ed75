"""The daily summary (`scratchlab start`): what happened since the last visit, open items, and next steps, each with its source line."""
