"""The desk in the morning: what happened since yesterday, what lies open, and what to do next, each with its line."""
