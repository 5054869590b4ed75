"""The index: one SQLite table of events from notes, runs, logs, jobs and files; derived data, rebuilt by `scratchlab index`."""
