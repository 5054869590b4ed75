"""Dates as people write them in notes, and stretches of time as people ask for them, in English, Chinese and Korean."""
