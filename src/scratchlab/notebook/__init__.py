"""The lab notebook: what happened, what is running, what is unfinished, and the line that proves it."""
