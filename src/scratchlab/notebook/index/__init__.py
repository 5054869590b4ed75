"""One table of events on one time line, made of notes, runs, logs, jobs and files; derived data, made anew by one command."""
