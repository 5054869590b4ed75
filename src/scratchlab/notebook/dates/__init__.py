"""Dates as written in notes, and time expressions as used in questions, in English, Chinese and Korean."""
